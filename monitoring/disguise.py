"""Pseudonyms and shifted dates for exports: the same patient always alike, nobody named, intervals kept."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KEY_FILE = "export.key"
KEY_BYTES = 32
YEARS_BACK = 5  # a shift is 1 to 5 times 52 weeks back, and up to 6 weeks either way: weekday and season stay
WEEKS_AROUND = 6


def own_key(data_dir: Path) -> bytes:
    """This installation's key, made at first use, readable by its owner only, never exported."""
    path = data_dir / KEY_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(KEY_BYTES))
    return path.read_bytes()


def pseudonyms(patients: list[str], key: bytes) -> dict[str, str]:
    """patient_id -> "P" and twelve signs of a keyed hash."""
    return {patient: "P" + _digest(key, "name", patient).hex()[:12] for patient in patients}


def subject_ids(patients: Iterable[str], key: bytes | None) -> dict[str, int]:
    """
    Name or pseudonym -> a number for formats that count people: of a pseudonym its own twelve signs, so that formats
    can be joined and sort alike; without a `key` those that the name itself gives, which hide nothing.
    """
    return {
        name: int(name[1:], 16) if key else int.from_bytes(_digest(b"", "number", name)[:6], "big") for name in patients
    }


def shifts(patients: list[str], key: bytes) -> dict[str, pd.Timedelta]:
    """patient_id -> whole weeks to add to every time of that patient."""
    return {patient: _shift(_digest(key, "time", patient)) for patient in patients}


def _shift(digest: bytes) -> pd.Timedelta:
    years = 1 + int.from_bytes(digest[:4], "big") % YEARS_BACK
    weeks = int.from_bytes(digest[4:8], "big") % (2 * WEEKS_AROUND + 1) - WEEKS_AROUND
    return _weeks(weeks - 52 * years)


@cache
def _weeks(number: int) -> pd.Timedelta:
    """One for all patients moved alike: making it costs more than finding out by how much."""
    import pandas as pd  # which who looks for names alone has no need of

    return pd.Timedelta(weeks=number)


def _digest(key: bytes, purpose: str, patient: str) -> bytes:
    return hmac.digest(key, f"{purpose}:{patient}".encode(), "sha256")
