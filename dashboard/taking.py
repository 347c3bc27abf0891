"""
What is taken away as a file. Whoever asks is looked at again when the file is made, it is written down who took what
before they have it, and the file is handed to nobody else.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st
from streamlit.runtime.memory_media_file_storage import _calculate_file_id

from dashboard import reading
from dashboard.access_log import note, write_now
from dashboard.admission import Person
from dashboard.bedside import Bedside
from dashboard.labs_seen import as_csv, file_name, labs_seen
from dashboard.selection import LabsAsked, PatientAsked
from dashboard.shell import Clock
from dashboard.who import person, seen_as, still
from monitoring.errors import AnswerRefused
from monitoring.logs import without_values
from monitoring.people import Right

MOST_FILES: Final = 1000
UNWRITTEN: Final = "The access log cannot be written now, so nothing is handed out. Try again in a minute."
FAILED: Final = "The file could not be made; the log says where."
log = logging.getLogger(__name__)
_owners: OrderedDict[str, set[str]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class File:
    """`what` stands in the access log beside each of `patients`; `right`: what whoever takes it must be allowed."""

    name: str
    mime: str
    what: str
    patients: Sequence[str]
    right: Right = "see"


def button(label: str, file: File, make: Callable[[], bytes | str], *, clock: Clock, **look: Any) -> None:
    """A download, made when it is asked for. `look`: what the button looks like."""
    asker, called = person(), seen_as()
    made = _Made(file, make, clock, asker, called)
    st.download_button(label, made, file.name, file.mime, on_click="ignore", **look)


def owns(file: str, subject: str) -> bool:
    """Whether the file at /media/`file` was made for them."""
    with _lock:
        return subject in _owners.get(file.split(".")[0], ())


def labs(side: Bedside, asked: PatientAsked, *, clock: Clock) -> None:
    """The values that the figure shows; the figure itself is saved by its own button."""
    file = File(file_name(side, reading.zone()), "text/csv", "values shown", [side.id])
    button(
        "Values shown as CSV",
        file,
        lambda: as_csv(labs_seen(side, reading.catalog(), zone=reading.zone(), asked=asked)),
        clock=clock,
        key="labs-seen",
    )


def table(told: pd.DataFrame, asked: LabsAsked, *, clock: Clock) -> None:
    """All of a research table; with identifiers for those alone who may say who may do what."""
    what = "research table, identified" if asked.identified else "research table"
    right: Right = "manage" if asked.identified else "research"
    file = File("maswatch-labs.csv", "text/csv", what, asked.patients or ["*"], right)
    button("Download CSV", file, lambda: str(told.to_csv(index=False)), clock=clock, width="stretch")


@dataclass(frozen=True)
class _Made:
    """Called in a thread that knows no session: whose click it is was settled when the button was drawn."""

    file: File
    make: Callable[[], bytes | str]
    clock: Clock
    asker: Person
    called: str

    def __call__(self) -> bytes:
        if not still(self.asker).may(self.file.right):
            raise AnswerRefused("You are signed out, or your role no longer lets you take this.")
        note(self.clock(), self.called, self.file.what, self.file.patients)
        if not write_now():
            raise AnswerRefused(UNWRITTEN)
        content = self._content()
        _own(_calculate_file_id(content, self.file.mime, self.file.name), self.asker.subject)
        return content

    def _content(self) -> bytes:
        """A fault is told to Streamlit without its words: it logs them, and they may quote a value."""
        try:
            told = self.make()
        except Exception as error:
            log.error("a file could not be made:\n%s", without_values(error))
            raise AnswerRefused(FAILED) from None
        return told.encode() if isinstance(told, str) else told


def _own(file_id: str, subject: str) -> None:
    with _lock:
        _owners.setdefault(file_id, set()).add(subject)
        _owners.move_to_end(file_id)
        while len(_owners) > MOST_FILES:
            _owners.popitem(last=False)
