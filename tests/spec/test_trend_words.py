"""The words beside a value are those of its flag, and say how probable a rate that matters is."""

from __future__ import annotations

import pandas as pd

from tests.spec.drawing import flag, judged


def beside(course: str, analyte: str, *, as_of: int) -> pd.Series:
    trends = judged(course, as_of=as_of).trends
    return trends[trends["analyte"] == analyte].iloc[0]


def test_a_fall_that_its_company_makes_probable_is_not_called_no_change_beside_its_flag() -> None:
    # 2.9 and 2.4 after 3.0 are within the noise by themselves; platelets and D-dimer make a fall probable
    course = """hour | fibrinogen | platelets | d_dimer_feu
       0 | 3.1 | 200 | 1000
      12 | 3.0 | 205 | 1050
      24 | 3.0 | 198 | 1000
      36 | 2.9 | 160 | 2200
      48 | 2.4 | 110 | 4800
    """
    row, held = beside(course, "fibrinogen", as_of=48), flag(judged(course, as_of=48), "fibrinogen_falling")
    assert row["direction"] == "down"
    change = next(entry["value"] for entry in held["evidence"] if entry.get("name") == "change since the turn")
    assert round(row["change_percent"], 4) == change


def test_values_about_one_level_are_no_change_and_a_relevant_rise_is_improbable() -> None:
    row = beside("hour | ferritin\n0 | 5200\n12 | 4600\n24 | 5500\n36 | 4800\n48 | 5300", "ferritin", as_of=48)
    assert row["phrase"] == "no change"
    assert row["relevant_percent_per_day"] == 20
    assert row["probability"] < 0.1


def test_an_analyte_without_a_rule_has_no_probability() -> None:
    assert pd.isna(beside("hour | crp\n0 | 40\n12 | 90", "crp", as_of=12)["probability"])
