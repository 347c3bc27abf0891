"""
Condition -> what the patient suffers from (patients rows) and organs that are said to be enlarged (findings rows).

Both are known by the resource's id. A finding is "yes" while the condition is there, "no" once it is resolved, and
taken back where a later version no longer says either, or means another diagnosis; a context is told while the
condition is there, and taken back where a later version does not tell it. What is coded as neither is set aside. One
entered in error may have lost its code or its patient: it takes back what was said under its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitoring.fhir.nodes import Node, child, children, codes, identifier, text
from monitoring.fhir.outcomes import Aside, Outcome, Row, Surroundings
from monitoring.fhir.resources import Found
from monitoring.fhir.versions import is_first, is_later
from monitoring.fhir.vocabulary import Diagnosis
from monitoring.intake_patients import TOLD_BY
from monitoring.sifting import Restated

OTHER_DIAGNOSIS = "This diagnosis is none of the contexts and findings that are told apart here."
NOT_SURE = "The diagnosis is not confirmed, or no longer present."
TAKEN_BACK = "The diagnosis was entered in error."
WITHDRAWN = "entered-in-error"


def condition(found: Found, near: Surroundings) -> list[Outcome]:
    node = found.node
    person, fault = near.directory.patient(node)
    told = _told(child(node, "code"), near)
    context = next((name for name, meant in near.words.contexts.items() if _means(meant, *told)), "")
    organs = [name for name, meant in near.words.findings.items() if _means(meant, *told)]
    if WITHDRAWN in _certainty(node) and found.id and (fault or not (organs or context)):
        return [Aside("deleted", TAKEN_BACK, "Condition", person)]  # what it said before is found by its id
    if not context and not organs:
        return [Aside("not_followed", OTHER_DIAGNOSIS, "Condition", person)]
    if fault:
        return [Aside("no_patient", fault)]
    rows = [Row("findings", cells | {"patient_id": person}) for cells in _findings(found, organs, near)]
    if context and _holds(node, near):
        rows.append(Row("patients", {"patient_id": person, "context": context} | _versioned(found, TOLD_BY)))
    return list(rows) or [Aside("not_followed", NOT_SURE, f"Condition {context or organs[0]}", person)]


def restated(found: Found, outcomes: Iterable[Outcome], origin: str) -> Restated | None:
    """What a version that is not the first still says under its id; None where it could not be read for sure."""
    told = list(outcomes)
    unread = any(isinstance(one, Aside) and one.reason != "not_followed" for one in told)
    if found.kind != "Condition" or found.fault or not found.id or is_first(found) or unread:
        return None
    rows = [one for one in told if isinstance(one, Row)]
    still = frozenset(one.cells["finding"] for one in rows if one.kind == "findings")
    contexts = frozenset(one.cells["context"] for one in rows if one.kind == "patients")
    return Restated(found.id, still, contexts, text(child(found.node, "meta"), "lastUpdated"), origin)


def _findings(found: Found, organs: list[str], near: Surroundings) -> Iterator[dict[str, str]]:
    node = found.node
    sure, now = _certainty(node), codes(child(node, "clinicalStatus"))
    there, gone = _holds(node, near), _all(near, "condition", "resolved", now) and bool(now)
    status = "" if _all(near, "condition", "holds", sure) and (there or gone) else WITHDRAWN
    if status and WITHDRAWN not in sure and not is_later(found):
        return  # it was never said to be there
    for organ in organs:
        yield {
            "finding": organ,
            "value": "no" if gone else "yes",
            "observed_at": _at(node, "abatement") if gone else _at(node, "onset", text(node, "recordedDate")),
            "status": status,
        } | _versioned(found, "source_id")


def _versioned(found: Found, name: str) -> dict[str, str]:
    """In the cell `name` what the resource is called, and when this version was written."""
    node = found.node
    return {name: found.id or identifier(node), "told_at": text(child(node, "meta"), "lastUpdated")}


def _at(node: Node, name: str, recorded: str = "") -> str:
    """The first that has a time of day: when it began or ended, when it was written down, when it was last changed."""
    begun = text(child(node, f"{name}Period"), "end" if name == "abatement" else "start")
    told = [text(node, f"{name}DateTime"), begun, recorded, text(child(node, "meta"), "lastUpdated")]
    return next((one for one in told if "T" in one), next(filter(None, told), ""))


def _told(code: Node, near: Surroundings) -> tuple[list[str], list[str]]:
    """The SNOMED CT and the ICD-10 codes of what is not only suspected."""
    sure = {"coding": [one for one in children(code, "coding") if _certain(one, near)]}
    return near.words.coded(sure, "snomed"), near.words.coded(sure, "icd10")


def _means(meant: Diagnosis, snomed: list[str], icd10: list[str]) -> bool:
    return any(code in meant.snomed for code in snomed) or any(code.startswith(meant.icd10) for code in icd10)


def _certain(coding: Node, near: Surroundings) -> bool:
    told = [one for one in children(coding, "extension") if near.words.certainty in text(one, "url")]
    return all(near.words.means("condition", "certain", text(child(one, "valueCoding"), "code")) for one in told)


def _holds(node: Node, near: Surroundings) -> bool:
    now = codes(child(node, "clinicalStatus")) or [""]
    return _all(near, "condition", "holds", _certainty(node)) and _all(near, "condition", "present", now)


def _certainty(node: Node) -> list[str]:
    return codes(child(node, "verificationStatus")) or [""]


def _all(near: Surroundings, group: str, name: str, words: list[str]) -> bool:
    return all(near.words.means(group, name, word) for word in words)
