"""Drawn courses lived through: the history of flags that cycles at some hours write."""

from __future__ import annotations

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.recording import changes
from storage.frames import FLAG_CHANGES, empty
from tests.spec.drawing import assessed, at, catalog


def lived(course: Course, *hours: float | str) -> pd.DataFrame:
    """The history that cycles at these hours write."""
    history = empty(FLAG_CHANGES)
    for hour, assessment in zip(hours, assessed(course, *hours), strict=True):
        told = Course(
            **{name: frame[frame["received_at"] <= pd.Timestamp(at(hour))] for name, frame in vars(course).items()}
        )
        new = changes(history, told, assessment, catalog(), run_id=f"run {hour}")
        history = pd.concat([frame for frame in (history, new) if len(frame)] or [history], ignore_index=True)
    return history


def story(history: pd.DataFrame, code: str) -> list[str]:
    return history[history["flag"] == code].sort_values("seq")["change"].tolist()
