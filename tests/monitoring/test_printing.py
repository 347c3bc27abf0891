"""What goes to stdout: JSON with null for what is missing and times in ward time, tables to read, CSV to load."""

import io
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from monitoring.printing import as_csv, as_json, as_list, as_table, plain, rows

BERLIN = ZoneInfo("Europe/Berlin")
SUMMER_NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


def frame() -> pd.DataFrame:
    times = pd.to_datetime(pd.Series([SUMMER_NOON, None]), utc=True)
    return pd.DataFrame({"patient_id": ["A", "B"], "value": [1.5, np.nan], "at": times, "version": [1, 2]})


def test_missing_numbers_and_times_are_null_and_times_are_ward_time() -> None:
    assert rows(frame(), BERLIN) == [
        {"patient_id": "A", "value": 1.5, "at": "2026-07-01T12:00:00+02:00", "version": 1},
        {"patient_id": "B", "value": None, "at": None, "version": 2},
    ]


@pytest.mark.parametrize(
    ("told", "printed"),
    [
        (np.float64("nan"), None), (float("inf"), None), (np.int64(3), 3), (np.bool_(True), True), (pd.NA, None),
        (pd.NaT, None), ({"a": [np.nan, np.float64(2)]}, {"a": [None, 2.0]}), (("x", None), ["x", None]),
        (np.array([1, 2]), [1, 2]), (pd.Timestamp(SUMMER_NOON), "2026-07-01T12:00:00+02:00"), ("ward", "ward"),
    ],
)  # fmt: skip
def test_values_of_every_kind_become_what_json_takes(told: object, printed: object) -> None:
    assert plain(told, BERLIN) == printed
    assert json.loads(as_json(plain(told, BERLIN))) == printed


def test_json_keeps_signs_of_the_field_readable() -> None:
    assert "µg/L" in as_json({"unit": "µg/L"})


def test_csv_holds_lists_as_json_and_a_header_even_without_rows() -> None:
    text = as_csv(
        [{"patient_id": "A", "drugs": ["anakinra", "ciclosporin"], "value": None}], ["patient_id", "drugs", "value"]
    )
    read = pd.read_csv(io.StringIO(text))
    assert json.loads(read["drugs"][0]) == ["anakinra", "ciclosporin"]
    assert pd.isna(read["value"][0])
    assert as_csv([], ["patient_id", "flag"]) == "patient_id,flag"


def test_csv_keeps_whole_numbers_whole_beside_missing_ones() -> None:
    assert as_csv([{"n": 3}, {"n": None}], ["n"]).splitlines() == ["n", "3", '""']


def test_a_table_stands_in_columns_with_numbers_to_the_right() -> None:
    text = as_table([{"patient": "A", "hours": 6.5}, {"patient": "Bea", "hours": None}], ["patient", "hours"])
    assert text.splitlines() == ["patient  hours", "-------  -----", "A          6.5", "Bea          —"]


def test_a_table_shows_times_to_the_minute_with_their_offset() -> None:
    assert "2026-07-01 12:00+02:00" in as_table(rows(frame(), BERLIN), ["at"])


def test_a_table_of_nothing_says_so() -> None:
    assert as_table([], ["patient"]) == "(none)"


def test_one_object_is_listed_a_key_a_line() -> None:
    assert as_list({"read": 3, "new": 0, "error": ""}).splitlines() == ["read   3", "new    0", "error  —"]
