"""
Whom a reading of the ward reads anew: those of whom the store tells something new, else those read longest ago.

Judging costs the same for whom nothing has happened, so of a thousand patients a part is read at a time, and what was
read of the others stands. With time alone everybody's turn comes, some at a time, so that a push never waits for all.
Imports no streamlit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dashboard.bedside import Ward
from dashboard.joined import Watched
from dashboard.since_rounds import told
from dashboard.watched import Shown, made_ready, some_watched
from monitoring.present import present
from monitoring.terms import Catalog
from storage import changed, queries
from storage.changed import Stand
from storage.engine import Store

MANY: Final = 300  # patients in a reading: of each all pages are drawn anew, and news waits for its end
FEW: Final = 30  # in one between two others
AT_ONCE: Final = 200  # where many are read together, as at first: more cost hardly less each, and take their memory


@dataclass(frozen=True)
class Asked:
    """
    A reading as of a moment, by who holds the one called `name`; who was read before `due_at` is due again. Without
    that it is one between two others, for news alone.
    """

    as_of: datetime
    name: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class Read:
    """
    What is known of the ward that was read last: its `name`, what the store held, as of when each patient was read, and
    who is still waiting to be read anew: since which reading, counted from the first.
    """

    name: str
    stand: Stand
    read_at: dict[str, datetime]
    waiting: dict[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass
class Reader:
    """Keeps no patient's facts from one reading to the next."""

    store: Store
    catalog: Catalog
    shown: Shown
    last: Read | None = None

    def knows(self, asked: Asked) -> bool:
        """Whether `asked` is with the ward that was read last."""
        return self.last is not None and self.last.name == asked.name

    def read(self, asked: Asked) -> tuple[Read, Watched, Iterator[Ward]]:
        """
        What will be known, who is watched, and the parts to be joined with the ward that was asked with (joined.py);
        all of them where `asked` is not with the one read last.
        """
        before = self.last if self.knows(asked) else None
        self.last = None  # until all of it is told
        stand = changed.stand(self.store, as_of=asked.as_of)  # first: what is read may know of more, never of less
        people = queries.patients(self.store, as_of=asked.as_of)
        here = present(self.store, self.catalog, as_of=asked.as_of)
        names = people["patient_id"].tolist() if here.patients is None else here.patients
        read = _anew(before, stand, names, self._news_of(before, stand))
        whom = _whom(read, asked, first=before is None)
        read_at = {name: asked.as_of if name in whom else at for name, at in read.read_at.items()}
        waiting = {name: since for name, since in read.waiting.items() if name not in whom}
        several = people.loc[people["patient_id"].isin(names), "ward"].replace("", None).nunique() > 1
        return (
            replace(read, read_at=read_at | dict.fromkeys(whom, asked.as_of), waiting=waiting),
            Watched(asked.as_of, names, here.earlier),
            self._parts(whom, asked.as_of, several=several),
        )

    def _news_of(self, before: Read | None, stand: Stand) -> Callable[[str], bool]:
        news = changed.differing(self.store, before.stand, stand) if before else None
        return lambda name: news is None or name in news

    def _parts(self, whom: Sequence[str], as_of: datetime, *, several: bool) -> Iterator[Ward]:
        said = told(self.store, as_of=as_of) if whom else None
        for place in range(0, len(whom), AT_ONCE):
            ward = some_watched(self.store, self.catalog, as_of, whom[place : place + AT_ONCE])
            yield made_ready(ward, self.catalog, self.shown, self.store, said=said, several=several)


def _anew(before: Read | None, stand: Stand, names: Sequence[str], news_of: Callable[[str], bool]) -> Read:
    """The same with those who wait from now on; who is no longer watched is forgotten."""
    had = before or Read("", stand, {})
    here, count = set(names), had.count + 1
    waiting = {name: since for name, since in had.waiting.items() if name in here}
    waiting |= {name: count for name in names if name not in had.read_at or news_of(name)}
    return Read(uuid.uuid4().hex, stand, {name: at for name, at in had.read_at.items() if name in here}, waiting, count)


def _whom(read: Read, asked: Asked, *, first: bool) -> list[str]:
    """
    Everybody at first, then a part: whose news came last first, so that it does not wait behind all that a cycle told
    of, then those who are due, longest read first.
    """
    waiting = sorted(read.waiting, key=lambda name: -read.waiting[name])
    if first:
        return sorted(waiting)
    unseen = [name for name in waiting if name not in read.read_at]  # without whom the ward would not be whole
    due = [name for name, at in read.read_at.items() if asked.due_at and at <= asked.due_at]
    turn = [*unseen, *waiting, *sorted(due, key=read.read_at.__getitem__)]
    return sorted([*dict.fromkeys(turn)][: max(MANY if asked.due_at else FEW, len(unseen))])
