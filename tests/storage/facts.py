"""Believable facts for the tests: a child with MAS on methylprednisolone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from storage.engine import Store
from storage.writes import Batch, Counts, append

MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = MORNING + timedelta(days=400)


def lab(
    ref: int, value: float, *, hours: float = 0, patient: str = "P1", issued: float | None = None, **more: Any
) -> dict[str, Any]:
    """
    A ferritin drawn `hours` after the morning and issued `issued` hours after it; the digest is the value's. Its source
    calls it by its `ref`.
    """
    told = {
        "patient_id": patient, "collected_at": MORNING + hours * HOUR, "ref": ref, "digest": int(value * 10),
        "analyte": "ferritin", "value": value, "unit": "ug/L", "value_text": f"{value:g}", "unit_text": "ng/mL",
        "resulted_at": None if issued is None else MORNING + issued * HOUR, "origin": "labs.csv:2",
        "source_id": f"R{ref}",
    }  # fmt: skip
    return told | more


def dose(ref: int, amount: float, *, hours: float = 0, patient: str = "P1", **more: Any) -> dict[str, Any]:
    told = {
        "patient_id": patient, "started_at": MORNING + hours * HOUR, "ref": ref, "digest": int(amount * 10),
        "given": "methylprednisolone", "amount": amount, "unit": "mg", "route": "iv", "source_id": f"R{ref}",
    }  # fmt: skip
    return told | more


def finding(ref: int, value: str, *, hours: float = 0, patient: str = "P1") -> dict[str, Any]:
    return {
        "patient_id": patient, "observed_at": MORNING + hours * HOUR, "ref": ref, "digest": hash_of(value),
        "finding": "splenomegaly", "value": value, "source_id": f"R{ref}",
    }  # fmt: skip


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode()[:7], "big")


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def batch(at: float = 0, **frames: Any) -> Batch:
    """Received `at` hours after the morning; frames may be given as lists of rows."""
    made = {name: frame(*rows) if _rows(rows) else rows for name, rows in frames.items()}
    return Batch(**{"run_id": f"run-{at:g}", "source": "drop", "received_at": MORNING + at * HOUR} | made)


def tell(store: Store, *rows: dict[str, Any], at: float = 0, **more: Any) -> Counts:
    """Takes labs in; what became of them."""
    return append(store, batch(at, observations=list(rows), **more))["observations"]


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
