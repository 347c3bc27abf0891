"""
Whom a cycle judges: those of whom a judgement may say anything that the one before it did not.

What is said of a patient changes when something is told, joined or parted, when the catalog is another one, or with
time alone: a window closes, labs become overdue, a drug no longer holds. The last of these comes so soon after the last
news that who was quiet for longer is left out without a word being lost, and a cycle's time does not grow with the
years. Counted from the last judgement and not from now: a cycle may not have run for weeks. An answer to a flag changes
no judgement, and a discharge is news like any other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

from monitoring.in_force import CATALOG
from monitoring.state import Judge, judge_and_record
from monitoring.terms import Catalog
from storage import heard
from storage.engine import Store
from storage.heard import JUDGED
from storage.marks import marked_at, marks_of, set_marks

SLACK_HOURS: Final = 24.0  # clocks of several machines differ, and cycles are hours apart


def judge_due(store: Store, catalog: Catalog, *, as_of: datetime, run_id: str, judge: Judge | None = None) -> int:
    """Writes down what judging everybody would; the number of patients judged."""
    whom = due(store, catalog, as_of=as_of)
    count = 0
    if whom != []:
        count = judge_and_record(store, catalog, as_of=as_of, run_id=run_id, patients=whom, judge=judge)
    set_marks(store, CATALOG, {JUDGED: _judge(catalog)}, at=as_of)  # last: what failed is judged again
    return count


def due(store: Store, catalog: Catalog, *, as_of: datetime) -> list[str] | None:
    """
    Identifiers; None for everybody: catalog or program are not those that judged last, or that was by a clock ahead.
    """
    last = _last_judged(store, catalog)
    if last is None or last > as_of:
        return None
    since = last - timedelta(hours=quiet_hours(catalog))
    return sorted({*heard.since(store, since), *heard.never(store)})


def quiet_hours(catalog: Catalog) -> float:
    """So long after the last news nothing changes with time alone: never less than a drug or a window needs."""
    response, overdue = (catalog.rules[code].parameters for code in ("steroid_response", "labs_overdue"))
    closes = max(response["windows"]) + max(response["window_after_hours"], response["firm_after_hours"])
    awaited = max(catalog.analytes[code].due_hours or 0.0 for code in overdue["analytes"]) + overdue["grace_hours"]
    holds = max(drug.holds_hours for drug in catalog.drugs.values())
    least = max(closes, holds + awaited) + SLACK_HOURS
    return float(max(catalog.settings["judged_after_days"] * 24.0, least))


def _last_judged(store: Store, catalog: Catalog) -> datetime | None:
    """The moment for which it last judged all that was due; None where another one did, or none."""
    if marks_of(store, CATALOG).get(JUDGED) != _judge(catalog):
        return None
    return marked_at(store, CATALOG, JUDGED)


def _judge(catalog: Catalog) -> str:
    return f"{catalog.version} in {version('maswatch')}"
