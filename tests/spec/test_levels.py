"""Ferritin above 10,000, fibrinogen below 1.5 and 1.0 g/L: the limits themselves, bounds, and what clears them."""

from __future__ import annotations

import pytest

from tests.spec.drawing import flag, flags_of, foreseen, judged

FERRITIN, FIBRINOGEN = "hour | ferritin\n0 | ", "hour | fibrinogen\n0 | "
EXTREME = [
    ("10000", False), ("10001", True), (">10000", True), (">=10000", False), (">9000", False), ("<20000", False),
]  # fmt: skip
LOW = [
    ("1.5", None), ("1.49", "watch"), ("1.0", "watch"), ("0.99", "urgent"), ("<1.5", "watch"), ("<1.0", "urgent"),
    ("<1.6", None), (">0.5", None),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _all_single_values_in_one_go() -> None:
    foreseen([FERRITIN + value for value, _ in EXTREME] + [FIBRINOGEN + value for value, _ in LOW], as_of=0)


@pytest.mark.parametrize(("value", "raised"), EXTREME)
def test_ferritin_is_extreme_above_10000(value: str, raised: bool) -> None:
    assert ("ferritin_extreme" in flags_of(judged(FERRITIN + value, as_of=0))) == raised


@pytest.mark.parametrize(("value", "severity"), LOW)
def test_fibrinogen_is_low_below_1_5_and_urgent_below_1(value: str, severity: str | None) -> None:
    assert flags_of(judged(FIBRINOGEN + value, as_of=0)).get("fibrinogen_low") == severity


@pytest.mark.parametrize(("value", "holds"), [("7000", True), ("6999", False), ("<7000", True)])
def test_ferritin_is_extreme_until_a_number_below_7000(value: str, holds: bool) -> None:
    # over ten days: slower than the half-life, so that nothing is doubted
    course = f"hour | ferritin\n0 | 10500\n240 | {value}"
    assert ("ferritin_extreme" in flags_of(judged(course, as_of=240))) == holds


@pytest.mark.parametrize(("value", "holds"), [("1.8", True), ("1.81", False), (">1.9", True)])
def test_fibrinogen_is_low_until_a_number_above_1_8(value: str, holds: bool) -> None:
    course = f"hour | fibrinogen\n0 | 1.2\n48 | {value}"
    assert ("fibrinogen_low" in flags_of(judged(course, as_of=48))) == holds


LATER = [
    ("60 | 1.7 | ", "Fibrinogen 1.20 g/L (12 h before the newest)", [12.0]),
    ("48:20 | 1.7 | ", "Fibrinogen 1.20 g/L (0.3 h before the newest)", [0.3]),  # twenty minutes
    ("60 | | 800", "Fibrinogen 1.20 g/L", []),  # another marker is no newer fibrinogen
]


@pytest.mark.parametrize(("row", "sentence", "hours"), LATER)
def test_a_value_that_is_not_the_newest_is_told_with_how_much_later_the_newest_is(
    row: str, sentence: str, hours: list[float]
) -> None:
    low = flag(judged(f"hour | fibrinogen | crp\n0 | 3 |\n48 | 1.2 |\n{row}", as_of=60), "fibrinogen_low")
    assert low["sentence"] == sentence
    assert [one["value"] for one in low["evidence"] if "drawn later" in one.get("name", "")] == hours
    assert [one["value"] for one in low["evidence"] if one["role"] == "newest"] == [1.2]


def test_platelets_that_halve_in_a_day_are_falling() -> None:
    assert "platelets_falling" in flags_of(judged("hour | platelets\n0 | 160\n24 | 80", as_of=24))
    assert "platelets_falling" not in flags_of(judged("hour | platelets\n0 | 160\n24 | 150", as_of=24))
