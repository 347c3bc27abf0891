"""
Who is meant by a number: each counts where its authority assigned it, and never meets the same number of another.

A number that nobody else assigned is the patient's own name, as it always was; the same number of a second authority
is another patient's and is named with it (`100@SOUTH`). Who names no authority means the one who is known by that
number; where several are, it is a patient apart (`100@?`), until somebody joins them. What a number once meant, it
means from then on.

An authority that begins with LOCAL is a source that counts its own records, such as the ids of a server's resources:
they name people only by what the source says beside them, and meet no number of anybody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from storage import bulk
from storage.columns import rows_of
from storage.engine import Store
from storage.frames import IDENTIFIERS
from storage.reading import among, frame_of
from storage.tables import PatientIdentifier

LOCAL = "source:"
NOBODYS = "?"
# A column of numbers -> the one beside it that says whose they are; a frame without that has numbers of nobody's.
NUMBERS = {"patient_id": "authority", "into": "into_authority", "alias": "alias_authority"}
TABLE: Any = PatientIdentifier.__table__  # type: ignore[attr-defined]
Frames = dict[str, pd.DataFrame]
Pair = tuple[str, str]  # number, authority


def local(source: str) -> str:
    """The authority of a source over the names it gives its own records."""
    return LOCAL + source


def of_numbers(store: Store, numbers: Collection[str]) -> dict[Pair, str]:
    """What is known of these numbers, whoever assigned them: (number, authority) -> patient."""
    with store.reading() as connection:
        return _known(connection, TABLE.c.number, numbers)


def of_patients(store: Store, patients: Collection[str], *, as_of: datetime) -> pd.DataFrame:
    """The numbers of these patients known by `as_of`, in order. Shape IDENTIFIERS."""
    with store.reading() as connection:
        statement = select(*(TABLE.c[name] for name in IDENTIFIERS)).where(TABLE.c.received_at <= as_of)
        named = statement.where(among(connection, TABLE.c.patient_id, list(patients)))
        return frame_of(connection, named, IDENTIFIERS).sort_values([*IDENTIFIERS], ignore_index=True)


def resolved(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the patients that its numbers would mean now; nothing is written."""
    with store.reading() as connection:
        return _applied({"": frame}, _meanings(connection, {"": frame})[0])[""]


def settled(connection: Connection, frames: Frames, stamp: Mapping[str, Any]) -> Frames:
    """
    The same frames with patients in place of numbers; what is new about numbers is kept, inside the transaction.

    Of the frame "identifiers" each row says that `alias` of `alias_authority` is whom `patient_id` of `authority` is.
    """
    if "merges" in frames:
        frames = frames | {"merges": _of_one_authority(connection, frames["merges"])}
    meant, new = _meanings(connection, frames)
    if new:
        rows = pd.DataFrame([(*pair, meant[pair]) for pair in new], columns=[*IDENTIFIERS], dtype="str")
        bulk.insert(connection, rows_of(rows, PatientIdentifier, stamp))
    return _applied(frames, meant)


def pairs(frames: Iterable[pd.DataFrame]) -> set[Pair]:
    """Every (number, authority) told in the frames."""
    told: set[Pair] = set()
    for frame in frames:
        for name in (name for name in NUMBERS if name in frame.columns):
            told |= _pairs(frame, name)
    return told


def _pairs(frame: pd.DataFrame, name: str) -> set[Pair]:
    beside = NUMBERS[name]
    if beside not in frame.columns:
        return {(_clean(number), "") for number in frame[name].dropna().unique().tolist()}
    named = frame[[name, beside]].dropna(subset=[name])
    every = set(zip(named[name].tolist(), named[beside].fillna("").tolist(), strict=True))
    return {(_clean(number), _clean(authority)) for number, authority in every}


def _known(connection: Connection, column: Any, wanted: Collection[str]) -> dict[Pair, str]:
    if not wanted:
        return {}
    statement = select(*(TABLE.c[name] for name in IDENTIFIERS)).where(among(connection, column, list(wanted)))
    return {(number, authority): patient for number, authority, patient in connection.execute(statement).all()}


def _meanings(connection: Connection, frames: Frames) -> tuple[dict[Pair, str], list[Pair]]:
    """The patient of every number told, and those of the numbers that are new."""
    told = pairs(frames.values())
    numbers = {number for number, _ in told}
    meant = _known(connection, TABLE.c.number, sorted(numbers))
    # numbers that somebody assigned go first: who names nobody may mean one of them
    new = sorted(told - meant.keys(), key=lambda pair: (not pair[1], pair))
    # most numbers are nobody else's and assigned by nobody: they need no thought
    others = {number for number, _ in meant} | {number for number, authority in told if authority}
    alone = {pair: pair[0] for pair in new if not pair[1] and pair[0] not in others}
    if len(alone) < len(new):
        book = _book(connection, meant, [pair for pair in new if pair not in alone])
        _joined(book, frames.get("identifiers"))
        alone |= {pair: book.named(*pair) for pair in new if pair not in alone}
    return meant | alone, new


@dataclass
class _Book:
    """`people`: what each number means, authority by authority. `owners`: a patient's name -> the numbers behind it."""

    people: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    owners: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, number: str, authority: str, patient: str) -> str:
        self.people[number][authority] = patient
        if authority:
            self.owners[patient].add(number)
        return patient

    def known(self, number: str, authority: str) -> str:
        return self.people[number].get(authority, "")

    def named(self, number: str, authority: str) -> str:
        return self.known(number, authority) or self.note(number, authority, self._name(number, authority))

    def _name(self, number: str, authority: str) -> str:
        others = {name for told, name in self.people[number].items() if told and not told.startswith(LOCAL)}
        if not authority:
            return next(iter(others or {number})) if len(others) < 2 else f"{number}@{NOBODYS}"
        name = f"{number}@{authority.removeprefix(LOCAL)}" if others or authority.startswith(LOCAL) else number
        while self.owners[name] - {number} or name in others:
            name = f"{name}@{authority}"
        return name


def _book(connection: Connection, known: Mapping[Pair, str], new: Iterable[Pair]) -> _Book:
    """What is known of these numbers, and of the names that they might be given."""
    names = {name for number, whose in new if whose for name in (number, f"{number}@{whose.removeprefix(LOCAL)}")}
    book = _Book()
    for (number, authority), patient in _known(connection, TABLE.c.patient_id, sorted(names)).items():
        if authority:
            book.owners[patient].add(number)
    for (number, authority), patient in known.items():
        book.note(number, authority, patient)
    return book


def _joined(book: _Book, identifiers: pd.DataFrame | None) -> None:
    """Two numbers of one person: who is known by either is known by both. Two that are known apart stay apart."""
    if identifiers is None:
        return
    columns = [_texts(identifiers, name) for name in ("patient_id", "authority", "alias", "alias_authority")]
    for number, authority, alias, other in zip(*columns, strict=True):
        name = book.known(number, authority) or book.known(alias, other) or book.named(number, authority)
        for told in ((number, authority), (alias, other)):
            if not book.known(*told):
                book.note(*told, name)


def _of_one_authority(connection: Connection, merges: pd.DataFrame) -> pd.DataFrame:
    """Of two numbers joined, one that names no authority is that of the other's, where such a one is known."""
    known = _known(connection, TABLE.c.number, sorted({number for number, _ in pairs([merges])}))
    told = {name: (_texts(merges, name), _texts(merges, NUMBERS[name])) for name in ("patient_id", "into")}
    changed = {}
    for name, other in (("patient_id", "into"), ("into", "patient_id")):
        each = zip(*told[name], told[other][1], strict=True)
        changed[NUMBERS[name]] = [its or (beside if (number, beside) in known else "") for number, its, beside in each]
    return merges.assign(**changed)


def _applied(frames: Frames, meant: Mapping[Pair, str]) -> Frames:
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    for (number, authority), patient in meant.items():
        if patient != number:
            tables[authority][number] = patient
    return {name: _named(frame, tables) for name, frame in frames.items()} if tables else frames


def _named(frame: pd.DataFrame, tables: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """With the patients of those numbers that are not their own names."""
    columns = {}
    for name in (name for name in NUMBERS if name in frame.columns):
        told, whose = frame[name].astype("str"), pd.Series(_texts(frame, NUMBERS[name]), index=frame.index, dtype="str")
        for authority, names in tables.items():
            here = (whose == authority) & told.isin(list(names))
            told = told.where(~here, told.map(names)) if here.any() else told
        columns[name] = told.astype("str")
    return frame.assign(**columns)


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    """A column that is not there is blank in every row."""
    if name not in frame.columns:
        return [""] * len(frame)
    return [_clean(text) for text in frame[name].fillna("").tolist()]


def _clean(text: Any) -> str:
    """As the store keeps texts."""
    return str(text).replace("\x00", "\ufffd")
