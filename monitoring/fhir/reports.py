"""
A DiagnosticReport that carries its results inside it: each is told as the Observation that it is.

It has no life of its own, so who it is about, when it was drawn and which version it is are the report's where it does
not say so itself; and a report that is taken back takes back what it contains, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from monitoring.fhir.nodes import Node, children, text
from monitoring.fhir.resources import Found
from monitoring.lab_meanings import WITHDRAWN

REPORT, RESULT = "DiagnosticReport", "Observation"
# What a result inside says by the report around it: the first group by the first of it that is told.
OF_THE_REPORT = (
    ("subject",),
    ("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    ("issued",),
)


def opened(found: Iterable[Found]) -> list[Found]:
    """The same, with a report that holds results replaced by these, in their order. One that holds none stays."""
    return [one for each in found for one in (_results(each) or [each])]


def _results(found: Found) -> list[Found]:
    if found.kind != REPORT or found.fault:
        return []
    inside = [one for one in children(found.node, "contained") if text(one, "resourceType") == RESULT]
    return [replace(found, node=_result(one, found), full_url="") for one in inside]


def _result(inside: Node, report: Found) -> Node:
    """By an id that no other resource has; references into the report still find what they mean there."""
    around = report.node
    own = f"{REPORT}/{report.id}#{text(inside, 'id')}" if report.id and text(inside, "id") else ""
    told: Node = {**inside, **dict(_given(inside, around)), "id": own, "contained": around.get("contained")}
    told["modifierExtension"] = [*children(around, "modifierExtension"), *children(inside, "modifierExtension")]
    if text(around, "status").casefold() in WITHDRAWN:
        told["status"] = around["status"]
    return told


def _given(inside: Node, around: Node) -> Iterator[tuple[str, Any]]:
    """What it leaves to the report."""
    for names in OF_THE_REPORT:
        if not any(name in inside for name in names):
            yield from ((name, around[name]) for name in names if name in around)
    if "meta" in around:
        yield "meta", around["meta"]
    specimens = children(around, "specimen")
    if "specimen" not in inside and len(specimens) == 1:
        yield "specimen", specimens[0]
