"""How many patients are told together, so that memory does not grow with how long they were watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine import Store

JUDGED = 150, 32_000  # patients, and values of theirs at most: three processes stay within 500 MB together
REPORTED = 128, 100_000  # the same where nothing is judged
FIRST = 20  # patients whose values stand on a screen before the others are judged
LOOKED_AT = 32  # patients, evenly among all: to count the values of everybody takes as long as to read a tenth of them


def together(store: Store, chosen: Sequence[str], *, most: int, values: int) -> int:
    """`most`; fewer where as many of those looked at would have more than `values`. At least one."""
    from storage import queries  # who counts in another way has no need of it

    some = looked_at(chosen)
    return fitting(queries.how_many(store, some), len(some), most=most, values=values)


def looked_at(chosen: Sequence[str]) -> Sequence[str]:
    return chosen[:: max(len(chosen) // LOOKED_AT, 1)]


def fitting(held: int, of: int, *, most: int, values: int) -> int:
    """The same, where so many patients have `held` values."""
    return max(min(most, values * of // held), 1) if held else most
