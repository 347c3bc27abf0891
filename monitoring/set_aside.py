"""What could not be read: looked at, and read again once the catalog or a setting has been mended."""

from __future__ import annotations

import json
from typing import Any

from monitoring.errors import IntakeError
from monitoring.sentences import counted
from storage import queries
from storage.engine import Store

LISTED = ("id", "source", "origin", "reason", "sentence", "raw")
Told = dict[str, Any]


def listed(store: Store) -> list[Told]:
    """Everything that is set aside and was not read since, oldest first."""
    return queries.set_aside(store)[list(LISTED)].to_dict("records")  # type: ignore[return-value]


def groups(store: Store) -> list[Told]:
    """The same by source, reason and code, with counts: a thousand results of one unknown analyte are one task."""
    found = queries.set_aside(store).groupby(["source", "reason", "code"], sort=False)
    told = found.agg(count=("id", "size"), patients=("patient_id", "nunique"), sentence=("sentence", "first"))
    return told.reset_index().sort_values("count", ascending=False, kind="stable").to_dict("records")  # type: ignore[return-value]


def shown(store: Store, wanted: str) -> Told:
    """One of them whole, by its id or the beginning of it. Raises IntakeError where there is not exactly one."""
    found = queries.set_aside(store, open_only=False)
    found = found[found["id"].str.startswith(wanted.strip())]
    if len(found) != 1 or not wanted.strip():
        raise IntakeError(
            f"{wanted!r} is the id of {counted(len(found), 'row')} set aside; `maswatch set-aside list` shows the ids."
        )
    one: Told = {str(name): told for name, told in found.iloc[0].items()}
    return one | {"fields": json.loads(one["fields"]), "received_at": one["received_at"].isoformat()}
