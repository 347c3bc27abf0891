"""A person joins two records that are one patient's, or parts them again. Nothing is moved: reading brings together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.errors import IntakeError
from storage import merges, queries
from storage.engine import Store

BY_HAND = "by hand"


@dataclass(frozen=True)
class Joining:
    """`patient` is to go on as `into`. `by` and `reason` in words, `run_id` as of any other writing."""

    patient: str
    into: str
    by: str
    reason: str
    run_id: str


def join(store: Store, asked: Joining, *, now: datetime) -> None:
    """Raises IntakeError, in one sentence, for what cannot be joined."""
    known = merges.merged(store)  # a clock that was set back must not hide what would lead in a circle
    if asked.patient == asked.into:
        raise IntakeError(f"{asked.patient} is one record already; name the two that are one patient's.")
    for name in (asked.patient, asked.into):
        if queries.patients(store, as_of=now, patients=[name], apart=True).empty:
            raise IntakeError(f"No patient {name} is known; `maswatch patients` lists those that are.")
        if name in known.into.index:
            raise IntakeError(
                f"{name} was merged into {known.into[name]}: name that one, or take the merge back first with --undo."
            )
    _say(store, asked, asked.into, now)


def part(store: Store, asked: Joining, *, now: datetime) -> None:
    """Takes the merge back. Raises IntakeError where there is none."""
    words = merges.words(store)  # a clock that was set back must not hide what is to be taken back
    last = words[words["patient_id"] == asked.patient]["into"].tolist()[-1:]
    if last != [asked.into]:
        raise IntakeError(f"{asked.patient} is not merged into {asked.into}; there is nothing to take back.")
    _say(store, asked, "", now)


def _say(store: Store, asked: Joining, into: str, now: datetime) -> None:
    merges.say(
        store, asked.patient, into, at=now, by=asked.by, reason=asked.reason, source=BY_HAND, run_id=asked.run_id
    )
