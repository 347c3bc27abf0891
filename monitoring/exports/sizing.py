"""How many patients are told together, so that memory does not grow with how long they were watched."""

from __future__ import annotations

from collections.abc import Sequence

from storage import queries
from storage.engine import Store

LOOKED_AT = 32  # patients, evenly among all: to count the values of everybody takes as long as to read a tenth of them


def together(store: Store, chosen: Sequence[str], *, most: int, values: int) -> int:
    """`most`; fewer where as many of those looked at would have more than `values`. At least one."""
    some = chosen[:: max(len(chosen) // LOOKED_AT, 1)]
    held = queries.how_many(store, some)
    return max(min(most, values * len(some) // held), 1) if held else most
