"""
Whom the ward still watches: everybody but those who left so long ago that nothing more is expected of them.

Only a discharge takes anybody away, never silence. What arrives late for those who left is judged by the next cycle,
which asks who was heard of (due.py). What runs every minute, or is drawn for every viewer, costs no more with the
years.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store


@dataclass(frozen=True)
class Present:
    """`patients`: identifiers, None for everybody there is. `earlier`: those who left before -> when."""

    patients: list[str] | None = None
    earlier: dict[str, pd.Timestamp] = field(default_factory=dict)


def present(store: Store, catalog: Catalog, *, as_of: datetime) -> Present:
    """By the discharges known at `as_of`; who was admitted again since is here."""
    people = queries.patients(store, as_of=as_of)
    left = people["discharged_at"].mask(people["admitted_at"] > people["discharged_at"])
    long_ago = left <= pd.Timestamp(as_of) - timedelta(days=float(catalog.settings["watched_after_days"]))
    if not long_ago.any():
        return Present()
    names = people["patient_id"]
    return Present(names[~long_ago].tolist(), dict(zip(names[long_ago], left[long_ago], strict=True)))
