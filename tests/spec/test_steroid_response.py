"""
Steroid response at 24, 48 and 72 h. One-sided 95 % (z 1.645) between two values: ferritin up +37 % / down -27 %,
fibrinogen +30 % / -23 %, platelets +20 % / -16 %, AST +28 % / -22 %, LDH +15 % / -13 %, CRP +100 % / -50 % or so.
"""

from __future__ import annotations

from dataclasses import replace

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course
from monitoring.analysis.response_table import responses
from tests.spec.drawing import at, catalog, drawn, flag, flags_of, judged, marker, verdicts_of

PULSE = "methylprednisolone 1000 mg"
NONRESPONDER = f"""
    hour | ferritin | fibrinogen | platelets | crp | ast | given
      -1 | 7400     | 2.6        | 131       | 230 | 96  |
       0 |          |            |           |     |     | {PULSE}
      24 | 12400    | 2.2        | 92        | 251 | 160 | {PULSE}
      48 | 21800    | 1.71       | 61        | 262 | 310 | {PULSE}
"""
RESPONDER = f"""
    hour | ferritin | fibrinogen | platelets | crp | ast | given
      -1 | 20000    | 2.6        | 80        | 230 | 200 |
       0 |          |            |           |     |     | {PULSE}
      24 | 13000    | 2.7        | 85        | 110 | 150 | {PULSE}
      48 | 7500     | 2.9        | 95        | 45  | 90  | {PULSE}
      72 | 4500     | 3.1        | 130       | 20  | 60  |
"""


def test_before_the_window_opens_it_is_too_early() -> None:
    assert verdicts_of(judged(NONRESPONDER, as_of="17:59")) == {24: "too_early", 48: "too_early", 72: "too_early"}


def test_a_worsening_at_24_h_warns_and_decides_nothing() -> None:
    assessment = judged(NONRESPONDER, as_of=25)
    assert verdicts_of(assessment)[24] == "indeterminate"
    assert "steroid_early_worsening" in flags_of(assessment)
    assert "steroid_nonresponse" not in flags_of(assessment)


def test_no_change_at_24_h_is_indeterminate_and_no_warning() -> None:
    course = f"""
        hour | ferritin | fibrinogen | platelets | crp | ast | given
          -1 | 7400     | 2.6        | 131       | 230 | 96  |
           0 |          |            |           |     |     | {PULSE}
          24 | 7600     | 2.5        | 128       | 220 | 99  |
    """
    assessment = judged(course, as_of=25)
    assert verdicts_of(assessment)[24] == "indeterminate"
    assert "steroid_early_worsening" not in flags_of(assessment)


def test_worse_at_48_h_is_a_non_response_and_urgent() -> None:
    assessment = judged(NONRESPONDER, as_of=49)
    assert verdicts_of(assessment)[48] == "not_responding"
    assert flags_of(assessment)["steroid_nonresponse"] == "urgent"
    assert "steroid_early_worsening" not in flags_of(assessment)


def test_nothing_better_and_nothing_worse_at_48_h_is_a_non_response() -> None:
    course = f"""
        hour | ferritin | fibrinogen | platelets | crp | ast | given
          -1 | 7400     | 2.6        | 131       | 230 | 96  |
           0 |          |            |           |     |     | {PULSE}
          48 | 7600     | 2.5        | 128       | 220 | 99  |
    """
    assert verdicts_of(judged(course, as_of=49))[48] == "not_responding"


def test_falling_ferritin_and_crp_are_a_response() -> None:
    assessment = judged(RESPONDER, as_of=73)
    assert verdicts_of(assessment) == {24: "responding", 48: "responding", 72: "responding"}
    assert "steroid_nonresponse" not in flags_of(assessment)


def test_markers_that_disagree_are_mixed() -> None:
    course = f"""
        hour | ferritin | fibrinogen | platelets | crp | ast | given
          -1 | 20000    | 2.6        | 80        | 230 | 200 |
           0 |          |            |           |     |     | {PULSE}
          48 | 9000     | 2.6        | 40        | 220 | 190 |
    """
    assert verdicts_of(judged(course, as_of=49))[48] == "mixed"


def test_without_values_in_the_window_it_cannot_be_told_once_the_window_is_over() -> None:
    course = f"hour | ferritin | crp | given\n-1 | 7400 | 230 |\n0 | | | {PULSE}"
    assert verdicts_of(judged(course, as_of="35:59"))[24] == "too_early"
    assert verdicts_of(judged(course, as_of=36))[24] == "insufficient_data"


def test_one_marker_alone_is_never_a_verdict() -> None:
    course = f"hour | ferritin | given\n-1 | 7400 |\n0 | | {PULSE}\n48 | 30000 |"
    assert verdicts_of(judged(course, as_of=61))[48] == "insufficient_data"


def test_a_fall_of_crp_under_tocilizumab_is_not_interpretable() -> None:
    course = f"""
        hour | ferritin | crp | platelets | given
          -1 | 7400     | 230 | 131       |
           0 |          |     |           | {PULSE}
           6 |          |     |           | tocilizumab 560 mg
          48 | 21800    | 20  | 61        |
    """
    assessment = judged(course, as_of=49)
    assert marker(assessment, "crp", 48)["state"] == "not_interpretable"
    assert verdicts_of(assessment)[48] == "not_responding"


def test_fibrinogen_lifted_by_concentrate_is_not_an_improvement() -> None:
    course = f"""
        hour | ferritin | fibrinogen | platelets | given
          -1 | 7400     | 1.6        | 131       |
           0 |          |            |           | {PULSE}
          40 |          |            |           | fibrinogen_concentrate 4 g
          48 | 7500     | 2.9        | 128       |
    """
    assert marker(judged(course, as_of=49), "fibrinogen", 48)["state"] == "not_interpretable"


def test_fibrinogen_that_falls_in_spite_of_concentrate_is_worse() -> None:
    course = f"""
        hour | ferritin | fibrinogen | platelets | given
          -1 | 7400     | 2.6        | 131       |
           0 |          |            |           | {PULSE}
          20 |          |            |           | fibrinogen_concentrate 4 g
          48 | 21800    | 1.71       | 61        |
    """
    assert marker(judged(course, as_of=49), "fibrinogen", 48)["state"] == "worse"


def test_a_ferritin_that_falls_under_plasma_exchange_is_no_response() -> None:
    course = f"""
        hour | ferritin | platelets | ast | given
          -1 | 50000    | 60        | 300 |
           0 |          |           |     | {PULSE} ; plasma_exchange
          48 | 9000     | 35        | 700 |
    """
    assessment = judged(course, as_of=49)
    assert marker(assessment, "ferritin", 48)["state"] == "not_interpretable"
    assert verdicts_of(assessment)[48] == "not_responding"


def test_a_fall_faster_than_the_half_life_allows_is_not_rested_on() -> None:
    # half-life 30 h: at most a fall to 57 % in 24 h; with the noise of two values down to 42 %
    course = f"hour | ferritin | crp | given\n-1 | 16500 | 200 |\n0 | | | {PULSE}\n24 | 533 | 190 |"
    told = marker(judged(course, as_of=25), "ferritin", 24)
    assert told["state"] == "not_interpretable"
    assert "dilution" in told["reason"]


def test_a_bound_after_a_number_is_worse_and_two_bounds_say_nothing() -> None:
    rise = f"hour | ferritin | crp | given\n-1 | 12000 | 200 |\n0 | | | {PULSE}\n48 | >40000 | 190 |"
    flat = f"hour | ferritin | crp | given\n-1 | >40000 | 200 |\n0 | | | {PULSE}\n48 | >40000 | 190 |"
    assert marker(judged(rise, as_of=49), "ferritin", 48)["state"] == "worse"
    assert marker(judged(flat, as_of=49), "ferritin", 48)["state"] == "not_interpretable"


def test_the_next_line_ends_the_flag() -> None:
    course = NONRESPONDER + "      52 | | | | | | anakinra 200 mg\n"
    row = flag(judged(course, as_of=53), "steroid_nonresponse")
    assert row["state"] == "cleared"
    assert "next line" in row["why"]


def test_options_come_with_the_dose_for_the_patient_and_their_source() -> None:
    told = judged(NONRESPONDER, as_of=49, weight=71.0).responses.iloc[0]
    window = next(w for w in told["windows"] if w["hours"] == 48)
    doses = {option["drug"]: option["doses"] for option in window["options"]}
    # 2-10 mg/kg/day and 2-7 mg/kg/day in 71 kg
    assert "142–710 mg/day" in [dose["for_patient"] for dose in doses["anakinra"]]
    assert "142–497 mg/day" in [dose["for_patient"] for dose in doses["ciclosporin"]]
    assert all(dose["source"] for option in doses.values() for dose in option)


def test_every_start_has_its_own_response() -> None:
    again = NONRESPONDER + f"     150 | 9000 | 2.6 | 80 | 90 | 100 | {PULSE}\n"
    assert len(judged(again, as_of=151).responses) == 2


def test_a_steroid_by_vein_whose_dose_nobody_recorded_is_taken_as_high_and_says_so() -> None:
    """How methylprednisolone is given against MAS; what is not recorded must not leave the response unjudged."""
    course = drawn(NONRESPONDER.replace(" 1000 mg", ""))
    assert verdicts_of(_assessed(course, route="i.v."))[48] == "not_responding"
    assert verdicts_of(_assessed(course, route=""))[48] == "not_responding"
    told = responses(_assessed(course, route="IV"))
    assert told["label"].tolist() == ["Methylprednisolone, dose not recorded"]


def test_a_steroid_by_mouth_whose_dose_nobody_recorded_begins_no_response() -> None:
    assert verdicts_of(_assessed(drawn(NONRESPONDER.replace(" 1000 mg", "")), route="PO")) == {}


def _assessed(course: Course, *, route: str) -> Assessment:
    return assess(replace(course, doses=course.doses.assign(route=route)), catalog(), as_of=at(49))
