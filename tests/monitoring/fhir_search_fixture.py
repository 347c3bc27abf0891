"""What a search of the FHIR server of the tests finds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Resource = dict[str, Any]
TIMES = {
    "Observation": {"date": ("effectiveDateTime",)},
    "MedicationAdministration": {"effective-time": ("effectiveDateTime",)},
    "Procedure": {"date": ("performedDateTime",)},
    "MedicationRequest": {"authoredon": ("authoredOn",)},
    "Encounter": {"date": ("period", "end")},
}


def matches(one: Resource, name: str, told: str) -> bool:
    """Whether a search by this parameter finds it."""
    if name in ("_count", "_sort", "moved"):
        return True
    if name == "_lastUpdated":
        return moment_of(one["meta"]["lastUpdated"]) >= moment_of(told.removeprefix("ge"))
    fields = TIMES.get(one["resourceType"], {}).get(name)
    if fields:
        value: Any = one
        for step in fields:
            value = value.get(step) if isinstance(value, dict) else None
        open_end = one["resourceType"] == "Encounter" and value is None
        return open_end or (value is not None and moment_of(value) >= moment_of(told.removeprefix("ge")))
    return bool(_tokens(one, name) & set(told.split(",")))


def _tokens(one: Resource, name: str) -> set[str]:
    """What a search for a word by this parameter finds."""
    if name == "_id":
        return {one["id"]}
    if name in ("patient", "location", "organization"):
        return {reference.rpartition("/")[2] for reference in _references(one, name)}
    if name == "identifier":
        return {f"{each['system']}|{each['value']}" for each in one.get("identifier", [])}
    concepts = one.get(name, [])
    told = concepts if isinstance(concepts, list) else [concepts]
    codings = [coding for concept in told for coding in concept.get("coding", [])]
    return {coding["code"] for coding in codings} | {f"{coding.get('system')}|{coding['code']}" for coding in codings}


def _references(one: Resource, name: str) -> list[str]:
    if name == "patient":
        return [one.get("subject", {}).get("reference", "")]
    if name == "location":
        return [each["location"]["reference"] for each in one.get("location", [])]
    return [one.get("managingOrganization", {}).get("reference", "")]


def moment_of(told: str) -> datetime:
    return datetime.fromisoformat(told)
