"""The panel of any values beside a loop over grid, analyte and value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.exports.panel import panel
from monitoring.exports.wanted import Wanted

BEGAN = datetime(2026, 3, 1, 6, tzinfo=UTC)
WANTED = Wanted(BEGAN)
VALUES = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2", "Ä3"]), st.sampled_from(["ferritin", "crp"]), st.integers(0, 300),
        st.sampled_from([1.0, 2.5, 40_000.0]), st.sampled_from(["", ">"]), st.booleans(),
    ), max_size=12,
)  # fmt: skip
COLUMNS = ["patient_id", "analyte", "collected_at", "value", "comparator", "usable"]


def points(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """In the order of an export without names: not that of the identifiers, and by time in each; every 10 minutes."""
    told = [(who, what, BEGAN + timedelta(minutes=10 * at), *rest) for who, what, at, *rest in rows]
    ordered = sorted(told, key=lambda row: ([-ord(sign) for sign in row[0]], row[2]))
    frame = pd.DataFrame(ordered, columns=COLUMNS)
    kinds = dict.fromkeys(("patient_id", "analyte", "comparator"), "str") | {"value": float, "usable": bool}
    return frame.astype(kinds | {"collected_at": "datetime64[us, UTC]"})


def last(frame: pd.DataFrame, patient: str, analyte: str, at: pd.Timestamp, carry: float) -> tuple[Any, ...] | None:
    """Value, sign, age and whether it is usable, of the last one that is carried to a point; of one draw the last."""
    own = frame[frame["patient_id"].eq(patient) & frame["analyte"].eq(analyte) & frame["collected_at"].le(at)]
    own = own[own["collected_at"].ge(at - pd.Timedelta(hours=carry))]
    if own.empty:
        return None
    row = own.iloc[-1]
    return row["value"], row["comparator"], round((at - row["collected_at"]) / pd.Timedelta(hours=1), 2), row["usable"]


@given(rows=VALUES, every=st.sampled_from([1.0, 6.0, 12.0]), carry=st.sampled_from([1.0, 3.5, 24.0]))
def test_at_each_point_stands_the_last_value_that_is_not_too_old(
    rows: list[tuple[Any, ...]], every: float, carry: float
) -> None:
    frame = points(rows)
    told = panel(frame, pd.Series(dtype="datetime64[us, UTC]"), WANTED, (every, carry))
    assert (
        told[["patient_id", "at"]].to_numpy().tolist()
        == told[["patient_id", "at"]].sort_values(["patient_id", "at"]).to_numpy().tolist()
    )
    assert set(told["patient_id"]) == set(frame["patient_id"])
    for analyte in frame["analyte"].unique():
        ends = ("", "_comparator", "_age_hours", "_usable")
        for row in told[["patient_id", "at", *(analyte + end for end in ends)]].itertuples(index=False):
            wanted = last(frame, row[0], analyte, row[1], carry)
            assert row[2:] == wanted if wanted else all(pd.isna(cell) for cell in row[2:])


def test_a_value_is_carried_to_the_minute_of_its_limit() -> None:
    rows = [("P1", "crp", 0, 5.0, "", True), ("P1", "ferritin", 72, 900.0, "", True)]  # 72 times ten minutes: 12 h
    told = panel(points(rows), pd.Series(dtype="datetime64[us, UTC]"), WANTED, (12.0, 12.0))
    assert told["crp_age_hours"].tolist() == [0, 12]
    shorter = panel(points(rows), pd.Series(dtype="datetime64[us, UTC]"), WANTED, (12.0, 11.99))
    assert shorter["crp"].isna().tolist() == [False, True]


@pytest.mark.parametrize("names", [["P1"], []])
def test_who_has_no_hour_0_is_in_no_panel_that_is_aligned(names: list[str]) -> None:
    rows = [("P1", "crp", 0, 5.0, "", True), ("P2", "crp", 60, 7.0, "", True)]
    zero = pd.Series([pd.Timestamp(BEGAN)] * len(names), index=names, dtype="datetime64[us, UTC]")
    told = panel(points(rows), zero, Wanted(BEGAN, align="steroid"), (12.0, 24.0))
    assert told["patient_id"].unique().tolist() == names
