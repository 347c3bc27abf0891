"""What follows from the catalog alone, worked out once for each catalog that is in use."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from monitoring.terms import Catalog

T = TypeVar("T")


def of_catalog(work: Callable[[Catalog], T]) -> Callable[[Catalog], T]:
    """`work`, done once a catalog and forgotten with it; what it gives is shared, and nobody may change it."""
    held: dict[int, T] = {}

    @wraps(work)
    def told(catalog: Catalog) -> T:
        # by identity: a catalog is full of mappings and has no hash of its own
        number = id(catalog)
        if number not in held:
            weakref.finalize(catalog, held.pop, number, None).atexit = False
            held[number] = work(catalog)
        return held[number]

    return told
