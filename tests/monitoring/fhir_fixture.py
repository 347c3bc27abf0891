"""Resources as a hospital's server would write them; every field may be replaced, and None leaves it out."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.fhir.reading import read_fhir
from monitoring.raw_files import RawFile
from monitoring.sieve import Circumstances
from monitoring.sifting import Taken
from tests.monitoring.intake_fixture import NOW, catalog

Node = dict[str, Any]
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
FERRITIN = {"coding": [{"system": LOINC, "code": "2276-4"}]}


@cache
def at() -> Circumstances:
    return Circumstances(catalog(), ZoneInfo("Europe/Berlin"), NOW, "lis")


def read(*nodes: Any, name: str = "page.json") -> Taken:
    """One resource as it is, several as an array."""
    return read_text(json.dumps(nodes[0] if len(nodes) == 1 else list(nodes)), name)


def read_text(content: str | bytes, name: str = "page.json") -> Taken:
    return read_fhir(RawFile(name, content.encode() if isinstance(content, str) else content), at())


def without_none(node: Node) -> Node:
    return {name: told for name, told in node.items() if told is not None}


def quantity(value: float | str | None = 812, code: str = "ng/mL", **more: Any) -> Node:
    return without_none({"value": value, "unit": code, "system": UCUM, "code": code} | more)


def observation(name: str = "obs-1", **fields: Any) -> Node:
    """A ferritin of 812 ng/mL drawn at 06:10 in Berlin."""
    plain = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": FERRITIN,
        "subject": {"reference": "Patient/lena"},
        "effectiveDateTime": "2026-01-20T06:10:00+01:00",
        "valueQuantity": quantity(),
    }
    return without_none(plain | fields)


def administration(name: str = "dose-1", **fields: Any) -> Node:
    """Anakinra, 100 mg under the skin, at 08:00 in Berlin."""
    plain = {
        "resourceType": "MedicationAdministration",
        "id": name,
        "status": "completed",
        "medicationCodeableConcept": {"text": "anakinra"},
        "subject": {"reference": "Patient/lena"},
        "effectiveDateTime": "2026-01-20T08:00:00+01:00",
        "dosage": {"dose": {"value": 100, "unit": "mg", "system": UCUM, "code": "mg"}, "route": {"text": "sc"}},
    }
    return without_none(plain | fields)


def bundle(*nodes: Node, kind: str = "searchset", **first: Any) -> Node:
    """`first`: fields of every entry beside its resource."""
    return {"resourceType": "Bundle", "type": kind, "entry": [first | {"resource": node} for node in nodes]}


def only(taken: Taken, frame: str = "observations") -> Node:
    """The one fact that was told, when nothing was set aside."""
    assert [one.sentence for one in taken.refused] == []
    (row,) = taken.facts[frame].to_dict("records")
    return {str(name): told for name, told in row.items()}


def reasons(taken: Taken) -> list[str]:
    return [one.reason for one in taken.refused]
