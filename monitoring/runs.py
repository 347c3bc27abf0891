"""One run of something: its name, its row among the runs while it is being filled, and what stopped it, in words."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from monitoring.logs import without_values
from monitoring.sentences import sentence

CYCLE = "cycle"
COUNTS = ("read", "new", "unchanged", "corrected", "set_aside")
log = logging.getLogger(__name__)


def new_run_id(now: datetime) -> str:
    """Sorts by time and is never given twice."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


@dataclass
class Told:
    """One row among the runs while it is being filled."""

    run_id: str
    source: str
    kind: str
    started_at: datetime
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    assessed: int = 0
    seconds: float = 0.0
    error: str = ""

    def add(self, counts: dict[str, int]) -> None:
        for name in COUNTS:
            self.counts[name] += counts[name]

    @property
    def something(self) -> bool:
        return self.counts["new"] + self.counts["corrected"] > 0

    def printed(self) -> dict[str, Any]:
        told = {"run_id": self.run_id, **self.counts, "seconds": round(self.seconds, 3)}
        return {**told, "error": self.error} if self.error else told

    def row(self, finished_at: datetime | None) -> dict[str, Any]:
        return {
            "run_id": self.run_id, "source": self.source, "kind": self.kind, "started_at": self.started_at,
            "finished_at": finished_at, **self.counts, "assessed": self.assessed,
            "outcome": ("failed" if self.error else "ok") if finished_at else "running", "error": self.error,
        }  # fmt: skip


def timed(told: Told, work: Callable[[], None]) -> Exception | None:
    """Does the work and notes how long it took; what stopped it is noted in words and given back."""
    began = time.perf_counter()
    try:
        work()
    except Exception as error:  # whatever it is, the other sources still have their turn
        told.error = in_words(error)
        return error
    finally:
        told.seconds = time.perf_counter() - began
    return None


def in_words(error: Exception) -> str:
    """The sentence of an error; of one nobody foresaw, its kind alone, and where it arose goes to the log."""
    said = sentence(error)
    if not said:
        log.error("%s", without_values(error))
    return said or f"Unforeseen {type(error).__name__}; the log says where."
