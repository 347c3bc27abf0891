"""
What stands on pages to be taken away as a file, under a word that its page alone was told. Imports no streamlit.

An offer is the choices that a page showed and no reading: the file is found by them when somebody asks for it. So it
still holds when the page is drawn anew meanwhile, and for what was replaced as long as an answer may be on its way.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitoring.people import Right

MOST: Final = 2000
STILL_ON_A_PAGE: Final = timedelta(minutes=10)  # after it was replaced: a slow line, a page that was asleep
LETTERS: Final = 24


@dataclass(frozen=True)
class File:
    """`what` stands in the access log beside each of `patients`; `make` gives the content."""

    name: str
    mime: str
    what: str
    patients: Sequence[str]
    make: Callable[[], bytes | str]


@dataclass(frozen=True)
class Offer:
    """
    `find(*asked, now=…)` is the file as of the newest reading of what is asked for; it raises AnswerRefused where there
    is nothing any more. `right`: what whoever takes it must be allowed, asked at that moment.
    """

    find: Callable[..., File]
    asked: tuple[Hashable, ...]
    right: Right = "see"


@dataclass(frozen=True)
class Offered:
    """To whom: the `subject` who may take it, and what they are `called` in the access log."""

    offer: Offer
    subject: str
    called: str


class Offers:
    def __init__(self) -> None:
        self._told: OrderedDict[str, Offered] = OrderedDict()
        self._replaced: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, offered: Offered, before: str, *, now: datetime) -> str:
        """The word for it: that of `before`, where the same button offered the same; else a new one in its place."""
        with self._lock:
            self._forget(now)
            if self._told.get(before) == offered and before not in self._replaced:
                self._told.move_to_end(before)
                return before
            if before in self._told:
                self._replaced.setdefault(before, now)
            word = secrets.token_urlsafe(LETTERS)
            self._told[word] = offered
            return word

    def of(self, word: str, *, now: datetime) -> Offered | None:
        with self._lock:
            self._forget(now)
            return self._told.get(word)

    def _forget(self, now: datetime) -> None:
        while self._replaced and now - next(iter(self._replaced.values())) > STILL_ON_A_PAGE:
            self._told.pop(self._replaced.popitem(last=False)[0], None)
        while len(self._told) > MOST:
            self._replaced.pop(self._told.popitem(last=False)[0], None)


OFFERS: Final = Offers()
