"""A trend flag can be worked again: its sentence from the values in its evidence, its company marker by marker."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from monitoring.analysis.points import noise
from tests.spec.change_points import Course, expected
from tests.spec.drawing import catalog, flag, judged

RISING = """
    hour | ferritin | ldh | ast | crp | platelets
       0 | 5000     | 310 | 60  | 90  | 210
      12 | 5200     | 300 | 64  |     | 205
      24 | 4900     | 320 | 59  | 95  |
      36 | 7100     | 350 | 70  | 130 | 190
      48 | 9900     | 410 | 88  | 170 | 171
"""
FALLING = """
    hour | fibrinogen | platelets | d_dimer_feu
       0 | 4.6        | 210       | 900
      12 | 4.5        | 205       |
      24 | 4.0        | 182       | 1500
      36 | 3.4        | 150       | 2700
"""
CONCENTRATE = """
    hour | fibrinogen | platelets | given
       0 | 4.0        | 210       |
      12 | 4.0        | 205       |
      13 |            |           | fibrinogen_concentrate 4 g
      24 | 3.9        | 170       |
      36 | 3.5        | 131       |
      48 | 3.0        | 110       |
"""
COUNTS = """
    hour | platelets | ferritin | ldh
       0 | 300       | 3000     | 400
      12 | 290       | 3900     | 450
      24 | 240       | 5600     | 520
      36 | 190       | 8100     | 640
"""
SLOW = "hour | ferritin\n" + "\n".join(f"{12 * k} | {5000 * 1.07**k:.0f}" for k in range(9))
DRAWN = {
    "ferritin with all its company": ("ferritin_rising", RISING, 48),
    "fibrinogen with its company": ("fibrinogen_falling", FALLING, 36),
    "fibrinogen under concentrate": ("fibrinogen_falling", CONCENTRATE, 48),
    "platelets with their company": ("platelets_falling", COUNTS, 36),
    "ferritin alone": ("ferritin_rising", "hour | ferritin\n0 | 1000\n12 | 3000", 12),
    "a slow rise": ("ferritin_rising", SLOW, 96),
}


def rows(row: pd.Series, *roles: str) -> list[dict[str, Any]]:
    return [entry for entry in row["evidence"] if entry["role"] in roles]


def sums(row: pd.Series) -> dict[str, float]:
    return {entry["name"]: entry["value"] for entry in rows(row, "calculation")}


def line(row: pd.Series) -> tuple[float, float, float]:
    """From the values alone: slope per hour, hours since the turn, and the squared hours about their mean."""
    told = rows(row, "level", "window", "newest")
    moments = [datetime.fromisoformat(entry["collected_at"]) for entry in told]
    hours = [(moment - moments[0]).total_seconds() / 3600 for moment in moments]
    turn = max([hour for hour, entry in zip(hours, told, strict=True) if entry["role"] == "level"], default=0.0)
    since = [max(0.0, hour - turn) for hour in hours]
    logs = [math.log(entry.get("own_value", entry["value"])) for entry in told]
    mean = sum(since) / len(since)
    spread = sum((x - mean) ** 2 for x in since)
    return sum((x - mean) * y for x, y in zip(since, logs, strict=True)) / spread, since[-1], spread


@pytest.mark.parametrize(("code", "table", "hour"), DRAWN.values(), ids=list(DRAWN))
def test_the_sentence_follows_from_the_values_in_the_evidence(code: str, table: str, hour: float) -> None:
    row = flag(judged(table, as_of=hour), code)
    slope, span, _ = line(row)
    said = [int(number) for number in re.findall(r"\d+", row["sentence"])]
    if "%" in row["sentence"]:
        assert said == [round(abs(100 * math.expm1(slope * span))), round(span)]
    else:
        assert said == [round(math.log(2) / abs(slope))]


@pytest.mark.parametrize(("code", "table", "hour"), DRAWN.values(), ids=list(DRAWN))
def test_every_sum_of_the_line_follows_from_the_values_in_the_evidence(code: str, table: str, hour: float) -> None:
    row = flag(judged(table, as_of=hour), code)
    slope, span, spread = line(row)
    told = sums(row)
    assert told["hours since the turn"] == pytest.approx(span)
    assert told["change since the turn"] == pytest.approx(100 * math.expm1(slope * span), rel=1e-3)
    assert told["change per 24 h"] == pytest.approx(100 * math.expm1(slope * 24), rel=1e-3)
    assert told["z"] == pytest.approx(slope * math.sqrt(spread) / told["noise of one value"], rel=1e-3)


def test_the_noise_of_a_value_under_concentrate_says_that_recovery_differs() -> None:
    # own part 3.0 - 0.7060 = 2.294; of what was added 35 % (one standard deviation) is not known
    row = flag(judged(CONCENTRATE, as_of=48), "fibrinogen_falling")
    newest = rows(row, "newest")[0]
    sigma, added = noise(catalog().analytes["fibrinogen"].variation), newest["added_by_products"]
    by_hand = math.sqrt((sigma * newest["value"]) ** 2 + (0.35 * added) ** 2) / newest["own_value"]
    assert sums(row)["noise of one value"] == pytest.approx(by_hand, abs=1e-4)
    how = next(entry["how"] for entry in row["evidence"] if entry.get("name") == "noise of one value")
    assert "added" in how


def test_values_that_count_by_their_own_part_are_not_called_left_out() -> None:
    row = flag(judged(CONCENTRATE, as_of=48), "fibrinogen_falling")
    assert [(entry["product"], entry["left_out"]) for entry in row["confounders"]] == [
        ("fibrinogen_concentrate", False)
    ]


def test_values_lifted_by_a_product_of_unknown_strength_are_called_left_out() -> None:
    table = """
        hour | platelets | given
           0 | 200       |
          12 | 200       |
          13 |           | platelets_product
          24 | 230       |
          62 | 100       |
    """
    row = flag(judged(table, as_of=62), "platelets_falling")
    assert [entry["value"] for entry in rows(row, "level", "window", "newest")] == [200.0, 200.0, 100.0]
    assert [(entry["product"], entry["left_out"]) for entry in row["confounders"]] == [("platelets_product", True)]


ALONE = "the first, from the values of this series alone"


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def course(table: str) -> Course:
    """The table as hours, values and the noise of each test."""
    names, *lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    known = catalog().analytes
    return {
        name: [(float(cells[0]), float(cells[k]), noise(known[name].variation)) for cells in lines if cells[k]]
        for k, name in enumerate(names)
        if name in known
    }


@pytest.mark.parametrize(
    ("code", "analyte", "table", "hour"),
    [("ferritin_rising", "ferritin", RISING, 48), ("fibrinogen_falling", "fibrinogen", FALLING, 36),
     ("platelets_falling", "platelets", COUNTS, 36)],
)  # fmt: skip
def test_the_probability_and_what_each_marker_adds_are_those_of_the_reference(
    code: str, analyte: str, table: str, hour: float
) -> None:
    told = sums(flag(judged(table, as_of=hour), code))
    numbers = course(table)
    whole = expected(numbers, analyte, code)
    assert [value for name, value in told.items() if name.startswith("probability")] == pytest.approx(
        whole[:2], abs=6e-5
    )
    assert told[ALONE] == pytest.approx(whole[2], abs=6e-5)
    free = expected(numbers, analyte, code, most=math.inf)
    for name in set(numbers) - {analyte}:
        others = {other: values for other, values in numbers.items() if other != name}
        without = expected(others, analyte, code, most=math.inf)
        added = told[f"{catalog().analytes[name].label} adds"]
        assert added == pytest.approx(log_odds(free[0]) - log_odds(without[0]), abs=2e-4)


def test_what_the_company_adds_together_is_bounded_and_told() -> None:
    # 0.49 alone, 0.88 with them: 4.5 to 1 (1.5 log odds) is all they may add, which makes 0.81
    table = "hour | ferritin | ldh | ast\n0 | 5000 | 300 | 60\n12 | 5600 | 330 | 70\n24 | 6600 | 370 | 85"
    told = sums(flag(judged(table, as_of=24), "ferritin_rising"))
    most = catalog().rules["ferritin_rising"].parameters["company_most_log_odds"]
    assert told["these markers together add"] == pytest.approx(most, abs=1e-3)
    first, alone = told["probability that it rises faster than 6 % in 24 h"], told[ALONE]
    assert log_odds(first) - log_odds(alone) == pytest.approx(most, abs=2e-3)
    assert told["LDH adds"] > 0


STEROID = """
    hour | ferritin | ldh | given
       0 | 5000     | 300 |
      12 | 5600     | 330 |
      14 |          |     | methylprednisolone 1000 mg
      24 | 7300     | 370 |
"""


def test_what_a_steroid_begun_adds_is_told_with_its_hours() -> None:
    row = flag(judged(STEROID, as_of=24), "ferritin_rising")
    drawn = [line.rsplit("|", 1)[0] for line in STEROID.strip().splitlines() if "methyl" not in line]
    told, plain = sums(row), course("\n".join(drawn))
    assert told["hours since a high-dose steroid was begun"] == 10
    adds = catalog().rules["ferritin_rising"].parameters["after_steroid_log_odds"]
    assert told["that it was begun adds"] == adds
    whole = expected(plain, "ferritin", "ferritin_rising")
    first = told["probability that it rises faster than 6 % in 24 h"]
    assert log_odds(first) == pytest.approx(log_odds(whole[0]) + adds, abs=2e-3)
    together = log_odds(whole[0]) - log_odds(whole[2])
    assert told["these markers together add"] == pytest.approx(together, abs=2e-3)


def test_no_steroid_begun_is_not_told() -> None:
    assert not [name for name in sums(flag(judged(RISING, as_of=48), "ferritin_rising")) if "begun" in name]


def test_a_rule_that_bounds_nothing_tells_no_bound() -> None:
    assert "these markers together add" not in sums(flag(judged(COUNTS, as_of=36), "platelets_falling"))


def test_without_values_of_its_company_nothing_is_added() -> None:
    told = sums(flag(judged("hour | ferritin\n0 | 1000\n12 | 1700", as_of=12), "ferritin_rising"))
    adds = {name: value for name, value in told.items() if name.endswith(" adds")}
    assert list(adds) == [
        f"{catalog().analytes[name].label} adds" for name in catalog().rules["ferritin_rising"].parameters["company"]
    ]
    assert set(adds.values()) == {0.0}
    first, _, alone = (v for name, v in told.items() if name.startswith(("probability", "the first")))
    assert first == alone


def test_a_marker_never_measured_adds_nothing_while_the_others_do() -> None:
    told = sums(flag(judged(RISING, as_of=48), "ferritin_rising"))
    assert told["ALT adds"] == 0.0
    assert told["LDH adds"] > 0


def test_the_values_of_the_company_stand_in_the_evidence() -> None:
    row = flag(judged(COUNTS, as_of=36), "platelets_falling")
    found = {(entry["analyte"], entry["value"]) for entry in rows(row, "company")}
    assert {("ferritin", 8100.0), ("ferritin", 5600.0), ("ldh", 640.0), ("ldh", 520.0)} <= found
    assert not rows(flag(judged(SLOW, as_of=96), "ferritin_rising"), "company")
