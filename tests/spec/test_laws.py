"""Laws of judging, on random courses: no future in the past, no order of telling, no patient in another."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from functools import cache

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


def of(frame: pd.DataFrame, patient: str) -> pd.DataFrame:
    return frame[frame["patient_id"].eq(patient)].reset_index(drop=True)


def said(assessment: Assessment) -> list[pd.DataFrame]:
    flags = assessment.flags.drop(columns=["first", "turn", "now", "end", "places"]).sort_values(["patient_id", "flag"])
    verdicts = assessment.verdicts.drop(columns=["known_at"], errors="ignore").sort_values(
        ["patient_id", "t0", "hours"]
    )
    return [flags, verdicts, assessment.lines.drop(columns=["doses"])]


def same(one: Assessment, other: Assessment, patient: str) -> None:
    for mine, theirs in zip(said(one), said(other), strict=True):
        pd.testing.assert_frame_equal(of(mine, patient), of(theirs, patient), check_dtype=False)


def name_of(seed: int) -> str:
    return f"P{seed:03d}"


@cache
def ward() -> Course:
    """The courses of all seeds. A judgement costs the same for one as for all: the laws are tried on all at once."""
    return together(*(random_course(seed, name_of(seed)) for seed in SEEDS))


@cache
def ward_judged() -> Assessment:
    return assess(ward(), catalog(), as_of=NOW)


@cache
def ward_known() -> Course:
    """What has been received by now."""
    return until(ward(), pd.Timestamp(NOW))


@cache
def ward_known_judged() -> Assessment:
    return assess(ward_known(), catalog(), as_of=NOW)


@cache
def known_judged_later() -> Assessment:
    return assess(ward_known(), catalog(), as_of=NOW + timedelta(days=30))


@cache
def shuffled_judged() -> Assessment:
    shuffled = Course(**{name: frame.sample(frac=1, random_state=1) for name, frame in vars(ward()).items()})
    return assess(shuffled, catalog(), as_of=NOW)


@cache
def among_others_judged() -> Assessment:
    """Each between two others."""
    before, after = (
        [random_course(seed + more, f"{name}{seed}") for seed in SEEDS] for more, name in ((100, "A"), (200, "Z"))
    )
    return assess(together(*before, ward(), *after), catalog(), as_of=NOW)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_future_never_changes_the_past(seed: int) -> None:
    same(ward_judged(), ward_known_judged(), name_of(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_telling_does_not_matter(seed: int) -> None:
    same(ward_judged(), shuffled_judged(), name_of(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_is_judged_alike_alone_and_among_others(seed: int) -> None:
    alone = assess(random_course(seed, name_of(seed)), catalog(), as_of=NOW)
    same(alone, ward_judged(), name_of(seed))
    same(alone, among_others_judged(), name_of(seed))


def test_judging_again_records_nothing_new() -> None:
    first = changes(empty(FLAG_CHANGES), ward_known(), ward_known_judged(), catalog(), run_id="r1")
    assert set(first["patient_id"]) == {name_of(seed) for seed in SEEDS}
    assert changes(first, ward_known(), ward_known_judged(), catalog(), run_id="r2").empty


@pytest.mark.parametrize("seed", SEEDS)
def test_missing_values_never_clear_a_flag(seed: int) -> None:
    series_flags = ["ferritin_rising", "fibrinogen_falling", "platelets_falling", "ferritin_extreme", "fibrinogen_low"]

    def active(assessment: Assessment) -> set[str]:
        flags = of(assessment.flags, name_of(seed))
        return set(flags.loc[flags["state"].eq("active") & flags["flag"].isin(series_flags), "flag"])

    assert active(known_judged_later()) == active(ward_known_judged())


def test_a_course_of_nobody_gives_empty_answers() -> None:
    nobody = only(random_course(1), [])
    assessment = assess(nobody, catalog(), as_of=NOW)
    assert assessment.flags.empty
    assert assessment.responses.empty
    assert assessment.trends.empty
