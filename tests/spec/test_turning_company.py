"""How probable a rise is with company that moves along or does not, after a steroid, and when that is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from monitoring.analysis.turning import REMEMBERED, turning
from tests.spec.change_points import as_points, belief, expected, numbers, worked
from tests.spec.drawing import at, flag, flags_of, judged
from tests.spec.turning_drawn import (
    AST,
    EXACT,
    FALL,
    FERRITIN,
    IRREGULAR,
    LDH,
    LDH_EXACT,
    RISE,
    course,
    every,
)


def test_without_company_it_is_the_series_alone() -> None:
    analyte, told = "ferritin", IRREGULAR
    found = worked(told, analyte, RISE)
    assert found[0] == found[2]
    nobody = replace(belief(RISE), company=())
    REMEMBERED.forget()
    assert numbers(turning(as_points(told), analyte, nobody))[-1] == pytest.approx(found, abs=EXACT)


def test_company_that_moves_along_helps_and_company_that_does_not_holds_back() -> None:
    ferritin = {"ferritin": ("0 5000, 12 6200, 24 7200", FERRITIN)}
    along = worked(course(**ferritin, ldh=("0 300, 12 340, 24 390", LDH)), "ferritin", RISE)
    against = worked(course(**ferritin, ldh=("0 390, 12 340, 24 300", LDH)), "ferritin", RISE)
    assert along[2] == pytest.approx(against[2])
    assert against[0] < against[2]
    assert along[2] < along[0]


def begun(points: pd.DataFrame, since: float, known: str = "1") -> pd.DataFrame:
    """The same values, the last of them drawn `since` hours after a high-dose steroid was begun."""
    hours = since + points["hour"] - points["hour"].max()
    told = at(0) + pd.Timedelta(hours=float(known))
    return points.assign(since_start=hours.where(hours >= 0), start_known_at=pd.Series(told, index=points.index))


def test_a_high_dose_steroid_begun_makes_a_rise_twice_as_likely_and_no_faster() -> None:
    points = as_points(course(ferritin=("0 5000, 12 5900, 25 6600", FERRITIN), ldh=("0 300, 25 340", LDH)))
    plain, treated = every(points)[-1], every(begun(points, 20))[-1]
    assert logit(treated[:2]) - logit(plain[:2]) == pytest.approx([0.7, 0.7])  # 2 to 1
    assert treated[2:].tolist() == plain[2:].tolist()  # alone, rate and its error


@pytest.mark.parametrize(("since", "counts"), [(0.0, True), (72.0, True), (72.02, False)])
def test_a_steroid_counts_for_three_days_from_its_first_dose_on(since: float, counts: bool) -> None:
    points = as_points(course(ferritin=("0 5000, 12 6200", FERRITIN)))
    assert bool(every(begun(points, since))[-1, 0] > every(points)[-1, 0]) is counts


def test_a_start_that_is_told_late_is_known_late() -> None:
    points = as_points(course(ferritin=("0 5000, 12 6200", FERRITIN)))
    assert turning(begun(points, 6, "20"), "ferritin", belief(RISE)).known_at[-1] == np.datetime64("2026-03-02T20:00")
    assert turning(begun(points, 80, "20"), "ferritin", belief(RISE)).known_at[-1] == np.datetime64("2026-03-02T12:00")


def test_a_rule_that_says_nothing_of_steroids_does_not_mind_them() -> None:
    told = course(fibrinogen=("0 4.0, 12 3.4", 0.11))
    points = as_points(told)
    assert every(begun(points, 6), "fibrinogen", FALL).tobytes() == every(points, "fibrinogen", FALL).tobytes()


def test_company_adds_no_more_than_its_bound() -> None:
    # alone 0.49; with LDH and AST that rise by a quarter and more it would be 0.88, and is 0.81: 4.5 times the odds
    ferritin = {"ferritin": ("0 5000, 12 5600, 24 6600", FERRITIN)}
    rising = course(**ferritin, ldh=("0 300, 12 330, 24 370", LDH_EXACT), ast=("0 60, 12 70, 24 85", AST))
    falling = course(**ferritin, ldh=("0 370, 12 330, 24 300", LDH_EXACT), ast=("0 85, 12 70, 24 60", AST))
    along, against = (worked(told, "ferritin", RISE) for told in (rising, falling))
    assert along[2] == pytest.approx(against[2])
    assert logit(along[0]) - logit(along[2]) == pytest.approx(belief(RISE).most)
    assert expected(rising, "ferritin", RISE, most=math.inf)[0] > along[0]
    assert against[0] < against[2]


def company_came_at_20(ferritin: int) -> str:
    """LDH 300 -> 380 and AST 60 -> 90 within 12 h, told seven hours after the ferritin."""
    return f"""
        hour | received | ferritin   | ldh | ast
           0 |        1 | 5000       | 300 | 60
          12 |       13 | {ferritin} |     |
          12 |       20 |            | 380 | 90
    """


def test_a_value_received_after_the_moment_of_judging_plays_no_part() -> None:
    assert RISE not in flags_of(judged(company_came_at_20(6200), as_of="19:59"))
    assert RISE in flags_of(judged(company_came_at_20(6200), as_of=20))


def test_a_rise_that_only_its_company_makes_probable_is_raised_when_the_company_came_in() -> None:
    # 5000 -> 6200 alone: 0.41, with LDH and AST 0.76, all they may add; raised from p_raise, about seven in ten
    row = flag(judged(company_came_at_20(6200), as_of=30), RISE)
    assert row["raised_at"] == at(20)


def test_a_rise_that_speaks_for_itself_is_not_delayed_by_company_that_came_in_later() -> None:
    # 5000 -> 9000 alone: 0.92
    row = flag(judged(company_came_at_20(9000), as_of=30), RISE)
    assert row["raised_at"] == at(13)


def test_a_flag_is_over_when_a_rise_is_no_longer_probable_and_stays_in_between() -> None:
    # 4000, 9000, 8800, 8500, 8000 every 12 h: 0.30, 1.00, 0.54, 0.27, 0.16; over below 0.2, not yet at 0.27
    table = "hour | ferritin\n0 | 4000\n12 | 9000\n24 | 8800\n36 | 8500\n48 | 8000"
    assert flag(judged(table, as_of=36), RISE)["state"] == "active"
    assert flag(judged(table, as_of=48), RISE)["cleared_at"] == at(48)
