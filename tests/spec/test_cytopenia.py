"""Two or three lines of blood cells low by HLH-2004, each by its newest value, carried forward for 36 h at most."""

from __future__ import annotations

import pytest

from tests.spec.drawing import at, drawn, flag, flags_of, foreseen, judged
from tests.spec.living import lived, story

LOW = "cytopenia"
HEAD = "hour | hemoglobin | platelets | neutrophils | given\n"
ROWS = [
    ("0 | 89 | 99 | 5 |", True), ("0 | 90 | 99 | 5 |", False), ("0 | 89 | 100 | 5 |", False),
    ("0 | 89 | 150 | 0.99 |", True), ("0 | 89 | 150 | 1.0 |", False), ("0 | 120 | 99 | 0.99 |", True),
    ("0 | 89 | 150 | 5 |", False), ("0 | 89 | - | - |", False), ("0 | 89 | <100 | 5 |", True),
    ("0 | 89 | >60 | 5 |", False),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _all_rows_in_one_go() -> None:
    foreseen((HEAD + row for row, _ in ROWS), as_of=0)


def low(row: str, **body: object) -> bool:
    return LOW in flags_of(judged(HEAD + row, as_of=0, **body))


@pytest.mark.parametrize(("row", "raised"), ROWS)
def test_two_lines_below_the_limits_of_hlh_2004(row: str, raised: bool) -> None:
    assert low(row) == raised


@pytest.mark.parametrize(("born", "raised"), [("2026-02-03", True), ("2026-02-01", False), ("", False)])
def test_under_four_weeks_of_age_the_haemoglobin_limit_is_100(born: str, raised: bool) -> None:
    # drawn on 2 March: 27 days after 3 February, 29 after the 1st
    assert low("0 | 99 | 90 | 5 |", birth_date=born) == raised


@pytest.mark.parametrize(("hour", "raised"), [("36", True), ("36:01", False)])
def test_a_count_is_carried_forward_for_36_hours(hour: str, raised: bool) -> None:
    course = HEAD + f"0 | - | 60 | - |\n{hour} | 80 | - | - |"
    assert (LOW in flags_of(judged(course, as_of=37))) == raised


def test_the_sentence_names_the_lines_with_their_values() -> None:
    row = flag(judged(HEAD + "0 | 82 | 45 | 0.7 |", as_of=0), LOW)
    assert row["sentence"] == "Haemoglobin 82, platelets 45, neutrophils 0.7 low"
    values = {entry["analyte"]: entry["value"] for entry in row["evidence"] if "analyte" in entry}
    assert values == {"hemoglobin": 82.0, "platelets": 45.0, "neutrophils": 0.7}
    limits = [entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"]
    assert limits == [90.0, 100.0, 1.0]
    assert row["severity"] == "watch"


@pytest.mark.parametrize(
    ("later", "sentence"),
    [
        ("96 | 105 | 5", "Haemoglobin 82, platelets 45 low (24 h before the newest)"),
        ("96 | - | 5", "Haemoglobin 82 (24 h before the newest), platelets 45 low"),
    ],
)
def test_newer_values_that_are_not_low_and_not_recovered_are_said_to_be_there(later: str, sentence: str) -> None:
    # recovered is above 90 * 1.1 = 99 and 100 * 1.1 = 110
    row = flag(judged(HEAD + f"0 | 82 | 45 | 5 |\n24 | {later} |", as_of=24), LOW)
    assert row["sentence"] == sentence
    assert 24.0 in [entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"]


def test_a_value_just_below_its_limit_does_not_read_like_the_limit() -> None:
    assert (
        flag(judged(HEAD + "0 | 82 | 150 | 0.99 |", as_of=0), LOW)["sentence"] == "Haemoglobin 82, neutrophils 0.99 low"
    )


def test_the_limit_of_a_newborn_is_the_one_told() -> None:
    row = flag(judged(HEAD + "0 | 99 | 90 | 5 |", as_of=0, birth_date="2026-02-20"), LOW)
    assert [entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"] == [100.0, 100.0]


@pytest.mark.parametrize(("platelets", "cleared"), [(110, False), (111, True)])
def test_it_clears_when_a_line_is_ten_percent_above_its_limit(platelets: int, cleared: bool) -> None:
    row = flag(judged(HEAD + f"0 | 80 | 60 | 5 |\n12 | 80 | {platelets} | 5 |", as_of=12), LOW)
    assert (row["state"] == "cleared") == cleared


def test_missing_counts_do_not_clear_it() -> None:
    assert LOW in flags_of(judged(HEAD + "0 | 80 | 60 | 5 |\n48 | 82 | - | - |", as_of=200))


def test_a_transfused_count_does_not_clear_it() -> None:
    course = HEAD + "0 | 80 | 60 | 5 |\n6 | - | - | - | platelets_product 1 unit\n12 | 82 | 130 | 5 |"
    assert LOW in flags_of(judged(course, as_of=12))


def test_what_the_marrow_suffers_from_is_named() -> None:
    course = HEAD + "0 | - | - | - | etoposide 150 mg/m2\n120 | 85 | 60 | 0.4 |"
    row = flag(judged(course, as_of=120), LOW)
    assert {entry["product"] for entry in row["confounders"]} == {"etoposide"}
    assert not any(entry["left_out"] for entry in row["confounders"])


def test_one_draw_is_judged_as_a_whole() -> None:
    # haemoglobin recovers as the neutrophils fall: two lines are low before and after
    course = HEAD + "0 | 80 | 60 | 5 |\n12 | 110 | 60 | 0.5 |"
    row = flag(judged(course, as_of=12), LOW)
    assert (row["state"], row["began_at"]) == ("active", at(0))
    assert row["sentence"] == "Platelets 60, neutrophils 0.5 low"


def test_it_is_raised_when_the_second_line_is_known() -> None:
    course = "hour | received | hemoglobin | platelets\n0 | 1 | 80 | -\n2 | 5 | - | 60"
    assert LOW not in flags_of(judged(course, as_of="4:59"))
    row = flag(judged(course, as_of=5), LOW)
    assert (row["began_at"], row["raised_at"]) == (at(2), at(5))


def test_it_is_retracted_when_a_count_is_corrected() -> None:
    course = drawn(
        """
        hour | received | version | status    | hemoglobin | platelets
           0 |        1 |       1 | final     | 80         | 60
           0 |        9 |       2 | corrected | -          | 160
        """
    )
    history = lived(course, 2, 10)
    assert story(history, LOW) == ["raised", "retracted"]
    assert "160" in history.iloc[-1]["reason"]
