"""What a flag rests on without its evidence being written is what the evidence names; a replay asks for no more."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from monitoring.analysis.explain import explained
from monitoring.analysis.moments import assess_each
from monitoring.analysis.resting import ASKED, rested, rested_on
from monitoring.analysis.written import iso
from tests.spec.drawing import catalog
from tests.spec.test_laws import ward_known_judged
from tests.spec.test_moments import MOMENTS, ward


def test_a_flag_rests_on_the_very_values_that_its_evidence_names() -> None:
    judged = ward_known_judged()
    flags = judged.near.flags
    evidence = explained(flags, judged, catalog())["evidence"]
    named = [{(row["ref"], row["version"]) for row in rows if "ref" in row} for rows in evidence]
    rests = [{(row["ref"], row["version"]) for row in rows} for rows in rested(flags, judged.near, catalog())]
    assert rests == named
    kinds = {catalog().rules[code].kind for code, refs in zip(flags["flag"], named, strict=True) if refs}
    assert {"trend", "level", "response_window", "hook"} <= kinds


def test_the_values_that_flags_rest_on_are_those_of_each_of_them_together() -> None:
    judged = ward_known_judged()
    flags = judged.near.flags
    each = zip(flags["patient_id"], rested(flags, judged.near, catalog()), strict=True)
    rests = {(name, row["ref"]): row["collected_at"] for name, rows in each for row in rows}
    found = rested_on(flags, judged.near, catalog())
    assert {key: iso(at) for key, at in found.items()} == rests


def test_a_flag_of_silence_rests_on_no_value_where_none_is_left() -> None:
    judged = ward_known_judged()
    awaited = judged.near.flags[judged.near.flags["flag"].eq("labs_overdue")].head(1)
    assert len(awaited)
    assert rested_on(awaited, replace(judged.near, points=judged.near.points[:0]), catalog()) == {}


def test_the_frames_that_are_asked_for_are_those_of_the_whole_judgement_and_the_others_are_empty() -> None:
    steps = [(ward(1), now) for now in MOMENTS[2:4]]
    for few, whole in zip(assess_each(steps, catalog(), ASKED), assess_each(steps, catalog()), strict=True):
        for name, columns in ASKED.items():
            frame = getattr(whole, name)
            pd.testing.assert_frame_equal(getattr(few, name), frame[[*columns]] if columns else frame, obj=name)
        assert few.lines.empty
        assert few.course.observations.empty
        assert not whole.course.observations.empty
