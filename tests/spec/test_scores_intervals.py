"""What scores do with old, censored and moved values, whoever else is on the ward."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pandas as pd
import pytest

import monitoring.analysis.scores as package
from monitoring.analysis.assessment import assess
from monitoring.analysis.course import Course
from monitoring.analysis.scores.candidates import within_reach
from tests.spec.drawing import at, catalog, judged, together
from tests.spec.scoring import course, labs, score, scores_of

CODES = ["hscore", "hlh2004", "hlh2024", "mas2016", "ms", "ferritin_esr", "iec_hs", "isth_dic", "sic"]


def test_a_value_is_carried_to_the_minute_of_its_limit_and_its_age_is_told() -> None:
    table = "hour | ferritin\n0 | 7000"
    told = score("hscore", table, as_of=36)
    assert (told["points"]["ferritin"], told["ages"]["ferritin"]) == (50, 36.0)
    told = score("hscore", table, as_of="36:01")
    assert (told["points"]["ferritin"], "ferritin" in told["ages"]) == (None, False)
    assert told["reasons"]["ferritin"] == "not known within 36 h"


def test_what_lies_beyond_the_reach_of_all_components_changes_no_score() -> None:
    told = judged("hour | ferritin | crp\n-600 | 90 | 4\n0 | 7000 | 90", as_of=12)
    reached = within_reach(told.course.observations, catalog(), as_of=told.as_of)
    assert reached["collected_at"].unique().tolist() == [at(0)]
    alone = judged("hour | ferritin | crp\n0 | 7000 | 90", as_of=12)
    pd.testing.assert_frame_equal(told.scores, alone.scores)


def test_the_newest_value_counts_and_of_temperatures_the_highest_of_two_days() -> None:
    table = "hour | ferritin | temperature\n0 | 7000 | 39.6\n12 | 900 | 37.1\n24 | 1000 | 36.9"
    told = score("hscore", table, as_of=24)
    assert (told["points"]["ferritin"], told["points"]["temperature"]) == (0, 49)
    assert (told["ages"]["ferritin"], told["ages"]["temperature"]) == (0.0, 24.0)
    assert score("hscore", table, as_of="48:01")["points"]["temperature"] == 0


def test_a_temperature_noted_as_a_finding_is_a_temperature() -> None:
    assert score("hlh2004", findings={"temperature_c": "38.5"})["points"]["fever"] == 1


def test_a_finding_is_carried_and_the_newest_one_counts() -> None:
    seen = {"splenomegaly @-168": "yes"}
    assert score("hlh2004", findings=seen)["points"]["splenomegaly"] == 1
    assert score("hlh2004", findings=seen, as_of="0:01")["points"]["splenomegaly"] is None
    assert score("hlh2004", findings=seen | {"splenomegaly @-2": "no"})["points"]["splenomegaly"] == 0


def test_what_was_received_later_plays_no_part() -> None:
    table = "hour | received | ferritin\n0 | 0 | 300\n6 | 30 | 9000"
    assert score("hscore", table, as_of=12)["points"]["ferritin"] == 0
    assert score("hscore", table, as_of=30)["points"]["ferritin"] == 50


@pytest.mark.parametrize(
    ("value", "points"),
    [
        (">40000", 50),
        (">6000", 50),  # above 6,000 is what the cut-off says
        (">=6000", None),
        (">1000", None),
        ("<100", 0),
        ("<2000", 0),
        ("<=2000", None),
        ("<5000", None),
    ],
)
def test_a_censored_value_counts_where_it_is_certain(value: str, points: int | None) -> None:
    told = score("hscore", labs(ferritin=value))
    assert told["points"]["ferritin"] == points
    assert ("ferritin" in told["missing"]) == (points is None)


def test_a_value_that_may_be_a_hook_effect_counts_for_no_points() -> None:
    table = "hour | ferritin\n0 | >16500\n26 | 533"
    for hour, points in (("26", 50), ("36:01", None)):  # the bound, above 6,000, is carried for 36 h
        scores = judged(table, as_of=hour).scores
        told = scores[scores["score"].eq("hscore")].iloc[0]
        assert told["points"]["ferritin"] == points
    assert told["reasons"]["ferritin"].startswith("measured, but doubted: lower than its half-life allows")


def test_a_bound_narrows_the_interval_as_far_as_it_goes() -> None:
    # all open but ferritin: 337 - 50 + 0..50; ">=2000" gives 35 at least
    told = score("hscore", labs(ferritin=">=2000"))
    assert (told["low"], told["high"]) == (35, 337)
    assert told["reasons"]["ferritin"] == "above the assay's range"
    seen = dict.fromkeys(("cns", "haemorrhage", "arthritis"), "no")
    told = score("ms", labs(platelets=100, ldh=500, fibrinogen=2.0, ferritin=">=40000"), findings=seen)
    # -0.3 + 0.5 - 0.8 + 4.0, and more if ferritin is more
    assert (told["low"], told["positive"], told["points"]["ferritin"]) == (3.4, True, None)
    assert told["high"] > 100


def test_fibrinogen_after_concentrate_is_the_patients_own_at_most() -> None:
    table = "hour | fibrinogen | triglycerides | given\n0 | | 1.0 | fibrinogen_concentrate 4 g\n2 | {} | |"
    told = score("hlh2004", table.format(2.0), as_of=3)
    assert told["points"]["triglycerides_or_fibrinogen"] is None
    assert told["reasons"]["fibrinogen"] == "moved by Fibrinogen concentrate"
    # low in spite of the concentrate: that does not fool it
    assert score("hlh2004", table.format(1.4), as_of=3)["points"]["triglycerides_or_fibrinogen"] == 1


def test_a_usable_value_before_the_concentrate_is_taken_instead() -> None:
    table = "hour | fibrinogen | given\n0 | 1.2 |\n1 | | fibrinogen_concentrate 4 g\n2 | 2.6 |"
    told = score("hscore", table, as_of=3)
    assert (told["points"]["fibrinogen"], told["ages"]["fibrinogen"]) == (30, 3.0)


def test_a_fall_under_tocilizumab_is_no_low_fibrinogen_of_the_disease() -> None:
    table = "hour | fibrinogen | platelets | given\n-48 | | | tocilizumab 560 mg\n0 | 3.0 | 170 |"
    told = score("mas2016", table)
    assert (told["points"]["fibrinogen"], told["points"]["platelets"]) == (None, None)
    assert told["reasons"]["fibrinogen"] == "moved by Tocilizumab"


def test_concentrate_under_tocilizumab_moves_both_ways() -> None:
    table = "hour | fibrinogen | given\n-48 | | tocilizumab 560 mg\n-2 | | fibrinogen_concentrate 4 g\n0 | {} |"
    for value in (1.0, 5.0):
        assert score("mas2016", table.format(value))["points"]["fibrinogen"] is None


@pytest.mark.parametrize(("value", "points"), [(5.0, None), (1.6, None), (1.4, 0)])
def test_triglycerides_on_propofol_are_the_patients_own_at_most(value: float, points: int | None) -> None:
    table = f"hour | triglycerides | given\n-1 | | propofol 200 mg\n0 | {value} |"
    assert score("hscore", table)["points"]["triglycerides"] == points


@pytest.mark.parametrize(("value", "points"), [(39.0, 1), (37.0, None)])
def test_what_suppresses_fever_cannot_make_one(value: float, points: int | None) -> None:
    table = f"hour | temperature | given\n-4 | | anakinra 200 mg\n0 | {value} |"
    assert score("hlh2004", table)["points"]["fever"] == points


def test_a_platelet_transfusion_cannot_take_a_low_count_away() -> None:
    table = "hour | platelets | given\n-4 | | platelets_product 1 unit\n0 | {} |"
    told = score("isth_dic", table.format(120))
    assert (told["points"]["platelets"], told["reasons"]["platelets"]) == (None, "moved by Platelet transfusion")
    assert score("isth_dic", table.format(30))["points"]["platelets"] == 2


def test_a_steroid_does_not_make_the_white_cells_unusable() -> None:
    table = "hour | wbc | hemoglobin | platelets | given\n-4 | | | | methylprednisolone 1000 mg\n0 | 9 | 120 | 60 |"
    assert score("hscore", table)["points"]["cytopenia"] == 0


def test_every_score_is_told_for_every_patient_in_order() -> None:
    ward = together(course(patient="B"), course(labs(ferritin=900), patient="A"))
    told = assess(ward, catalog(), as_of=at(0)).scores
    assert list(zip(told["patient_id"], told["score"], strict=True)) == [(p, c) for p in "BA" for c in CODES]
    assert all(told["source"].map(len) > 0)
    assert all(key in catalog().references for sources in told["source"] for key in sources)


def test_the_scores_of_an_assessment_are_those_that_are_asked_for_alone() -> None:
    ward = together(wandering(1, "B"), wandering(2, "A"))
    pd.testing.assert_frame_equal(assess(ward, catalog(), as_of=at(0)).scores, scores_of(ward))


def test_an_empty_ward_has_no_scores_and_all_columns() -> None:
    one = course(labs(ferritin=900))
    none = Course(**{name: frame.iloc[:0] for name, frame in vars(one).items()})
    assert list(assess(none, catalog(), as_of=at(0)).scores.columns) == list(assess(one, catalog(), as_of=at(0)).scores)


def wandering(seed: int, patient: str) -> Course:
    dice = random.Random(seed)
    names = ("ferritin", "fibrinogen", "platelets", "triglycerides", "esr", "ast", "hemoglobin", "pt")
    rows = ["hour | given | " + " | ".join(names)]
    for hour in range(-96, 1, 12):
        cells = [
            f"{dice.choice(['', '', '>', '<'])}{dice.uniform(20, 120):.1f}" if dice.random() < 0.6 else ""
            for _ in names
        ]
        given = dice.choice(
            ["", "", "propofol 200 mg", "fibrinogen_concentrate 4 g", "tocilizumab 500 mg", "ivig 70 g"]
        )
        rows.append(f"{hour} | {given} | " + " | ".join(cells))
    return course("\n".join(rows), patient=patient, findings={"splenomegaly": dice.choice(["yes", "no"])})


@pytest.mark.parametrize("seed", range(6))
def test_the_same_facts_give_the_same_scores_alone_among_others_and_in_any_order(seed: int) -> None:
    mine, other = wandering(seed, "A"), wandering(seed + 100, "B")
    alone = scores_of(mine)
    ward = together(mine, other)
    shuffled = Course(**{name: frame.sample(frac=1, random_state=seed) for name, frame in vars(ward).items()})
    among = scores_of(shuffled)
    among = among[among["patient_id"].eq("A")].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)


@pytest.mark.parametrize("seed", range(6))
def test_knowing_more_never_widens_an_interval(seed: int) -> None:
    whole = wandering(seed, "A")
    plain = Course(whole.patients, whole.observations, whole.doses.iloc[:0], whole.findings)
    fewer = Course(
        plain.patients, plain.observations[plain.observations["analyte"].ne("platelets")], plain.doses, plain.findings
    )
    much, little = scores_of(plain), scores_of(fewer)
    assert all((much["low"] >= little["low"]) | little["low"].isna())
    assert all((much["high"] <= little["high"]) | little["high"].isna())


def test_no_number_of_medicine_stands_in_the_code_of_scores() -> None:
    """0 and 1, hours of a day, days of a year, half of a last decimal digit, and the hair and digits of floats."""
    plain = {0, 1, 24, 365.25, 0.5, 10, 9, 1e-6}
    for path in Path(package.__file__).parent.glob("*.py"):
        numbers = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, int | float)
            and not isinstance(node.value, bool)
        }
        assert numbers <= plain, path.name
