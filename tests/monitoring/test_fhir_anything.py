"""Whatever a resource holds: no exception, and it ends as facts or set aside."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.refused import set_aside_frame
from monitoring.sifting import Taken
from tests.monitoring.fhir_fixture import FERRITIN, Node, administration, bundle, observation, quantity, read_text

PANEL = observation(
    "panel",
    valueQuantity=None,
    component=[{"code": FERRITIN, "valueQuantity": quantity(5)}, {"code": {"text": "Hb"}, "valueString": "7 g/dl"}],
    specimen={"reference": "#s"},
    contained=[{"resourceType": "Specimen", "id": "s", "collection": {"collectedDateTime": "2026-01-20"}}],
    referenceRange=[{"low": {"value": 1}, "type": {"coding": [{"code": "normal"}]}}],
    meta={"versionId": "3", "lastUpdated": "2026-01-20T06:10:00Z"},
)
PERSON = {"resourceType": "Patient", "id": "lena", "identifier": [{"value": "7"}], "link": [{"type": "seealso"}]}
STAY = {
    "resourceType": "Encounter",
    "status": "in-progress",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/lena"},
    "period": {"start": "2026-01-18T10:00:00+01:00"},
    "location": [{"location": {"display": "K3"}}],
}
DIAGNOSIS = {
    "resourceType": "Condition",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "55464009"}]},
    "subject": {"reference": "Patient/lena"},
}
WHOLE = bundle(observation(meta={"versionId": "2"}), PANEL, administration(), PERSON, STAY, DIAGNOSIS)

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["", "#", "#s", "Patient/", "urn:uuid:", "Patient?x", "\ud800", "\x00", "9" * 400, "2026-13-45T99:99", []]
    ),
    st.sampled_from(
        [{}, [[]], [None], [{}], {"coding": [{"system": "http://loinc.org", "code": "777-3"}]}, {"value": {}}]
    ),
)
NAMES = st.sampled_from(
    ["valueQuantity", "valueString", "status", "code", "subject", "id", "meta", "resourceType", "value"]
)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every field and element: what holds it, and under which name or number."""
    for name in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, name
        if isinstance(node[name], dict | list):
            yield from places(node[name])


@st.composite
def mutated(draw: st.DrawFn) -> Node:
    page = copy.deepcopy(WHOLE)
    entries = page["entry"]
    for _ in range(draw(st.integers(1, 4))):
        told = [place for entry in entries for place in places(entry["resource"])]
        holder, name = told[draw(st.integers(0, len(told) - 1))]
        if isinstance(holder, dict) and draw(st.booleans()):
            holder[draw(NAMES)] = draw(ODD)
        elif draw(st.booleans()):
            holder[name] = draw(ODD)
        else:
            del holder[name]
    return page


def ended(taken: Taken) -> int:
    set_aside_frame(taken.refused, "lis").to_json()  # as the store will want it
    return len(taken.refused) + sum(len(frame) for frame in taken.facts.values())


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_bundle_with_anything_in_it_loses_no_resource(page: Node) -> None:
    alone = json.dumps(page)
    lines = "\n".join(json.dumps(entry["resource"]) for entry in page["entry"])
    for text in (alone, lines):
        assert ended(read_text(text)) >= len(page["entry"])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.data())
def test_a_file_with_any_bytes_changed_ends_somewhere(data: st.DataObject) -> None:
    content = bytearray(json.dumps(WHOLE if data.draw(st.booleans()) else PANEL).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert ended(read_text(bytes(content[: data.draw(st.integers(1, len(content)))]))) >= 1
