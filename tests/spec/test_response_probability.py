"""
The probability of response, worked by hand. Noise of one ferritin: sqrt(ln(1 + 0.05²) + ln(1 + 0.128²)) = 0.13692;
of two, the first drawn 1 h before the steroid (drift 0.3 a day), sqrt(2 × 0.13692² + 0.0125²) = 0.19404.

Expected ferritin at 24 and 48 h: 85 and 56 % of before with a response (log −0.16252, −0.57982), 103 and 106 % without
(log 0.02956, 0.05827). Its spread is 0.4.
"""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.analysis.assessment import Assessment
from tests.spec.drawing import flag, judged, marker, verdicts_of

PULSE = "methylprednisolone 1000 mg"


def window(assessment: Assessment, hours: int = 48) -> dict[str, Any]:
    told: dict[str, Any] = next(w for w in assessment.responses.iloc[0]["windows"] if w["hours"] == hours)
    return told


def ferritin(before: str, after: str, *, at: int = 48) -> Assessment:
    return judged(f"hour | ferritin | given\n-1 | {before} |\n0 | | {PULSE}\n{at} | {after} |", as_of=at + 1)


def test_a_ferritin_that_falls_as_expected_speaks_for_a_response() -> None:
    told = marker(ferritin("10000", "5600"), "ferritin", 48)
    # share (−0.57982 − 0.05827) / (−0.57982 − 0.05827), error 0.19404 / 0.63809
    assert (told["share"], told["share_error"]) == (pytest.approx(1.0, abs=1e-3), pytest.approx(0.3041, abs=1e-3))
    # (1 − 0.5) / (0.4² + 0.3041²)
    assert told["log_odds"] == pytest.approx(1.980, abs=5e-3)


def test_one_marker_alone_gives_a_probability_and_no_verdict() -> None:
    assessment = judged(f"hour | ferritin | given\n-1 | 10000 |\n0 | | {PULSE}\n48 | 5600 |", as_of=61)
    assert verdicts_of(assessment)[48] == "insufficient_data"
    # precision 1 / (0.4² + 0.3041²) = 3.961, weight 1 / (1 + 0.4² × 3.961) = 0.6121: 1 / (1 + exp(−1.212))
    assert assessment.verdicts.set_index("hours")["probability"][48] == pytest.approx(0.7707, abs=1e-3)


def test_no_marker_says_more_than_twenty_to_one() -> None:
    # doubled: share −0.995, (−0.995 − 0.5) / (0.4² + (0.19404 / 0.63806)²) = −5.9
    assert marker(ferritin("10000", "20000"), "ferritin", 48)["log_odds"] == -3.0


def test_an_unchanged_ferritin_says_little_at_24_h_and_speaks_against_at_48_h() -> None:
    early = marker(ferritin("10000", "10000", at=24), "ferritin", 24)["log_odds"]
    late = marker(ferritin("10000", "10000"), "ferritin", 48)["log_odds"]
    # 24 h: share −0.02956 / −0.19208 = 0.1539, error 0.19404 / 0.19208 = 1.0102: −0.3461 / 1.1805
    assert early == pytest.approx(-0.293, abs=0.01)
    # 48 h: share −0.05827 / −0.63809 = 0.0913, error 0.3041: −0.4087 / 0.25247
    assert late == pytest.approx(-1.619, abs=0.01)


def test_a_rise_of_the_first_day_is_left_free_where_the_second_shows_a_fall() -> None:
    course = f"""
        hour | ferritin | ast | ldh | given
          -1 | 9000     | 90  | 600 |
           0 |          |     |     | {PULSE}
          12 | 12000    | 130 | 700 |
          24 | 14000    | 150 | 760 |
          36 | 11500    | 110 | 700 |
          48 | 9500     | 85  | 640 |
    """
    assessment = judged(course, as_of=49)
    assert marker(assessment, "ferritin", 48)["free"] > 0
    assert verdicts_of(assessment)[48] == "indeterminate"


def test_a_rise_that_goes_on_is_a_non_response_whatever_is_left_free() -> None:
    course = f"""
        hour | ferritin | ast | ldh | given
          -1 | 9000     | 90  | 600 |
           0 |          |     |     | {PULSE}
          12 | 10500    | 105 | 640 |
          24 | 12500    | 120 | 680 |
          36 | 15000    | 140 | 730 |
          48 | 17500    | 160 | 780 |
    """
    assert verdicts_of(judged(course, as_of=49))[48] == "not_responding"


def test_unchanged_platelets_at_48_h_say_little() -> None:
    assessment = judged(f"hour | platelets | given\n-1 | 100 |\n0 | | {PULSE}\n48 | 100 |", as_of=49)
    assert abs(marker(assessment, "platelets", 48)["log_odds"]) < 0.3


def test_a_rising_esr_speaks_for_and_a_rising_crp_against() -> None:
    course = f"hour | esr | crp | given\n-1 | 40 | 100 |\n0 | | | {PULSE}\n48 | 80 | 200 |"
    assessment = judged(course, as_of=49)
    assert marker(assessment, "esr", 48)["log_odds"] > 0.3
    assert marker(assessment, "crp", 48)["log_odds"] < -0.3


def test_an_esr_that_nobody_measured_is_not_missed() -> None:
    assert "esr" not in window(ferritin("10000", "5600"))["markers"]


def test_a_bound_that_proves_a_rise_speaks_against_and_two_bounds_are_silent() -> None:
    assert marker(ferritin("12000", ">40000"), "ferritin", 48)["log_odds"] == -3.0
    assert marker(ferritin(">40000", ">40000"), "ferritin", 48)["log_odds"] == 0.0
    # the true value may be anything below: it can only be a fall
    assert marker(ferritin(">40000", "20000"), "ferritin", 48)["log_odds"] > 1.0


def test_a_crp_that_tocilizumab_takes_away_is_silent() -> None:
    course = f"hour | ferritin | crp | given\n-1 | 7400 | 230 |\n0 | | | {PULSE} ; tocilizumab 560 mg\n48 | 7300 | 12 |"
    assessment = judged(course, as_of=49)
    assert marker(assessment, "crp", 48)["log_odds"] == 0.0
    assert marker(assessment, "ferritin", 48)["log_odds"] < 0.0


def test_a_ferritin_that_falls_under_tocilizumab_never_speaks_for_the_steroid() -> None:
    course = f"hour | ferritin | ast | given\n-1 | 9000 | 90 |\n0 | | | {PULSE} ; tocilizumab 560 mg\n48 | 4000 | 88 |"
    assert marker(judged(course, as_of=49), "ferritin", 48)["log_odds"] <= 0.0


def test_markers_count_less_together_than_their_sum() -> None:
    course = f"hour | ferritin | ast | given\n-1 | 10000 | 100 |\n0 | | | {PULSE}\n48 | 5600 | 68 |"
    assessment = judged(course, as_of=49)
    odds = sum(marker(assessment, name, 48)["log_odds"] for name in ("ferritin", "ast"))
    # both shares are 1: together as precise as odds / (1 − 0.5); weight 1 / (1 + 0.4² × 2 × odds)
    assert assessment.verdicts.set_index("hours")["log_odds"][48] == pytest.approx(odds / (1 + 0.32 * odds))


def test_a_marker_that_is_hardly_known_dilutes_no_other() -> None:
    course = "hour | ferritin | platelets | given\n-1 | 10000 | {0} |\n0 | | | " + PULSE + "\n48 | 5600 | {0} |"
    alone, beside = (
        judged(text, as_of=49).verdicts.set_index("hours")["log_odds"][48]
        for text in (course.replace("{0}", "-"), course.replace("{0}", "100"))
    )
    # platelets unchanged: share (0 − ln 0.92) / (ln 1.06 − ln 0.92) = 0.59, (0.59 − 0.5) / (0.8² + 0.76²) = 0.07
    assert 0.8 * alone < beside <= 1.01 * alone


def test_a_d_dimer_is_weighed_where_somebody_measured_it() -> None:
    course = f"hour | ferritin | d_dimer_feu | given\n-1 | 10000 | 4000 |\n0 | | | {PULSE}\n48 | 10000 | 2080 |"
    told = marker(judged(course, as_of=49), "d_dimer_feu", 48)
    # 2080 / 4000 = 52 %: a share of 1. Noise sqrt(ln(1 + 0.07²) + ln(1 + 0.212²)) = 0.2210, of two 0.3128;
    # error 0.3128 / (ln 1.06 − ln 0.52) = 0.4392, (1 − 0.5) / (0.8² + 0.4392²)
    assert (told["state"], told["log_odds"]) == ("improved", pytest.approx(0.600, abs=5e-3))
    assert "d_dimer_feu" not in window(ferritin("10000", "5600"))["markers"]


def test_the_range_is_that_without_any_one_marker() -> None:
    course = f"hour | ferritin | ast | given\n-1 | 10000 | 100 |\n0 | | | {PULSE}\n48 | 20000 | 60 |"
    told = window(judged(course, as_of=49))
    # without AST ferritin alone says −3, share −0.995: precision 3 / 1.495, −3 / (1 + 0.4² × 2.007) = −2.271
    assert told["probability_low"] == pytest.approx(0.0935, abs=1e-3)
    assert told["probability_high"] > 0.7
    assert "rests on one marker" in str(told["probability_words"])


def test_the_round_before_stands_in_for_a_missing_draw_once_the_hour_has_come() -> None:
    course = f"""
        hour | ferritin | ast | ldh | platelets | given
          -1 | 9000     | 90  | 600 | 120       |
           0 |          |     |     |           | {PULSE}
          36 | 21000    | 190 | 900 | 70        |
    """
    assert verdicts_of(judged(course, as_of="47:59"))[48] == "too_early"
    assert verdicts_of(judged(course, as_of=48))[48] == "not_responding"


def test_where_nothing_was_drawn_before_the_first_draw_after_stands_for_it() -> None:
    course = f"""
        hour | ferritin | ast | ldh | given
           0 |          |     |     | {PULSE}
           8 | 9000     | 90  | 600 |
          48 | 21000    | 190 | 900 |
    """
    assert verdicts_of(judged(course, as_of=49))[48] == "not_responding"


def test_what_is_missing_is_said_with_the_hours_it_is_due_and_too_late() -> None:
    awaited = window(ferritin("10000", "5600"))["awaited"]
    crp = next(one for one in awaited if one["analyte"] == "crp")
    assert crp == {"analyte": "crp", "due_at": "2026-03-04T00:00:00+00:00", "closes_at": "2026-03-04T12:00:00+00:00"}


def test_the_probability_can_be_recomputed_from_the_evidence() -> None:
    course = f"""
        hour | ferritin | ast | given
         -13 | 8000     | 80  |
          -1 | 9000     | 90  |
           0 |          |     | {PULSE}
          24 | 14000    | 130 |
          48 | 21000    | 190 |
    """
    row = flag(judged(course, as_of=49), "steroid_nonresponse")
    sums = {e["name"]: e["value"] for e in row["evidence"] if e["role"] == "calculation"}
    total, precision = (sum(sums[f"{one}{what}"] for one in ("Ferritin", "AST")) for what in (" says", ": precision"))
    assert (total, sums["precision together"]) == (-6.0, pytest.approx(precision, abs=1e-3))
    assert sums["AST: precision"] == pytest.approx(-3.0 / (sums["AST: share of the expected response"] - 0.5), abs=1e-3)
    assert sums["weight"] == pytest.approx(1 / (1 + 0.16 * precision), abs=1e-3)
    assert sums["log odds of response"] == pytest.approx(-6.0 / (1 + 0.16 * precision), abs=1e-3)
    assert sum(e.get("analyte") == "ferritin" for e in row["evidence"]) == 4
