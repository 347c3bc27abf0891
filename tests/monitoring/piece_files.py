"""Files of a few rows that meet whatever a long one may hold, and whether two wards hold the same of them."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as some

from storage import queries
from tests.monitoring.intake_fixture import Site

HEADER = "patient_id,analyte,value,unit,collected_at,resulted_at,source_id,comment"
AT = "2026-01-{:02d}T06:00:00+01:00"
Told = tuple[str, str, str, int, int, str]
ROWS = some.tuples(
    some.sampled_from(["MAS0001", " MAS0001", "MAS0002", "MAS0003", "MAS0004", "zoé", ""]),
    some.sampled_from(["Ferritin", "Fibrinogen", "Gluon"]),
    some.sampled_from(["700", "0,5", "<5", "800", "n/a", ""]),
    some.integers(1, 3),
    some.integers(0, 2),
    some.sampled_from(["", "R1", "R2", '"R\n3"']),
)
FILES = some.lists(some.lists(ROWS, min_size=1, max_size=12), min_size=1, max_size=2)


def a_file(rows: list[Told], *, more: str = "") -> str:
    lines = [
        f"{who};{what};{value};{'ng/mL' if what == 'Ferritin' else 'g/L'};{AT.format(day)};"
        f"{AT.format(day + later) if later else ''};{name};"
        for who, what, value, day, later, name in rows
    ]
    return "\n".join([HEADER.replace(",", ";"), *lines, ""]) + more


def everything(ward: Site) -> list[pd.DataFrame]:
    aside = queries.set_aside(ward.store)
    order = ["patient_id", "collected_at", "ref", "version"]
    return [
        ward.labs().sort_values(order, ignore_index=True),
        aside.sort_values([*aside.columns], ignore_index=True),
        queries.patients(ward.store, as_of=ward.now),
    ]


def alike(ward: Site, other: Site) -> None:
    for mine, its in zip(everything(ward), everything(other), strict=True):
        pd.testing.assert_frame_equal(mine, its)
