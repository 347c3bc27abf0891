"""A ward of thirty beds with turnover, as its laboratory tells of it: what comes at each simulated half-day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.simulate import simulate, slices

GROUP, EVERY_DAYS, STAY_DAYS, STEP_HOURS = 6, 2, 10, 12  # six come every two days for ten: thirty beds
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
NAMES = re.compile(rb"(?<![\w])(SIM-|[LTF](?=\d{7}))")
Drawn = tuple[datetime, dict[str, bytes]]


def feed(folder: Path, days: int, before: int = 0) -> list[Drawn]:
    """
    (mark, file name -> content). The beds are full on the first day already, by people who leave sooner. Who leaves
    within the first `before` days is told of when they leave.
    """
    found: dict[datetime, dict[str, bytes]] = defaultdict(dict)
    for number, (day, stay) in enumerate(_groups(days)):
        drawn, start = folder / f"{number}", START + timedelta(days=day)
        end = start + timedelta(days=stay)
        simulate(drawn, patients=GROUP, days=stay, seed=number, start=start)
        hours = STEP_HOURS if day + stay > before else stay * 24
        for mark, files in slices(drawn, every_hours=hours, anchor=end):
            found[mark] |= {f"{number:02}-{name}": _own(number, content) for name, content in files.items()}
        people = (drawn / "patients.csv").read_bytes()
        gone = re.sub(rb",$", f",{end.isoformat()}".encode(), people, flags=re.MULTILINE)
        found[end] |= {f"{number:02}-gone.csv": _own(number, gone)}
    last = START + timedelta(days=days)
    return [(mark, found[mark]) for mark in sorted(found) if mark <= last]


def silence(days: int, silent: int) -> list[Drawn]:
    """Marks at which nothing comes: whoever is growing then grows without a reason."""
    steps = range(1, silent * 24 // STEP_HOURS + 1)
    return [(START + timedelta(days=days, hours=STEP_HOURS * step), {}) for step in steps]


def _groups(days: int) -> Iterator[tuple[int, int]]:
    """(day they come, days they stay)."""
    yield from ((0, stay) for stay in range(EVERY_DAYS, STAY_DAYS, EVERY_DAYS))
    yield from ((day, STAY_DAYS) for day in range(0, days, EVERY_DAYS))


def _own(number: int, content: bytes) -> bytes:
    """Patients and results of one group are named otherwise than those of another."""
    return NAMES.sub(f"{number:02}".encode() + rb"\1", content)
