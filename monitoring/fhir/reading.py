"""
FHIR R4 resources in a file -> facts, and what is none. Every resource, and every component of a panel, is one row read.

Accepts one resource, a Bundle of any type, an array, and newline-delimited JSON. Of several versions of a resource in
one file the latest is told last, wherever it stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from monitoring.csv_columns import COLUMNS
from monitoring.decoding import decode, kept, kept_bytes, unsound
from monitoring.fhir import conditions, medications, observations, people
from monitoring.fhir.directory import Directory
from monitoring.fhir.nodes import children, identifier, text
from monitoring.fhir.outcomes import Aside, Outcome, Row, Surroundings
from monitoring.fhir.reports import opened
from monitoring.fhir.resources import Found, NotFhirError, resources
from monitoring.fhir.versions import in_order_of_versions, oldest_first
from monitoring.fhir.vocabulary import Vocabulary, vocabulary
from monitoring.raw_files import RawFile
from monitoring.refused import Refused, refused_file
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import Taken, sift_all

log = logging.getLogger(__name__)

RESOURCE = "resource"
SINCE = "since"  # a cell beside the contract: when a stay began, so that the newest is told last
READERS: Mapping[str, Callable[[Found, Surroundings], list[Outcome]]] = {
    "Patient": people.patient,
    "Condition": conditions.condition,
    "Encounter": people.encounter,
    "MedicationAdministration": medications.administration,
    "Procedure": medications.procedure,
    "Observation": observations.observation,
}
KINDS = ("patients", "treatments", "labs", "findings", "identifiers", "merges")

OTHER = "Resources of the type {} are not followed here."
MODIFIED = "The resource carries an extension that may change its meaning and is not known here."
ENCODING = "The resource holds signs that are no text."
BY_ID = "%s: %d patients carry a medical record number other than their id; they are known here by the id"


@dataclass(frozen=True)
class _File:
    """The file's text, with what is needed to quote it."""

    name: str
    text: str
    encoding: str

    def origin(self, found: Found) -> str:
        return f"{self.name}:{found.place}"

    def raw(self, found: Found) -> str:
        return kept(self.text[slice(*found.raw)], self.encoding)


def read_fhir(raw: RawFile, at: Circumstances) -> Taken:
    """Never raises for anything a file may hold."""
    decoded = decode(raw.content, at.encoding)
    file = _File(raw.name, "".join(decoded.lines), decoded.encoding)
    try:
        found = in_order_of_versions(opened(resources(file.text)))
    except NotFhirError as error:
        return Taken(refused=[refused_file(raw.name, str(error), kept_bytes(raw.content, at.encoding))])
    near = Surroundings(Directory.of(found, at.identifier_system, at.source), at.catalog, vocabulary(), at.own)
    if not at.identifier_system:
        _tell_of_record_numbers(file, found)
    read = [(one, _outcomes(one, near)) for one in found]
    anew = [conditions.restated(one, outcomes, file.origin(one)) for one, outcomes in read if outcomes]
    told = [(one, _sound(people.signed(one, outcome, near))) for one, outcomes in read for outcome in outcomes]
    refused = [_aside(file, one, outcome) for one, outcome in told if isinstance(outcome, Aside)]
    taken = sift_all((_rows(file, kind, told) for kind in KINDS), at, refused)
    return replace(taken, restated=tuple(filter(None, anew)))


def _outcomes(found: Found, near: Surroundings) -> list[Outcome]:
    if found.searched and near.words.means("resources", "beside", found.kind):
        return []  # told for what refers to it, or by the server of the search itself: no fact of its own
    if found.fault:
        return [Aside(found.reason, found.fault)]
    if not _understood(found, near.words):
        return [Aside("unknown_modifier", MODIFIED, found.kind, near.directory.patient(found.node)[0])]
    if near.words.means("resources", "orders", found.kind):
        return medications.order(found, near)
    reader = READERS.get(found.kind)
    return reader(found, near) if reader else [Aside("not_followed", OTHER.format(found.kind[:40]), found.kind)]


def _sound(outcome: Outcome) -> Outcome:
    """A row whose cells are text; escapes in JSON can say what is none. What a code is called is only shown."""
    if isinstance(outcome, Row) and any(unsound(told) for name, told in outcome.cells.items() if name != "name"):
        return Aside("bad_encoding", ENCODING)
    return outcome


def _understood(found: Found, words: Vocabulary) -> bool:
    """FHIR asks not to use a resource with a modifier extension that one does not know."""
    told = children(found.node, "modifierExtension")
    return all(words.means("resources", "harmless_modifiers", text(one, "url")) for one in told)


def _aside(file: _File, found: Found, aside: Aside) -> Refused:
    sentence, patient, code = map(_printable, (aside.sentence, aside.patient_id, aside.code))
    return Refused(RESOURCE, file.origin(found), aside.reason, sentence, file.raw(found), patient, code)


def _printable(told: str) -> str:
    """As a store can hold it; the original stands beside it."""
    return told.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")


def _rows(file: _File, kind: str, told: list[tuple[Found, Outcome]]) -> Rows:
    chosen = [(one, row.cells) for one, row in told if isinstance(row, Row) and row.kind == kind]
    chosen = [chosen[place] for place in oldest_first([cells.get(SINCE, "") for _, cells in chosen])]
    names = dict.fromkeys((*COLUMNS.get(kind, ()), *(name for _, cells in chosen for name in cells)))
    columns = {name: [cells.get(name, "") for _, cells in chosen] for name in names}
    origins = [file.origin(one) for one, _ in chosen]
    return Rows(kind, columns, origins, lambda place: file.raw(chosen[place][0]))


def _tell_of_record_numbers(file: _File, found: list[Found]) -> None:
    people = [one for one in found if one.kind == "Patient" and identifier(one.node) not in ("", one.id)]
    if people:
        log.info(BY_ID, file.name, len(people))
