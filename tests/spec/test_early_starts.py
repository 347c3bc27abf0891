"""A steroid start from before the look-back is judged on its own values, whoever is judged beside."""

from __future__ import annotations

import pandas as pd

from monitoring.analysis.assessment import Assessment, as_known, judge
from monitoring.analysis.columns import Laid
from monitoring.analysis.course import Course
from monitoring.analysis.lookback import reach
from tests.spec.drawing import at, catalog, drawn, together

PULSE = "methylprednisolone 1000 mg"
HEADS = "hour | ferritin | fibrinogen | platelets | crp | ast | sodium | given"
POSITIONS = ["base_at", "now_at", "last_at"]
BACK = reach(catalog()).values
NOW = 60 + BACK  # the last value is drawn then, so that what is drawn before hour 60 lies before the look-back


def course(patient: str, begun: float, factor: float) -> Course:
    """A steroid is begun at that hour, and ferritin goes by the factor a day; the last value is drawn at NOW."""
    rows = [
        f"{begun + day * 24 - 1:g} | {8000 * factor**day:g} | 2.6 | 131 | 230 | 96 | 139 | {PULSE if day < 3 else ''}"
        for day in range(4)
    ]
    last = f"{NOW:g} | {8000 * factor**4:g} | 2.5 | 128 | 201 | 90 | 140 |"
    return drawn("\n".join([HEADS, *rows, last]), patient=patient)


EARLY, LATE = course("B", 0, 1.5), course("A", NOW - 90, 0.6)
EARLY_TOO, NEVER = course("D", 12, 0.7), drawn(f"hour | ferritin\n{NOW - 24:g} | 900\n{NOW:g} | 950", patient="C")


def said(*courses: Course) -> Assessment:
    now = pd.Timestamp(at(NOW))
    return judge(as_known(together(*courses), catalog(), as_of=now), catalog(), as_of=now)


def compared(told: Assessment) -> pd.DataFrame:
    """Of each marker and window what is said, and which values it was said on: by ref instead of by position."""
    refs = told.marker_points["ref"]
    by_ref = {name: refs.reindex(told.markers[name]).array for name in POSITIONS}
    return told.markers.assign(**by_ref).sort_values(["patient_id", "t0", "hours", "analyte"], ignore_index=True)


def test_starts_before_and_within_the_look_back_are_judged_together_as_alone() -> None:
    several = [EARLY, LATE, NEVER, EARLY_TOO]
    alone = [said(one) for one in several]
    assert [len(one.marker_points) == len(one.points) for one in alone] == [False, True, True, False]
    told, apart = said(*several), pd.concat([compared(one) for one in alone if len(one.markers)])
    expected = apart.sort_values(["patient_id", "t0", "hours", "analyte"], ignore_index=True)
    pd.testing.assert_frame_equal(compared(told), expected, rtol=1e-9, check_dtype=False)


def test_their_values_go_patient_by_patient_and_series_by_series() -> None:
    points = said(EARLY, LATE, NEVER, EARLY_TOO).marker_points
    assert points["patient_id"].unique().tolist() == ["A", "B", "D"]
    assert points["series"].tolist() == Laid.of(points[["patient_id", "analyte"]]).number.tolist()
    assert points.groupby(["patient_id", "analyte"])["hour"].is_monotonic_increasing.all()
    assert "sodium" not in set(points["analyte"])
