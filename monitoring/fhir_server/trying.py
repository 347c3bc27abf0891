"""A first look at a FHIR server for whoever sets it up: what it is, whom it has, what is newest. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from monitoring.deletions import KINDS
from monitoring.fhir.reading import read_fhir
from monitoring.fhir_server.asking import Asking, Patience
from monitoring.fhir_server.capabilities import Offered, offered
from monitoring.fhir_server.choosing import chosen
from monitoring.fhir_server.searches import CATEGORIES, CHANGED, FOLLOWED, IDS_AT_ONCE
from monitoring.fhir_server.troubles import RefusedError
from monitoring.raw_files import RawFile
from monitoring.sentences import counted
from monitoring.settings import SourceSettings
from monitoring.sieve import Circumstances, OwnName
from monitoring.sifting import Taken
from monitoring.terms import Catalog

UTC = ZoneInfo("UTC")
PATIENCE = Patience(attempts=2, asked_seconds=5)
LOOKED_AT = 50
NAMED = 8
BULK = "What is new comes by a bulk export {}; none was begun for this look."


def try_server(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName]) -> list[str]:
    """Sentences in the order in which a poll would ask. Raises MaswatchError."""
    with Asking(told, now, PATIENCE) as asking:
        found = offered(asking)
        said = [f"{found.words} answers at {told.url}.", *_warnings(told), *_missing(found)]
        if told.bulk:
            return [*said, BULK.format(f"of the group {told.group}" if told.group else "of everybody")]
        said += [*_dated(found), *_kept(found)]
        patients = chosen(asking, found, now)
        said.append(_counted(asking, patients))
        at = Circumstances(catalog, UTC, now, told.name, identifier_system=told.identifier_system, own=own)
        return said + list(_newest(asking, found, patients, at))


def _warnings(told: SourceSettings) -> Iterator[str]:
    if told.url.startswith("http://") and (told.user or told.token or told.client_id):
        yield "The address has no https: whoever listens on the way can read what is sent."


def _missing(found: Offered) -> Iterator[str]:
    kinds = [one.kind for one in FOLLOWED if not found.has(one.kind)]
    if kinds:
        yield f"The server does not offer {', '.join(kinds)}; nothing of that kind comes from there."


def _kept(found: Offered) -> Iterator[str]:
    kinds = [kind for kind in KINDS if found.has(kind) and kind not in found.histories]
    if kinds:
        yield f"What is deleted there of {', '.join(kinds)} stays here: the server offers no history of the type."


def _dated(found: Offered) -> Iterator[str]:
    kinds = [one.kind for one in FOLLOWED if found.has(one.kind) and not found.by(one.kind, CHANGED)]
    if kinds:
        yield f"Without {CHANGED} it is asked by clinical time for {', '.join(kinds)}: late corrections come later."


def _counted(asking: Asking, patients: list[str] | None) -> str:
    if patients is not None:
        return f"{counted(len(patients), 'patient is', 'patients are')} followed there."
    try:
        total = asking.search("Patient", {"_summary": "count"}).node.get("total")
    except RefusedError as error:
        return str(error)
    if not isinstance(total, int):
        return "All patients are followed."
    return f"{counted(total, 'patient is there and', 'patients are there, and all are')} followed."


def _newest(asking: Asking, found: Offered, patients: list[str] | None, at: Circumstances) -> Iterator[str]:
    """The latest results as they would be read."""
    if patients == []:
        return
    params = {"_count": str(LOOKED_AT), "_sort": f"-{CHANGED if found.by('Observation', CHANGED) else 'date'}"}
    params |= {"category": CATEGORIES} if found.by("Observation", "category") else {}
    params |= {"patient": ",".join(patients[:IDS_AT_ONCE])} if patients else {}
    answer = asking.search("Observation", params)
    taken = read_fhir(RawFile("a first look", answer.content), at)
    labs = taken.facts.get("observations", pd.DataFrame({"collected_at": [], "analyte": []}))
    if labs.empty:
        yield "None of its latest results could be read." if _results(answer.node) else "No result is there yet."
    else:
        kinds = ", ".join(sorted(labs["analyte"].unique())[:NAMED])
        at_last = f"{labs['collected_at'].max():%Y-%m-%d %H:%M} UTC"
        yield f"The newest of {counted(len(labs), 'result')} read was collected {at_last}: {kinds}."
    yield from _unread(taken)


def _results(node: dict[str, object]) -> bool:
    return bool(node.get("entry"))


def _unread(taken: Taken) -> Iterator[str]:
    """Codes that nobody has mapped, by how often they came; and what else was set aside."""
    codes = pd.Series(
        [one.code for one in taken.refused if one.reason == "unknown_analyte"], dtype="str"
    ).value_counts()
    if len(codes):
        named = ", ".join(f"{str(code)[:60]} ({count})" for code, count in codes.head(NAMED).items())
        yield f"Codes that are not in the catalog: {named}."
    others = pd.Series(
        [one.reason for one in taken.refused if one.reason != "unknown_analyte"], dtype="str"
    ).value_counts()
    if len(others):
        yield f"Set aside would be: {', '.join(f'{count} {reason}' for reason, count in others.items())}."
