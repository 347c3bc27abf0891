"""Rows matched and series followed as plain arrays: what a loop over the rows would say."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.columns import Laid, framed, spans
from monitoring.analysis.earlier import highest_between, highest_so_far
from monitoring.analysis.matching import first_of_each, last_of_each, numbered, of_each, paired
from monitoring.analysis.remembering import of_catalog
from monitoring.terms import Catalog
from tests.spec.drawing import catalog

NAMES = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 2)), max_size=8)


def columns(rows: list[tuple[str, int]]) -> list[np.ndarray]:
    return [np.array([name for name, _ in rows], dtype=object), np.array([number for _, number in rows], dtype=int)]


@given(left=NAMES, right=NAMES)
def test_rows_are_paired_as_two_loops_would(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> None:
    wanted = [(one, two) for one, mine in enumerate(left) for two, theirs in enumerate(right) if mine == theirs]
    found = paired(columns(left), columns(right))
    assert list(zip(*(places.tolist() for places in found), strict=True)) == wanted


@given(rows=NAMES)
def test_the_first_and_the_last_of_each_are_found_in_their_order(rows: list[tuple[str, int]]) -> None:
    number = numbered(*columns(rows))
    assert first_of_each(number).tolist() == [place for place, row in enumerate(rows) if row not in rows[:place]]
    assert last_of_each(number).tolist() == [place for place, row in enumerate(rows) if row not in rows[place + 1 :]]


@given(keys=st.lists(st.sampled_from([*"ABCD", None]), max_size=6), known=st.sampled_from(["", "A", "BAC"]))
def test_each_row_has_what_is_told_of_its_key_and_nothing_where_nothing_is(keys: list[str | None], known: str) -> None:
    told = {name: pd.Timestamp(2026, 1, 1 + number, tz="UTC") for number, name in enumerate(known)}
    values = pd.Series(told, index=[*known], dtype="datetime64[us, UTC]")
    rows = pd.Series(keys, index=range(5, 5 + len(keys)), dtype="str")
    found = of_each(rows, values)
    assert found.dtype == values.dtype
    assert found.index.equals(rows.index)
    assert [None if pd.isna(at) else at for at in found] == [told.get(str(key)) for key in keys]


@given(series=st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=5), max_size=4))
def test_the_highest_so_far_begins_anew_with_every_series(series: list[list[float]]) -> None:
    wanted = [max(values[: place + 1]) for values in series for place in range(len(values))]
    numbers = np.repeat(np.arange(len(series)), [len(values) for values in series])
    assert highest_so_far(np.array([value for values in series for value in values]), numbers).tolist() == wanted


def test_points_are_laid_out_by_series() -> None:
    points = pd.DataFrame({"patient_id": list("AAAB"), "analyte": ["crp", "ldh", "ldh", "crp"], "series": [0, 1, 1, 2]})
    laid = Laid.of(points)
    assert laid.begins.tolist() == [0, 1, 3]
    assert laid.among(["crp"]).tolist() == [True, False, False, True]
    assert laid.each({"crp": 19.0}, np.nan)[[0, 3]].tolist() == [19.0, 19.0]
    row, at = laid.touched(np.array(["B", "A"], dtype=object), np.array(["crp", "ldh"], dtype=object))
    assert (row.tolist(), at.tolist()) == ([0, 1, 1], [3, 1, 2])
    assert laid.of_patients(np.array(["B"], dtype=object)).tolist() == [False, False, False, True]


def test_a_frame_without_rows_keeps_its_types() -> None:
    none = np.zeros(0, dtype=object)
    told = framed({"name": none, "at": np.zeros(0, dtype="datetime64[us]"), "hours": np.zeros(0)})
    assert [str(kind) for kind in told.dtypes] == ["str", "datetime64[us, UTC]", "float64"]


def test_hours_become_spans_and_missing_ones_none() -> None:
    assert spans([1.5, -1.0])[0] == np.timedelta64(90, "m")
    assert np.isnat(spans([np.nan])[0])


def test_what_follows_from_a_catalog_is_worked_out_once_and_forgotten_with_it() -> None:
    asked: list[str] = []

    @of_catalog
    def counted(one: Catalog) -> int:
        asked.append(one.version)
        return len(one.rules)

    other = replace(catalog(), rules={}, version="other")
    assert [counted(catalog()), counted(catalog()), counted(other), counted(other)] == [len(catalog().rules)] * 2 + [
        0
    ] * 2
    assert asked == [catalog().version, "other"]
    del other
    gc.collect()
    assert counted(replace(catalog(), rules={}, version="third")) == 0
    assert asked[-1] == "third"


@given(values=st.lists(st.integers(0, 5), min_size=1, max_size=40), drawn=st.data())
def test_the_highest_of_a_stretch_is_the_last_of_its_equals(values: list[int], drawn: st.DataObject) -> None:
    begin = [drawn.draw(st.integers(0, end)) for end in range(len(values) + 1)]
    wanted = [
        max(range(first, end), key=lambda place: (values[place], place), default=-1) for end, first in enumerate(begin)
    ]
    found = highest_between(np.array(values), np.array(begin), np.arange(len(values) + 1))
    assert found.tolist() == wanted
