"""Many moments judged in one go say the same as each moment judged by itself."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pandas as pd
import pytest

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course, received
from monitoring.analysis.moments import assess_each
from monitoring.analysis.replay import FLAGS_KEY, RESPONSES_KEY, as_issued, replayed
from tests.spec.drawing import at, catalog, together
from tests.spec.test_laws import random_course

MOMENTS = [pd.Timestamp(at(hour)) for hour in (-20, 0, "11:59", 36, 60, 107)]


def ward(*seeds: int) -> Course:
    """Two patients a seed that wander; the second a newborn at the first of the moments and none at the last."""
    pairs = [(random_course(seed, f"A{seed}"), random_course(seed + 50, f"B{seed}")) for seed in seeds]
    told = together(*(course for pair in pairs for course in pair))
    born = [f"{at(-28 * 24 + 30):%Y-%m-%d}" if name[0] == "B" else "" for name in told.patients["patient_id"]]
    return Course(told.patients.assign(birth_date=born), told.observations, told.doses, told.findings)


def frames(assessment: Assessment) -> dict[str, pd.DataFrame]:
    parts = {one.name: getattr(assessment, one.name) for one in fields(assessment)}
    return {name: part for name, part in parts.items() if isinstance(part, pd.DataFrame)}


@pytest.mark.parametrize("seeds", [(0, 2, 4), (1, 3, 5)])
def test_moments_judged_together_say_what_each_says_alone(seeds: tuple[int, ...]) -> None:
    told = ward(*seeds)
    together_said = assess_each([(told, now) for now in MOMENTS], catalog())
    for now, one in zip(MOMENTS, together_said, strict=True):
        alone = assess(told, catalog(), as_of=now)
        assert one.as_of == alone.as_of
        for name, frame in frames(alone).items():
            pd.testing.assert_frame_equal(frames(one)[name], frame, rtol=1e-9, check_dtype=False, obj=name)


def test_a_moment_before_anything_is_known_says_nothing_beside_one_that_does() -> None:
    told = ward(1)
    nothing, something = assess_each([(told, pd.Timestamp(at(-1000))), (told, MOMENTS[-1])], catalog())
    assert len(nothing.points) == 0
    assert len(nothing.verdicts) == 0
    assert len(something.points) == len(assess(told, catalog(), as_of=MOMENTS[-1]).points)


def test_what_was_not_received_yet_is_not_among_what_was_told() -> None:
    told = ward(2)
    early = received(told, as_of=at(12))
    assert 0 < len(early.observations) < len(told.observations)
    assert early.observations["received_at"].max() <= pd.Timestamp(at(12))
    assert len(early.patients) == len(told.patients)


def test_patients_replayed_in_groups_are_replayed_alike() -> None:
    seeds = (range(3), range(10, 13), range(20, 23))
    groups = [
        together(*(random_course(seed, f"{name}{seed}") for seed in some))
        for name, some in zip("ABC", seeds, strict=True)
    ]
    every = timedelta(hours=12)
    whole = replayed(as_issued(together(*groups)), catalog(), every=pd.Timedelta(every))
    parts = [replayed(as_issued(group), catalog(), every=pd.Timedelta(every)) for group in groups]
    for name, key in {"flags": FLAGS_KEY, "responses": RESPONSES_KEY}.items():
        told = pd.concat([getattr(part, name) for part in parts]).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(getattr(whole, name), told)
    assert (whole.patients, whole.steps) == (sum(p.patients for p in parts), max(p.steps for p in parts))
