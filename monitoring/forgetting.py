"""
Removing a patient for good, on a person's word or because the time is over for which a site keeps the discharged.

The record of it names nobody: it has a keyed hash of the identifier, made with this installation's own key.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from pathlib import Path

from monitoring.disguise import own_key
from monitoring.errors import ErasingError
from storage import merges, queries
from storage.engine import Store
from storage.erasing import Act, erase, heard_of_since, one_person

RETENTION = "retention"
MOST = 200  # at a time, so that no cycle waits long for it; the next one goes on
YEAR = timedelta(days=365.25)


def token_of(patient: str, data_dir: Path) -> str:
    """What stands for the patient in the record of an erasure; the same for the same installation."""
    return hmac.new(own_key(data_dir), f"erased:{patient}".encode(), hashlib.sha256).hexdigest()


def forget(store: Store, patient: str, data_dir: Path, *, by: str, reason: str, now: datetime) -> dict[str, int]:
    """
    Counts as of storage.erasing.erase, with "names": under how many numbers the patient was known.

    Raises ErasingError where nobody is called that, or the reason names them; what the store raises.
    """
    names = one_person(store, patient, as_of=now)
    if not names:
        raise ErasingError("Nobody is known by that number: `maswatch patients` lists who is.")
    if any(name in f"{by} {reason}" for name in names):
        raise ErasingError("The record of an erasure must not name the patient: leave the number out of the reason.")
    told = erase(store, names, _act(names, data_dir, by=by, reason=reason, now=now))
    return {"names": len(names)} | told


def forget_old(store: Store, data_dir: Path, *, years: float, now: datetime) -> int:
    """Everybody who was discharged longer ago than that and of whom nothing was heard since; how many those were."""
    old = kept_long_enough(store, years=years, now=now)
    if old:
        reason = f"discharged more than {years:g} years ago"
        erase(store, old, _act(old, data_dir, by=RETENTION, reason=reason, now=now))
    return len(old)


def kept_long_enough(store: Store, *, years: float, now: datetime) -> list[str]:
    """Whoever came again, or has a result or dose after the discharge's time was over, is kept."""
    before = now - years * YEAR
    people, joined = queries.patients(store, as_of=now), merges.merged(store, as_of=now)
    left = people["discharged_at"].lt(before) & ~people["admitted_at"].gt(people["discharged_at"])
    gone = people.loc[left, "patient_id"].tolist()
    for start in range(0, len(gone), MOST):  # on past those who are kept, until there is somebody to forget
        names = joined.asked(gone[start : start + MOST]) or []
        heard = {joined.into.get(name, name) for name in heard_of_since(store, names, before)}
        if old := [name for name in names if joined.into.get(name, name) not in heard]:
            return old
    return []


def _act(names: list[str], data_dir: Path, *, by: str, reason: str, now: datetime) -> Act:
    return Act(now, by, reason, {name: token_of(name, data_dir) for name in names})
