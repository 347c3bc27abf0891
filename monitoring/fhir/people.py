"""Patient and Encounter -> patients rows: who it is, where they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitoring.csv_columns import AUTHORITY
from monitoring.fhir.nodes import Node, child, children, codes, text, wording
from monitoring.fhir.outcomes import Aside, Outcome, Row, Surroundings
from monitoring.fhir.resources import Found

BORN = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")
WARD, BED = "wa", "bd"

NAMELESS = "The patient has no id."
MERGED = "This patient was merged into another, and nothing here says into which."
OTHER_STAY = "Only stays in the hospital are followed, not visits, plans or past movements within a stay."


def patient(found: Found, near: Surroundings) -> list[Outcome]:
    """A death is not kept: it has no column."""
    node = found.node
    if not found.id:
        return [Aside("no_patient", NAMELESS)]
    number, authority = near.directory.record(found)
    known = {"patient_id": number, AUTHORITY: authority}
    other = {"alias": found.id, "alias_authority": near.directory.ids}
    told: list[Outcome] = [Row("identifiers", known | other)] if near.directory.system else []
    told += _merges(found, near)
    if _linked(node, "replaced-by"):
        return told
    born = text(node, "birthDate")
    cells = {"birth_date": born if BORN.fullmatch(born) else "", "sex": text(node, "gender")}
    return [*told, Row("patients", cells | known)]


def signed(found: Found, outcome: Outcome, near: Surroundings) -> Outcome:
    """With the authority over the number that the patient is told by, where it has one."""
    if not isinstance(outcome, Row) or found.kind == "Patient":
        return outcome
    authority = near.directory.subject(found.node).authority
    return Row(outcome.kind, {**outcome.cells, AUTHORITY: authority}) if authority else outcome


def encounter(found: Found, near: Surroundings) -> list[Outcome]:
    """The end of a stay in one department is no discharge: only the stay as a whole tells both ends."""
    node, words = found.node, near.words
    person, fault = near.directory.patient(node)
    here, gone = (words.means("encounter", name, text(node, "status")) for name in ("here", "left"))
    part = bool(child(node, "partOf"))
    inpatient = words.means("encounter", "inpatient", text(child(node, "class"), "code"))
    if not inpatient or not (here or (gone and not part)):
        return [Aside("not_followed", OTHER_STAY, "Encounter", person)]
    if fault:
        return [Aside("no_patient", fault)]
    period = child(node, "period")
    whole = {} if part else {"admitted_at": text(period, "start")}
    where = _places(node, near) if here else {"discharged_at": text(period, "end")}
    return [Row("patients", {"patient_id": person, "since": text(period, "start")} | whole | where)]


def _merges(found: Found, near: Surroundings) -> Iterator[Outcome]:
    """Records of the server that were joined with this one."""
    here = (found.id, near.directory.ids)
    for kind in ("replaced-by", "replaces"):
        for one in _linked(found.node, kind):
            told = near.directory.referred(one)
            if told.fault:
                yield Aside("merged", MERGED, "Patient", found.id)
                continue
            other = (told.number, told.authority)
            (number, whose), (into, its) = (here, other) if kind == "replaced-by" else (other, here)
            cells = {"patient_id": number, AUTHORITY: whose, "into": into, "into_authority": its}
            yield Row("merges", cells | {"reason": f"Patient.link {kind}"})


def _linked(node: Node, kind: str) -> list[Node]:
    return [child(one, "other") for one in children(node, "link") if text(one, "type") == kind]


def _places(node: Node, near: Surroundings) -> dict[str, str]:
    """Ward and bed where the patient lies now; a place of unsaid kind is the ward."""
    places: dict[str, str] = {}
    for one in children(node, "location"):
        if text(one, "status") not in ("", "active"):
            continue
        place = near.directory.resolved(node, child(one, "location"))
        kinds = codes(child(one, "physicalType")) or codes(child(place, "physicalType")) or [WARD]
        name = text(place, "name") or text(child(one, "location"), "display") or wording(child(place, "type"))
        places |= {column: name for kind, column in ((WARD, "ward"), (BED, "bed")) if kind in kinds and name}
    return places
