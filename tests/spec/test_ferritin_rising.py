"""
Rising ferritin: probable from all values of the last days, and at a level that matters.

The probability of each course is told beside it; it is raised from p_raise, about two in three, and over below
p_clear, one in five. How the probability comes about is in test_turning.py, with a reference of its own.
"""

from __future__ import annotations

import pytest

from tests.spec.drawing import at, catalog, drawn, flag, flags_of, judged, together


def test_two_values_within_the_noise_raise_nothing() -> None:
    # +45 %: 0.61; two values of one level differ by up to 46 % (exp(1.96 * sqrt(2) * 0.137)), in one of 20 by more
    assert "ferritin_rising" not in flags_of(judged("hour | ferritin\n0 | 1000\n12 | 1450", as_of=12))


def test_two_values_beyond_the_noise_raise_it() -> None:
    # +66 %: 0.83, as three courses in ten move and few steady ones look like this
    assert "ferritin_rising" in flags_of(judged("hour | ferritin\n0 | 1000\n12 | 1660", as_of=12))


def test_a_steady_rise_is_seen_on_all_values_though_no_pair_is_beyond_the_noise() -> None:
    # +25 % from draw to draw: each pair is within the noise (0.42); the third value makes 0.73, the fourth 0.93
    course = "hour | ferritin\n0 | 4000\n12 | 5000\n24 | 6250\n36 | 7812\n48 | 9766"
    assert "ferritin_rising" in flags_of(judged(course, as_of=48))


def test_a_long_quiet_time_before_lets_a_rise_be_seen_a_draw_earlier() -> None:
    # +23 % twice after six values at one level: 0.76; without them 0.68, a steady rise is as likely as a new one
    quiet = "\n".join(f"{hour} | 5000" for hour in range(0, 61, 12))
    turned = judged(f"hour | ferritin\n{quiet}\n72 | 6150\n84 | 7565", as_of=84)
    short = judged("hour | ferritin\n60 | 5000\n72 | 6150\n84 | 7565", as_of=84)
    assert "ferritin_rising" in flags_of(turned)
    assert "ferritin_rising" not in flags_of(short)
    row = flag(turned, "ferritin_rising")
    assert row["began_at"] == at(60)
    assert [entry["role"] for entry in row["evidence"] if "analyte" in entry] == ["level"] * 6 + ["window", "newest"]


def test_a_rise_over_more_than_the_window_is_not_put_together_from_its_ends() -> None:
    # that it rose is certain in both; but a flag tells a line, and a line is of three days at most
    beyond = "hour | ferritin\n0 | 1000\n72:01 | 2200"
    within = "hour | ferritin\n0 | 1000\n72 | 2200"
    assert "ferritin_rising" not in flags_of(judged(beyond, as_of=73))
    assert "ferritin_rising" in flags_of(judged(within, as_of=73))


def test_a_doubtful_rise_counts_when_a_high_dose_steroid_was_begun_within_three_days() -> None:
    # +45 % after two equal values: about 0.6, odds 1.6 to 1; twice that is beyond seven in ten
    course = (
        "hour | ferritin | given\n0 | 1000 |\n{dose} | | methylprednisolone 1000 mg\n{first} | 1000 |\n{last} | 1450 |"
    )
    just = judged(course.format(dose=1, first=2, last=14), as_of=14)
    long_ago = judged(course.format(dose=1, first=100, last=112), as_of=112)
    assert "ferritin_rising" in flags_of(just)
    assert "ferritin_rising" not in flags_of(long_ago)


def test_a_high_dose_steroid_alone_raises_nothing() -> None:
    course = "hour | ferritin | given\n0 | 5200 |\n1 | | methylprednisolone 1000 mg\n12 | 5000 |\n24 | 5400 |"
    assert "ferritin_rising" not in flags_of(judged(course, as_of=24))


def test_noise_around_one_level_raises_nothing() -> None:
    course = "hour | ferritin\n0 | 5200\n12 | 4600\n24 | 5500\n36 | 4800\n48 | 5300\n60 | 5000"
    assert flags_of(judged(course, as_of=60)).get("ferritin_rising") is None


def test_a_rise_within_the_healthy_range_is_left_alone() -> None:
    # certain (1.00), and of no concern
    assert "ferritin_rising" not in flags_of(judged("hour | ferritin\n0 | 80\n12 | 300", as_of=12))


@pytest.mark.parametrize(("newest", "told"), [("499", False), ("500", True)])
def test_a_rise_counts_from_the_cut_off_on(newest: str, told: bool) -> None:
    course = f"hour | ferritin\n0 | 200\n12 | {newest}"
    assert ("ferritin_rising" in flags_of(judged(course, as_of=12))) is told


def test_a_fast_rise_is_urgent() -> None:
    # 0.2231 per 12 h is 56 % a day
    assert (
        flags_of(judged("hour | ferritin\n0 | 4000\n12 | 5000\n24 | 6250\n36 | 7812\n48 | 9766", as_of=48))[
            "ferritin_rising"
        ]
        == "urgent"
    )


def test_it_begins_when_the_data_say_so_and_is_raised_when_it_could_be_known() -> None:
    course = "hour | received | ferritin\n0 | 1 | 1000\n12 | 14:30 | 3000"
    row = flag(judged(course, as_of=15), "ferritin_rising")
    assert row["began_at"] == at(0)
    assert row["raised_at"] == at("14:30")


def test_a_result_that_has_not_come_yet_raises_nothing() -> None:
    course = "hour | received | ferritin\n0 | 1 | 1000\n12 | 14:30 | 3000"
    assert flags_of(judged(course, as_of="14:29")) == {}
    assert "ferritin_rising" in flags_of(judged(course, as_of="14:30"))


def test_it_stays_while_nothing_new_is_measured() -> None:
    course = "hour | ferritin\n0 | 1000\n12 | 3000"
    assert "ferritin_rising" in flags_of(judged(course, as_of=300))


def test_it_ends_when_the_newest_values_no_longer_rise() -> None:
    # 1.00 after the jump, then 0.54, 0.27 and, below 0.2 at last, 0.16
    course = "hour | ferritin\n0 | 4000\n12 | 9000\n24 | 8800\n36 | 8500\n48 | 8000"
    row = flag(judged(course, as_of=48), "ferritin_rising")
    assert row["state"] == "cleared"


def test_it_ends_at_once_when_the_newest_value_has_fallen_beyond_the_noise() -> None:
    # 16000 -> 9000 is a ratio of 0.56, far outside the noise of a ferritin that still rises: 0.02
    course = "hour | ferritin\n0 | 4000\n12 | 8000\n24 | 16000\n36 | 9000"
    assert flag(judged(course, as_of=36), "ferritin_rising")["state"] == "cleared"


def test_a_value_above_the_range_after_a_number_is_a_proven_rise() -> None:
    row = flag(judged("hour | ferritin\n0 | 12000\n12 | >40000", as_of=12), "ferritin_rising")
    assert row["state"] == "active"
    assert "40,000" in row["sentence"]


def test_two_values_above_the_range_say_nothing() -> None:
    assert "ferritin_rising" not in flags_of(judged("hour | ferritin\n0 | >40000\n12 | >40000\n24 | >100000", as_of=24))


def test_the_first_value_of_a_new_method_ends_nothing() -> None:
    # of a single value nothing is known: as probable as before anything was seen (0.30), not below p_clear
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 | ECLIA | 3000\n24 | CLIA | 1500"
    assert "ferritin_rising" in flags_of(judged(course, as_of=24))


def test_values_of_two_methods_are_never_joined() -> None:
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 | CLIA | 3000"
    assert "ferritin_rising" not in flags_of(judged(course, as_of=12))


def test_patients_are_judged_side_by_side_without_touching_each_other() -> None:
    from monitoring.analysis.assessment import assess

    low = drawn("hour | ferritin\n0 | 1000\n12 | 1050", patient="A")
    high = drawn("hour | ferritin\n0 | 9000\n12 | 9100", patient="B")
    assessment = assess(together(low, high), catalog(), as_of=at(12))
    assert assessment.flags[assessment.flags["flag"] == "ferritin_rising"].empty


def test_every_number_of_the_sentence_follows_from_the_evidence() -> None:
    # 1000 -> 3000 in 12 h: doubling in 12 * ln 2 / ln 3 = 7.57 h
    row = flag(judged("hour | ferritin\n0 | 1000\n12 | 3000", as_of=12), "ferritin_rising")
    values = [entry["value"] for entry in row["evidence"] if "analyte" in entry]
    sums = {entry["name"]: entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"}
    assert values == [1000.0, 3000.0]
    assert sums["doubling time"] == pytest.approx(7.57, abs=0.01)
    assert "8 h" in row["sentence"]
