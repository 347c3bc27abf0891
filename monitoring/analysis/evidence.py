"""What evidence is made of: values as they were reported, sums by name, and the products that touched the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from monitoring.analysis.written import rounded
from monitoring.terms import Catalog

Row = dict[str, Any]
SHOWN = ["analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "ref", "version"]


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """By what `key` says of each, in the order of the rows."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def shown(role: str, point: Row) -> Row:
    return {"role": role} | {name: point[name] for name in SHOWN}


def calculation(name: str, value: float, unit: str, how: str) -> Row:
    return {"role": "calculation", "name": name, "value": rounded(value, 4), "unit": unit, "how": how}


def confounders(points: list[Row], *, used: bool = False) -> list[Row]:
    """Each product that touched the values, once; `used`: they count in spite of it."""
    moved = {p["confounded_by"]: p for p in reversed(points) if p["confounded_by"]}
    return [
        {
            "product": code,
            "why": p["confounded_why"],
            "left_out": not p["usable"] and not used,
            "at": p["collected_at"],
        }
        for code, p in moved.items()
    ]


def number(point: Row, catalog: Catalog) -> str:
    """>40,000: the value as its analyte is read aloud, with its comparator."""
    return f"{point['comparator']}{point['value']:,.{catalog.analytes[point['analyte']].decimals}f}"


def running(label: str) -> str:
    """A label inside a sentence: Platelets becomes small, AST stays."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
