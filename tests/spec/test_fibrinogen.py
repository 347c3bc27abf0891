"""
Falling and low fibrinogen. A fall is flagged from p_raise, about two in three; the probability stands beside each
course, and how it comes about in test_turning.py.
"""

from __future__ import annotations

from tests.spec.drawing import flag, flags_of, judged


def test_a_fall_beyond_the_noise_is_flagged_though_still_within_the_healthy_range() -> None:
    # 5.2 -> 3.4: 0.81; relative to the inflamed level it is a fall, whatever the normal range
    assert "fibrinogen_falling" in flags_of(judged("hour | fibrinogen\n0 | 5.2\n12 | 3.4", as_of=12))


def test_a_fall_within_the_noise_is_not() -> None:
    # -25 %: 0.42; two values of one level differ by up to 26 % (exp(-1.96 * sqrt(2) * 0.109)), in one of 20 by more
    assert "fibrinogen_falling" not in flags_of(judged("hour | fibrinogen\n0 | 5.2\n12 | 3.9", as_of=12))


def test_a_slow_steady_fall_is_seen_on_all_values() -> None:
    # -10 % from draw to draw: after 12 h 0.21, then 0.30, 0.50, 0.75, 0.85
    course = "hour | fibrinogen\n0 | 5.00\n12 | 4.50\n24 | 4.05\n36 | 3.65\n48 | 3.28\n60 | 2.95"
    assert "fibrinogen_falling" in flags_of(judged(course, as_of=60))


def test_the_rise_after_concentrate_does_not_clear_a_fall() -> None:
    course = """
        hour | fibrinogen | given
           0 | 4.0        |
          12 | 2.4        |
          13 |            | fibrinogen_concentrate 4 g
          14 | 3.6        |
          24 | 3.5        |
    """
    assessment = judged(course, as_of=24)
    row = flag(assessment, "fibrinogen_falling")
    assert row["state"] == "active"
    moved = assessment.points[assessment.points["confounded_by"] == "fibrinogen_concentrate"]
    assert moved["value"].tolist() == [3.6, 3.5]


def test_a_fall_by_plasma_exchange_is_not_called_a_fall_of_the_disease() -> None:
    course = """
        hour | fibrinogen | given
           0 | 4.0        |
           6 |            | plasma_exchange
          12 | 1.7        |
    """
    assert "fibrinogen_falling" not in flags_of(judged(course, as_of=12))


def test_below_one_and_a_half_is_low_and_below_one_is_urgent() -> None:
    assert flags_of(judged("hour | fibrinogen\n0 | 1.5", as_of=0)) == {}
    assert flags_of(judged("hour | fibrinogen\n0 | 1.49", as_of=0)) == {"fibrinogen_low": "watch"}
    assert flags_of(judged("hour | fibrinogen\n0 | 0.99", as_of=0)) == {"fibrinogen_low": "urgent"}


def test_low_fibrinogen_lifted_by_concentrate_stays_flagged() -> None:
    course = """
        hour | fibrinogen | given
           0 | 1.2        |
           1 |            | fibrinogen_concentrate 4 g
           2 | 2.2        |
    """
    assert "fibrinogen_low" in flags_of(judged(course, as_of=2))


def test_a_bound_below_the_range_is_low() -> None:
    assert flags_of(judged("hour | fibrinogen\n0 | <0.6", as_of=0)) == {"fibrinogen_low": "urgent"}
