"""Positions of compared values, two by two, for each thing they were compared for; a loop over the few told."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any


def in_pairs(keys: Iterable[Any], before: Iterable[Any], after: Iterable[Any]) -> dict[Hashable, tuple[int, ...]]:
    """Key -> before, after, before, after …, in the order given."""
    found: dict[Hashable, tuple[int, ...]] = {}
    for key, one, two in zip(keys, before, after, strict=True):
        found[key] = (*found.get(key, ()), int(one), int(two))
    return found
