"""What a page refers to and does not hold: patients nobody has met yet, and what its results are read by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitoring.fhir.nodes import text
from monitoring.fhir_server.asking import Asking
from monitoring.fhir_server.capabilities import Offered
from monitoring.fhir_server.links import named
from monitoring.fhir_server.pages import Page
from monitoring.fhir_server.searches import IDS_AT_ONCE, parts
from monitoring.fhir_server.troubles import RefusedError
from monitoring.fhir_server.walking import all_pages

BESIDE = ("Specimen", "Medication", "Location")  # a result, a dose and a stay are read by these
PATIENT = "Patient"
MOST = 200  # of conditions on a page


@dataclass
class Referring:
    """`refused` notes what kinds the server would not give."""

    asking: Asking
    offered: Offered
    refused: dict[str, str]

    def people(self, page: Page, met: Iterable[str]) -> list[str]:
        """Names such as "Patient/1", of those the page refers to and nobody has met."""
        return [name for name in self._missing(page, PATIENT) if name not in set(met)]

    def patients(self, names: list[str], *, conditions: bool) -> Iterator[Page]:
        """Who they are and, where asked for, what they have."""
        ids = [name.partition("/")[2] for name in names]
        yield from self._by(PATIENT, "_id", ids)
        if conditions:
            yield from self._by("Condition", "patient", ids)

    def beside(self, page: Page) -> Iterator[bytes]:
        """The server's own answers that hold what the page's resources are read by."""
        for kind in BESIDE:
            ids = [name.partition("/")[2] for name in self._missing(page, kind)]
            yield from (found.answer.content for found in self._by(kind, "_id", ids))

    def _missing(self, page: Page, kind: str) -> list[str]:
        here = {f"{text(one, 'resourceType')}/{text(one, 'id')}" for one in page.resources}
        names = {named(reference) for reference in page.references} - here
        return sorted(name for name in names if name.startswith(f"{kind}/"))

    def _by(self, kind: str, param: str, ids: list[str]) -> Iterator[Page]:
        """Nothing where the server does not give them to us: what refers to them counts without."""
        if not ids or kind in self.refused or not self.offered.has(kind):
            return
        try:
            for some in parts(ids, IDS_AT_ONCE):
                found = all_pages(self.asking, kind, {param: ",".join(some), "_count": str(MOST)})
                yield from (page for page in found if page.resources)
        except RefusedError as error:
            if error.status >= 500 or error.status == 429:
                raise
            self.refused[kind] = str(error)
