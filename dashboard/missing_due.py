"""What is missing and what falls due of one patient, in words: the same on the patient's page and on rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.concern import windows
from dashboard.rounds_news import Entry
from monitoring.terms import Catalog

When = Callable[[pd.Timestamp], str]


def missing_and_due(side: Bedside, catalog: Catalog, when: When) -> Iterator[Entry]:
    """Late first, then what a response verdict lacks, then what falls due. `when` tells a moment in ward time."""
    late: dict[str, list[str]] = {}
    coming: dict[pd.Timestamp, list[str]] = {}
    for row in side.awaited:
        label = catalog.analytes[row["analyte"]].label
        if row["overdue"]:
            late.setdefault(_since_when(row, side, when), []).append(label)
        else:
            coming.setdefault(row["due_at"], []).append(label)
    for since, labels in late.items():
        yield Entry("Late", f"{wording.listed(labels)}: {since}", "watch")
    yield from _windows(side, catalog, when)
    for due_at in sorted(coming):
        word = "Due since" if due_at <= side.as_of else "Due"
        yield Entry(f"{word} {when(due_at)}", wording.listed(coming[due_at]))


def nothing_awaited(side: Bedside) -> str:
    """What stands there instead; nobody without any result is to look as one of whom all is known."""
    return "Nothing is awaited." if side.trends else "No recent labs, and no rule waits for any."


def _since_when(row: Row, side: Bedside, when: When) -> str:
    if pd.isna(row["last_at"]):
        return f"none yet, due since {when(row['due_at'])}"
    return f"none for {wording.age(row['last_at'], side.as_of)}, due since {when(row['due_at'])}"


def _windows(side: Bedside, catalog: Catalog, when: When) -> Iterator[Entry]:
    """What the verdicts lack, windows that lack the same as one; then the labs of windows to come."""
    lacking: dict[str, list[str]] = {}
    coming = []
    for window in windows(side):
        hours, labels = str(window["hours"]), [catalog.analytes[code].label for code in window["missing"]]
        if window["verdict"] == "too_early":
            coming.append(_coming(hours, pd.Timestamp(window["due_at"]), side, when))
        elif labels:
            lacking.setdefault(wording.listed(labels), []).append(hours)
    for labels_lacking, at in lacking.items():
        yield Entry(f"Missing at {', '.join(at)} h", labels_lacking, "watch")
    yield from coming


def _coming(hours: str, due_at: pd.Timestamp, side: Bedside, when: When) -> Entry:
    word = "due" if due_at > side.as_of else "awaited since"
    return Entry(f"{hours} h labs", f"{word} {when(due_at)}", "note")
