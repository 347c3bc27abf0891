"""
Since when the catalog of now judges a store, written down by each cycle that finds another one noted there.

What was judged before that followed other rules: that one of now would have said more is no fault of what was written.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from monitoring.terms import Catalog
from storage import integrity
from storage.engine import Store
from storage.marks import marked_at, marks_of, set_marks

CATALOG: Final = "(catalog)"
VERSION: Final = "version"
EVER: Final = datetime.min.replace(tzinfo=UTC)
NOT_YET: Final = datetime.max.replace(tzinfo=UTC)


def note(store: Store, catalog: Catalog, *, now: datetime) -> None:
    if marks_of(store, CATALOG).get(VERSION) != catalog.version:
        set_marks(store, CATALOG, {VERSION: catalog.version}, at=now)


def since(store: Store, catalog: Catalog) -> datetime:
    """
    The first moment judged by it: NOT_YET where no cycle was, EVER where nothing tells of another.

    A store of a maswatch that noted nothing tells of one by words that are of another version of their rule.
    """
    noted = marks_of(store, CATALOG).get(VERSION)
    if noted is None:
        other = integrity.last_said_otherwise(store, {code: rule.version for code, rule in catalog.rules.items()})
        return other + timedelta(microseconds=1) if other else EVER
    return (marked_at(store, CATALOG, VERSION) or EVER) if noted == catalog.version else NOT_YET
