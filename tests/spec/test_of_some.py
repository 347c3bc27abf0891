"""A judgement cut down to some patients is the judgement of these patients."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd
import pytest

from monitoring.analysis.of_some import of_some
from monitoring.analysis.recording import changes
from storage.frames import FLAG_CHANGES, empty
from tests.spec.drawing import assessed, catalog, together
from tests.spec.test_early_starts import EARLY, EARLY_TOO, LATE, NEVER, said
from tests.spec.test_moments import frames, ward

HERE = {"A": LATE, "B": EARLY, "C": NEVER, "D": EARLY_TOO}


@pytest.mark.parametrize("few", [["B"], ["D"], ["B", "C"], ["A", "D"], []])
def test_what_is_cut_out_is_what_these_patients_would_have_been_told_alone(few: list[str]) -> None:
    cut, alone = of_some(said(*HERE.values()), few), said(*(HERE[name] for name in few)) if few else None
    assert cut.course.patients["patient_id"].tolist() == few
    for name, frame in frames(cut).items():
        if alone is None:
            assert frame.empty
            continue
        wanted = frames(alone)[name]
        # which number a series has is of no meaning, as long as series keep apart
        same = [one.drop(columns="series", errors="ignore") for one in (frame, wanted)]
        pd.testing.assert_frame_equal(*same, rtol=1e-9, check_dtype=False, obj=name)


def test_the_markers_keep_the_points_of_the_flags_where_they_are_the_same() -> None:
    whole = said(LATE, NEVER)
    assert whole.marker_points is whole.points
    few = of_some(whole, ["A"])
    assert few.marker_points is few.points
    assert {one.name for one in fields(few)} == {one.name for one in fields(whole)}


def test_flags_are_told_in_the_same_words_from_what_is_cut_out() -> None:
    course = ward(0, 1, 2)
    [whole] = assessed(together(course), 107)
    said_of_all = changes(empty(FLAG_CHANGES), course, whole, catalog(), run_id="")
    assert said_of_all["patient_id"].nunique() > 2
    for name in course.patients["patient_id"]:
        told = changes(empty(FLAG_CHANGES), course, of_some(whole, [name]), catalog(), run_id="")
        mine = said_of_all[said_of_all["patient_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(told, mine, check_dtype=False)
