"""
What of fibrinogen is the patient's own after concentrate of known dose and weight.

4 g in 70 kg are 57.14 mg/kg; 0.017 g/L per mg/kg (products.toml) make 0.9714 g/L, of which half is left after 76 h.
Recovery differs by 35 % (one standard deviation): that widens the noise of the own part.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from monitoring.analysis.assessment import Assessment
from tests.spec.drawing import at, catalog, flag, flags_of, judged

DOSE = "fibrinogen_concentrate 4 g"
RAISED = 4000 / 70 * 0.017
HALF_LIFE = 76.0


def table(*rows: str) -> str:
    return "\n".join(["hour | fibrinogen | given", *rows])


def after(*rows: str, as_of: float = 200, **body: Any) -> pd.DataFrame:
    """The fibrinogen of a course, by hour."""
    return fibrinogen(judged(table(*rows), as_of=as_of, **body))


def fibrinogen(assessment: Assessment) -> pd.DataFrame:
    points = assessment.points[assessment.points["analyte"] == "fibrinogen"]
    hours = (points["collected_at"] - pd.Timestamp(at(0))) / pd.Timedelta(hours=1)
    return points.set_index(hours.round(4).rename("hour_drawn"))


def test_the_strength_is_that_of_the_catalog() -> None:
    effect = catalog().products["fibrinogen_concentrate"].effects[0]
    assert (effect.raises_per_mg_kg, effect.half_life_hours, effect.differs) == (0.017, HALF_LIFE, 0.35)


@pytest.mark.parametrize(("hour", "left"), [(76, RAISED / 2), (152, RAISED / 4), (38, RAISED / math.sqrt(2))])
def test_four_grams_in_seventy_kilograms_raise_it_by_97_hundredths_and_half_is_left_after_76_hours(
    hour: int, left: float
) -> None:
    value: Any = after(f"0 | | {DOSE}", f"{hour} | 4.0 | ").loc[hour]
    assert pytest.approx(0.9714, abs=1e-4) == RAISED
    assert value["added"] == pytest.approx(left)
    assert math.exp(value["line_log"]) == pytest.approx(4.0 - left)


def test_what_a_child_gets_raises_it_by_the_dose_per_kilogram() -> None:
    # 1 g in 20 kg are 50 mg/kg: 0.85 g/L, half of it after 76 h
    value: Any = after("0 | | fibrinogen_concentrate 1 g", "76 | 3.0 | ", weight=20.0).loc[76]
    assert value["added"] == pytest.approx(0.425)
    same = after("0 | | fibrinogen_concentrate 50 mg/kg", "76 | 3.0 | ", weight=None).loc[76]
    assert same["added"] == pytest.approx(0.425)


def test_two_doses_add_up() -> None:
    value: Any = after(f"0 | | {DOSE}", f"76 | | {DOSE}", "152 | 4.0 | ").loc[152]
    assert value["added"] == pytest.approx(RAISED / 4 + RAISED / 2)


def test_edges_at_the_minute_of_the_dose() -> None:
    told = after("11:59 | 3.0 |", f"12 | | {DOSE}", "12 | 3.0 |", "12:01 | 3.9 |")
    added = told["added"].tolist()
    assert added[:2] == [0.0, 0.0]
    assert added[2] == pytest.approx(RAISED * 0.5 ** (1 / 60 / HALF_LIFE))


def test_uncertain_recovery_widens_the_noise_of_the_own_part() -> None:
    value: Any = after(f"0 | | {DOSE}", "76 | 3.0 | ").loc[76]
    added, own = RAISED / 2, 3.0 - RAISED / 2
    by_hand = math.sqrt((value["sigma"] * 3.0) ** 2 + (0.35 * added) ** 2) / own
    assert value["line_sigma"] == pytest.approx(by_hand)
    assert value["line_sigma"] > value["sigma"]


HIDDEN = ("0 | 4.0 |", "12 | 4.0 |", f"13 | | {DOSE}", "24 | 3.9 |", "36 | 3.5 |", "48 | 3.0 |", "60 | 2.6 |")


def test_a_fall_hidden_by_concentrate_is_flagged() -> None:
    # measured 4.0 -> 3.9 -> 3.5 -> 3.0; own 4.0 -> 3.02 -> 2.71 -> 2.29: consumed while it is replaced
    assert flags_of(judged(table(*HIDDEN[:6]), as_of=48))["fibrinogen_falling"] == "watch"
    untold = [row for row in HIDDEN[:4] if DOSE not in row]
    assert "fibrinogen_falling" not in flags_of(judged(table(*untold), as_of=24))


def test_it_is_still_drawn_as_moved_by_the_product() -> None:
    told = after(*HIDDEN)
    assert told["usable"].tolist() == [True, True, False, False, False, False]
    assert told["counts"].all()


def test_a_level_that_holds_after_concentrate_is_no_fall() -> None:
    # what is left of the dose wanes on a steady 3.0: 3.94, 3.85, 3.76, 3.68 measured
    waning = [f"{hour} | {3.0 + RAISED * 0.5 ** ((hour - 13) / HALF_LIFE):.2f} |" for hour in (16, 24, 36, 48)]
    course = table("0 | 3.0 |", "12 | 3.0 |", f"13 | | {DOSE}", *waning)
    assert "fibrinogen_falling" not in flags_of(judged(course, as_of=48))


@pytest.mark.parametrize(
    ("given", "weight"), [("fibrinogen_concentrate", 70.0), (DOSE, None), ("fibrinogen_concentrate 4 unit", 70.0)]
)
def test_a_dose_of_unknown_size_leaves_values_out_for_its_hours(given: str, weight: float | None) -> None:
    told = after(f"0 | | {given}", "24 | 3.9 |", "72 | 3.5 |", "72:01 | 3.5 |", weight=weight)
    assert told["counts"].tolist() == [False, False, True]
    assert told["added"].isna().tolist() == [True, True, False]


def test_one_dose_of_unknown_size_is_enough_to_leave_a_value_out() -> None:
    told = after(f"0 | | {DOSE}", "1 | | fibrinogen_concentrate", "24 | 4.5 |")
    assert told["counts"].tolist() == [False]


def test_plasma_leaves_a_value_out_within_its_hours_though_the_concentrate_is_known() -> None:
    told = after(f"0 | | {DOSE}", "1 | | plasma", "73 | 3.9 |", "73:01 | 3.9 |")
    assert told["counts"].tolist() == [False, True]


def test_where_most_of_a_value_is_concentrate_it_is_left_out() -> None:
    # one hour after the dose 0.9626 g/L of it are left: of 1.30 the own part is 0.34 (26 %), of 1.27 0.31 (24 %)
    share = catalog().settings["own_part_least_share"]
    assert share == 0.25
    enough = after(f"0 | | {DOSE}", "1 | 1.30 |").loc[1]
    little = after(f"0 | | {DOSE}", "1 | 1.27 |").loc[1]
    assert enough["counts"]
    assert not little["counts"]


def test_a_bound_counts_in_no_line_however_well_the_dose_is_known() -> None:
    assert after(f"0 | | {DOSE}", "24 | <0.6 |")["counts"].tolist() == [False]


def test_another_patients_dose_changes_nothing() -> None:
    from monitoring.analysis.assessment import assess
    from tests.spec.drawing import drawn, together

    ward = together(
        drawn(table("24 | 3.9 |"), patient="A"), drawn(table(f"0 | | {DOSE}", "24 | 3.9 |"), patient="B", weight=None)
    )
    points = assess(ward, catalog(), as_of=at(30)).points.set_index("patient_id")
    assert points["counts"].to_dict() == {"A": True, "B": False}
    assert points.loc["A", "added"] == 0.0


def evidence(row: pd.Series) -> tuple[list[dict[str, Any]], dict[str, float]]:
    values = [entry for entry in row["evidence"] if "analyte" in entry]
    sums = {entry["name"]: entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"}
    return values, sums


def test_the_evidence_is_worked_again_by_hand() -> None:
    values, sums = evidence(flag(judged(table(*HIDDEN[:6]), as_of=48), "fibrinogen_falling"))
    left = [RAISED * 0.5 ** ((hour - 13) / HALF_LIFE) for hour in (24, 36, 48)]  # 0.8787, 0.7876, 0.7060
    assert [entry["value"] for entry in values] == [4.0, 4.0, 3.9, 3.5, 3.0]
    assert [entry["role"] for entry in values] == ["level", "level", "window", "window", "newest"]
    assert [entry.get("added_by_products") for entry in values] == [
        None,
        None,
        *(pytest.approx(a, abs=6e-5) for a in left),
    ]
    own = [4.0, 4.0, *(v - a for v, a in zip((3.9, 3.5, 3.0), left, strict=True))]
    assert [entry.get("own_value", entry["value"]) for entry in values] == pytest.approx(own, abs=6e-5)
    # the line: logs of the own values on the hours since the turn at 12 h: 0, 0, 12, 24, 36
    hours = [0, 0, 12, 24, 36]
    mean, logs = sum(hours) / 5, [math.log(one) for one in own]
    slope = sum((h - mean) * y for h, y in zip(hours, logs, strict=True)) / sum((h - mean) ** 2 for h in hours)
    assert sums["hours since the turn"] == 36
    assert sums["halving time"] == pytest.approx(math.log(2) / -slope, abs=0.01)
    assert sums["change per 24 h"] == pytest.approx(100 * math.expm1(24 * slope), abs=0.01)
