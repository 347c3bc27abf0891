"""
Many markers that jump together at one draw: a diluted sample, or another patient's.

One noise of a difference is sqrt(2) * sigma: haemoglobin 0.041, albumin 0.045, creatinine 0.075, LDH 0.085,
platelets 0.108, ALT 0.143, AST 0.141; a jump is 3.29 of them.
"""

from __future__ import annotations

import pytest

from monitoring.analysis.assessment import Assessment
from tests.spec.drawing import at, drawn, flag, flags_of, judged
from tests.spec.living import lived, story

ODD = "dilution_suspected"
BEFORE = """hour | hemoglobin | platelets | creatinine | albumin | ldh | ast | sodium
               0 | 100        | 120       | 80         | 30      | 400 | 100 | 138
              12 | 102        | 118       | 82         | 31      | 410 | 104 | 139
"""
HALF = "24 | 51 | 59 | 41 | 15 | 205 | 52 | 139\n"  # all but sodium halved
ANOTHER = "24 | 145 | 250 | 55 | 31 | 410 | 104 | 130\n"  # a healthier patient's
CRASH = "24 | 70 | 50 | 160 | 20 | 1500 | 700 | 150\n"  # all for the worse
BACK = "36 | 101 | 120 | 80 | 30 | 405 | 100 | 138\n"
BACK_AND_MORE = BACK + "48 | 100 | 117 | 81 | 31 | 400 | 102 | 139\n"


def doubted(assessment: Assessment) -> set[object]:
    points = assessment.points
    return set(points.loc[points["suspect"], "collected_at"])


def test_all_down_by_one_factor_is_a_dilution() -> None:
    assessment = judged(BEFORE + HALF, as_of=24)
    assert flag(assessment, ODD)["sentence"] == "6 of 7 markers −50 %: diluted? Consider repeating"
    assert doubted(assessment) == {at(24)}
    assert assessment.points["suspect"].sum() == 7


def test_stable_markers_out_of_their_course_are_another_sample() -> None:
    # haemoglobin, platelets, creatinine and sodium jump, the last of no better or worse; of the stable ones 4 of 5
    row = flag(judged(BEFORE + ANOTHER, as_of=24), ODD)
    assert row["sentence"] == "4 of 7 markers jumped together: consider repeat sample"


def test_a_patient_who_crashes_is_never_called_a_fault_of_the_sample() -> None:
    assessment = judged(BEFORE + CRASH, as_of=24)
    assert ODD not in flags_of(assessment)
    assert doubted(assessment) == set()


def test_fluid_that_lowers_all_by_a_fifth_is_no_fault_of_the_sample() -> None:
    assert ODD not in flags_of(judged(BEFORE + "24 | 82 | 94 | 66 | 25 | 328 | 83 | 139\n", as_of=24))


def test_a_response_of_ferritin_crp_and_liver_tests_is_no_dilution() -> None:
    course = """hour | ferritin | crp | ast | alt | ldh | bilirubin
                   0 | 30000    | 200 | 400 | 300 | 900 | 60
                  24 | 12000    | 80  | 160 | 120 | 360 | 24
    """
    assert ODD not in flags_of(judged(course, as_of=24))


def test_a_transfused_haemoglobin_does_not_count() -> None:
    given = "hour | hemoglobin | platelets | creatinine | sodium | given\n"
    course = given + "0 | 100 | 120 | 80 | 138 |\n20 | | | | | {}\n24 | 145 | 250 | 55 | 130 |\n"
    assert ODD in flags_of(judged(course.format(""), as_of=24))
    assert ODD not in flags_of(judged(course.format("red_cells 2 units"), as_of=24))


@pytest.mark.parametrize(("hour", "raised"), [("42", True), ("42:01", False)])
def test_only_a_recent_value_is_compared(hour: str, raised: bool) -> None:
    # 30 h after hour 12
    assert (ODD in flags_of(judged(BEFORE + HALF.replace("24 |", f"{hour} |", 1), as_of=43))) == raised


@pytest.mark.parametrize(("creatinine", "raised"), [(64, True), (65, False)])
def test_four_must_jump(creatinine: int, raised: bool) -> None:
    # ln(64/82) = -0.248 is -3.30 noises of 0.0752, ln(65/82) = -0.232 is -3.09
    course = BEFORE + f"24 | 145 | 250 | {creatinine} | 31 | 410 | 104 | 130\n"
    assert (ODD in flags_of(judged(course, as_of=24))) == raised


def test_the_next_draw_that_goes_back_clears_it_and_is_not_doubted_itself() -> None:
    assessment = judged(BEFORE + HALF + BACK, as_of=36)
    row = flag(assessment, ODD)
    assert (row["state"], row["cleared_at"]) == ("cleared", at(36))
    assert "went back" in row["why"]
    assert doubted(assessment) == {at(24)}
    assert doubted(judged(BEFORE + HALF + BACK_AND_MORE, as_of=48)) == {at(24)}


def test_the_next_draw_that_stays_confirms_it() -> None:
    assessment = judged(BEFORE + HALF + HALF.replace("24 |", "36 |", 1), as_of=36)
    row = flag(assessment, ODD)
    assert (row["state"], row["cleared_at"]) == ("cleared", at(36))
    assert "confirms" in row["why"]
    assert doubted(assessment) == set()


def test_too_few_values_of_the_next_draw_leave_it_open() -> None:
    course = BEFORE + HALF + "36 | 101 | 120 | - | - | - | - | -\n"
    assert ODD in flags_of(judged(course, as_of=36))
    assert ODD in flags_of(judged(BEFORE + HALF, as_of=500))


def test_ferritin_of_a_doubted_draw_is_doubted_too_and_no_hook_effect() -> None:
    course = (BEFORE + HALF).replace("sodium\n", "sodium | ferritin\n").replace("139\n", "139 | 20000\n")
    course = course.replace("138\n", "138 | 20000\n").replace("52 | 139 | 20000", "52 | 139 | 400")
    assessment = judged(course, as_of=24)
    assert ODD in flags_of(assessment)
    assert "ferritin_hook_suspected" not in flags_of(assessment)
    assert assessment.points.set_index(["analyte", "value"]).loc[("ferritin", 400.0), "suspect"].all()


def test_it_is_raised_when_enough_of_it_is_known() -> None:
    table = (BEFORE + HALF).replace("hour |", "hour | received |").replace("0 | 100 |", "0 | 1 | 100 |", 1)
    table = table.replace("12 | 102", "12 | 13 | 102").replace("24 | 51", "24 | 26 | 51")
    assert ODD not in flags_of(judged(table, as_of="25:59"))
    row = flag(judged(table, as_of=26), ODD)
    assert (row["began_at"], row["raised_at"]) == (at(24), at(26))


def test_it_is_retracted_when_the_sample_is_withdrawn() -> None:
    head = BEFORE.replace("hour |", "hour | received | version | status |")
    head = head.replace("0 | 100", "0 | 1 | 1 | final | 100", 1).replace("12 | 102", "12 | 13 | 1 | final | 102")
    first = HALF.replace("24 |", "24 | 25 | 1 | final |", 1)
    gone = HALF.replace("24 |", "24 | 30 | 2 | entered-in-error |", 1)
    history = lived(drawn(head + first + gone), 26, 31)
    assert story(history, ODD) == ["raised", "retracted"]
    assert "withdrawn" in history[history["flag"] == ODD].iloc[-1]["reason"]


def test_every_number_follows_from_the_evidence() -> None:
    row = flag(judged(BEFORE + HALF, as_of=24), ODD)
    values = {(entry["analyte"], entry["role"]): entry["value"] for entry in row["evidence"] if "analyte" in entry}
    assert (values["ldh", "baseline"], values["ldh", "newest"]) == (410.0, 205.0)
    assert len(values) == 14
    sums = {entry["name"]: entry["value"] for entry in row["evidence"] if entry["role"] == "calculation"}
    assert sums["LDH: change in noises"] == pytest.approx(-8.17, abs=0.01)  # ln 0.5 / (sqrt(2) * 0.05998)
    assert sums["Sodium: change in noises"] == 0
    assert (sums["markers compared"], sums["markers that jumped"], sums["common change"]) == (7, 6, -50.0)
