"""Laws of judging, on random courses: no future in the past, no order of telling, no patient in another."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course, only
from monitoring.analysis.recording import changes
from storage.frames import FLAG_CHANGES, empty
from tests.spec.drawing import at, catalog, drawn, together

SEEDS = range(12)
NOW = at(60)
ANALYTES = {
    "ferritin": (8000, 0.3),
    "fibrinogen": (2.5, 0.2),
    "platelets": (90, 0.2),
    "crp": (120, 0.5),
    "ast": (150, 0.3),
}


def random_course(seed: int, patient: str = "A") -> Course:
    """Five days of twelve-hourly draws that wander, with late results, corrections, pulses and products."""
    dice = random.Random(seed)
    level = {name: start for name, (start, _) in ANALYTES.items()}
    lines = ["hour | received | version | status | " + " | ".join(ANALYTES) + " | given"]
    for hour in range(-24, 108, 12):
        level = {name: value * 2.0 ** dice.gauss(0, ANALYTES[name][1]) for name, value in level.items()}
        cells = [f"{value:.2f}" if dice.random() < 0.85 else "" for value in level.values()]
        given = dice.choice(["", "", "methylprednisolone 1000 mg", "fibrinogen_concentrate 4 g", "anakinra 200 mg"])
        lines.append(f"{hour} | {hour + dice.choice([1, 1, 30])} | 1 | final | " + " | ".join(cells) + f" | {given}")
        if dice.random() < 0.2:
            wrong = [f"{value * 3:.2f}" if cell else "" for cell, value in zip(cells, level.values(), strict=True)]
            lines.append(f"{hour} | {hour + 40} | 2 | corrected | " + " | ".join(wrong) + " | ")
    return drawn("\n".join(lines), patient=patient)


def until(course: Course, moment: pd.Timestamp) -> Course:
    names = ("observations", "doses", "findings")
    return replace(
        course, **{name: getattr(course, name)[getattr(course, name)["received_at"] <= moment] for name in names}
    )


def said(assessment: Assessment) -> list[pd.DataFrame]:
    flags = assessment.flags.drop(columns=["first", "turn", "now", "end", "places"]).sort_values(["patient_id", "flag"])
    verdicts = assessment.verdicts.drop(columns=["known_at"], errors="ignore").sort_values(
        ["patient_id", "t0", "hours"]
    )
    lines = assessment.lines.drop(columns=["doses"]).sort_values("patient_id")
    return [frame.reset_index(drop=True) for frame in (flags, verdicts, lines)]


def same(one: Assessment, other: Assessment) -> None:
    for mine, theirs in zip(said(one), said(other), strict=True):
        pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_future_never_changes_the_past(seed: int) -> None:
    course = random_course(seed)
    same(assess(course, catalog(), as_of=NOW), assess(until(course, pd.Timestamp(NOW)), catalog(), as_of=NOW))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_telling_does_not_matter(seed: int) -> None:
    course = random_course(seed)
    shuffled = Course(**{name: frame.sample(frac=1, random_state=seed) for name, frame in vars(course).items()})
    same(assess(course, catalog(), as_of=NOW), assess(shuffled, catalog(), as_of=NOW))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_is_judged_alike_alone_and_among_others(seed: int) -> None:
    mine = random_course(seed, "M")
    ward = together(random_course(seed + 100, "A"), mine, random_course(seed + 200, "Z"))
    among = assess(ward, catalog(), as_of=NOW)
    alone = assess(mine, catalog(), as_of=NOW)
    for many, one in zip(said(among), said(alone), strict=True):
        mine_only = many[many["patient_id"] == "M"].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine_only, one, check_dtype=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_judging_again_records_nothing_new(seed: int) -> None:
    course = until(random_course(seed), pd.Timestamp(NOW))
    assessment = assess(course, catalog(), as_of=NOW)
    first = changes(empty(FLAG_CHANGES), course, assessment, catalog(), run_id="r1")
    assert changes(first, course, assessment, catalog(), run_id="r2").empty


@pytest.mark.parametrize("seed", SEEDS)
def test_missing_values_never_clear_a_flag(seed: int) -> None:
    course = until(random_course(seed), pd.Timestamp(NOW))
    series_flags = ["ferritin_rising", "fibrinogen_falling", "platelets_falling", "ferritin_extreme", "fibrinogen_low"]
    now, later = (assess(course, catalog(), as_of=moment) for moment in (NOW, NOW + timedelta(days=30)))

    def active(assessment: Assessment) -> set[str]:
        on = assessment.flags[assessment.flags["state"].eq("active") & assessment.flags["flag"].isin(series_flags)]
        return set(on["flag"])

    assert active(later) == active(now)


def test_a_course_of_nobody_gives_empty_answers() -> None:
    nobody = only(random_course(1), [])
    assessment = assess(nobody, catalog(), as_of=NOW)
    assert assessment.flags.empty
    assert assessment.responses.empty
    assert assessment.trends.empty
