"""Adding facts, in bulk. Every call is one transaction: all of it is kept or none, whenever the process dies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select, update
from sqlmodel import SQLModel

from storage import bulk, deliveries, heard, identities, marks, merges, people
from storage.columns import rows_of
from storage.engine import Store
from storage.errors import AlreadyRead
from storage.inserting import insert_into
from storage.schema import WRITER_KEY
from storage.tables import (
    Access,
    Acknowledgement,
    AnswerEnd,
    Arrival,
    Dose,
    Finding,
    FlagChange,
    Observation,
    Patient,
    Run,
    SetAside,
    SetAsideEnd,
    Snooze,
    TakenFile,
)
from storage.tellings import Fact, Laid, laid_in, taken_in
from storage.versioning import CORRECTED, NEW, UNCHANGED


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one frame."""

    new: int = 0
    unchanged: int = 0
    corrected: int = 0


@dataclass(frozen=True)
class Coming:
    """
    Observations that are still being read, some patients at a time: the next are laid out by another process or thread
    while those before are written. No patient is in two pieces, and none has an authority. `set_aside`: what of all of
    them could not be used, asked for at their end.
    """

    pieces: Iterable[Laid]
    set_aside: Callable[[], pd.DataFrame | None]


@dataclass(frozen=True)
class Batch:
    """
    What one file or page of a source told, in the order told.

    The frames have the columns of their tables without version, received_at, run_id and source, which are filled in
    from here; observations, doses and findings carry `ref` and `digest`. A patient_id is the number that the source
    knows the patient by, and may have its `authority` beside it; `identifiers` and `merges` say of two numbers that
    they are one person's (storage.identities, storage.merges). `taken_file` is (digest, name) of the
    delivery; `ended` are the ids of set-aside items that could be read after all; `run` is a row for `record_run`.
    `deliveries` are the ids of what was kept and is read hereby (storage.deliveries), `marks` how far the source was
    read with it (storage.marks). `waiting`: all of them are still to be read, and two that read them at once do not
    both tell them. `again`: what came after them has been read, so what they repeat is old.
    `named`: numbers have given way to patients already. `coming`: in place of `observations` and `set_aside`.
    """

    run_id: str
    source: str
    received_at: datetime
    observations: pd.DataFrame | None = None
    doses: pd.DataFrame | None = None
    findings: pd.DataFrame | None = None
    patients: pd.DataFrame | None = None
    identifiers: pd.DataFrame | None = None
    merges: pd.DataFrame | None = None
    set_aside: pd.DataFrame | None = None
    taken_file: tuple[str, str] | None = None
    ended: list[str] | None = None
    run: dict[str, Any] | None = None
    deliveries: list[str] | None = None
    marks: Mapping[str, str] | None = None
    waiting: bool = False
    again: bool = False
    named: bool = False
    coming: Coming | None = None

    def stamp(self) -> dict[str, Any]:
        return {"run_id": self.run_id, "source": self.source, "received_at": self.received_at}

    def facts(self) -> dict[str, pd.DataFrame]:
        return {name: frame for name in FACTS if (frame := getattr(self, name)) is not None}

    def of_people(self) -> dict[str, pd.DataFrame]:
        """All that names patients by a number."""
        return {name: frame for name in OF_PEOPLE if (frame := getattr(self, name)) is not None}


FACTS: dict[str, Fact] = {
    "observations": Fact(Observation, "collected_at"),
    "doses": Fact(Dose, "started_at"),
    "findings": Fact(Finding, "observed_at"),
}
OF_PEOPLE = (*FACTS, "patients", "identifiers", "merges")


def append(store: Store, batch: Batch) -> dict[str, Counts]:
    """
    Takes the batch in; per kind of frame given, how many rows were new, unchanged, corrected. See versioning.judged.

    Taking the same batch in again adds nothing. Raises FrameRefused when a frame lacks what its table needs, and
    AlreadyRead when its deliveries no longer wait.
    """
    with store.writing() as connection:
        _one_writer(connection)
        if batch.waiting and not deliveries.still_waiting(connection, batch.deliveries or []):
            raise AlreadyRead("Another process has read these deliveries in the meantime; nothing is to be done.")
        batch = _named(connection, batch)
        taken = _taken_before(connection, batch)
        verdicts = {
            name: taken_in(connection, FACTS[name], frame, batch.stamp(), taken=taken)
            for name, frame in batch.facts().items()
        }
        if batch.coming is not None:
            batch, verdicts["observations"] = _poured(connection, batch, batch.coming, taken=taken)
        if batch.patients is not None:
            verdicts["patients"] = people.append(connection, batch.patients, batch.stamp(), taken=taken)
        counts = {name: _counted(verdict) for name, verdict in verdicts.items()}
        news = {name: (getattr(batch, name), verdict != UNCHANGED) for name, verdict in verdicts.items()}
        heard.note(connection, news, at=batch.received_at)
        if batch.merges is not None:
            counts["merges"] = _counted(np.array(merges.append(connection, batch.merges, batch.stamp())))
        _name_patients(connection, batch)
        if batch.set_aside is not None:
            added = bulk.insert(connection, rows_of(batch.set_aside, SetAside, batch.stamp()))
            counts["set_aside"] = Counts(new=added, unchanged=len(batch.set_aside) - added)
        _note(connection, batch, counts)
    return counts


def named(store: Store, batch: Batch) -> Batch:
    """The batch with patients in place of numbers, for facts that are kept elsewhere; what the numbers mean is kept."""
    with store.writing() as connection:
        _one_writer(connection)
        return _named(connection, batch)


def record_flag_changes(store: Store, changes: pd.DataFrame) -> int:
    """How many were not there yet; `changes` has the shape FLAG_CHANGES. A change once written stays as it is."""
    if changes.empty:
        return 0
    with store.writing() as connection:
        return bulk.insert(connection, rows_of(changes, FlagChange, {}))


def record_run(store: Store, row: Mapping[str, Any]) -> None:
    """A run when it starts (run_id, source, kind, started_at), and again with what became of it when it ends."""
    with store.writing() as connection:
        _put_run(connection, row)


def acknowledge(store: Store, patient_id: str, flag: str, *, seq: int, at: datetime, by: str, reason: str) -> None:
    """A person took notice of the flag change `seq`. Said twice at one moment, it stands once."""
    _say(store, Acknowledgement, patient_id=patient_id, flag=flag, seq=seq, at=at, by=by, reason=reason)


def snooze(
    store: Store, patient_id: str, flag: str, *, seq: int, at: datetime, until: datetime, by: str, reason: str
) -> None:
    """A person asked to be left alone with the flag change `seq` until then. Said twice at one moment, once."""
    _say(store, Snooze, patient_id=patient_id, flag=flag, seq=seq, at=at, until=until, by=by, reason=reason)


def end_answer(
    store: Store, patient_id: str, flag: str, *, seq: int, answer: str, at: datetime, by: str, reason: str = ""
) -> None:
    """A person took back what was said of the flag change `seq`; `answer` is "acknowledged" or "snoozed"."""
    _say(store, AnswerEnd, patient_id=patient_id, flag=flag, seq=seq, answer=answer, at=at, by=by, reason=reason)


def record_access(store: Store, at: datetime, who: str, what: str, patients: Iterable[str]) -> None:
    """Who saw or exported which patients; `["*"]` stands for a list or a whole export."""
    frame = pd.DataFrame({"patient_id": list(patients)}, dtype="str")
    frame["id"] = [uuid.uuid4().hex for _ in range(len(frame))]
    with store.writing() as connection:
        bulk.insert(connection, rows_of(frame, Access, {"at": at, "who": who, "what": what}))


def _say(store: Store, model: type[SQLModel], **row: Any) -> None:
    with store.writing() as connection:
        connection.execute(insert_into(connection, model).values(row).on_conflict_do_nothing())


def _named(connection: Connection, batch: Batch) -> Batch:
    if batch.named:
        return batch
    frames: dict[str, Any] = identities.settled(connection, batch.of_people(), batch.stamp())
    return replace(batch, **frames, named=True)


def _poured(connection: Connection, batch: Batch, coming: Coming, *, taken: bool) -> tuple[Batch, np.ndarray]:
    """The batch with the patients of what came and what was set aside of it, and the verdict on each row."""
    patients: list[pd.DataFrame] = [pd.DataFrame({"patient_id": []}, dtype="str")]
    verdicts: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    for laid in coming.pieces:
        named = identities.settled(connection, {"": laid.patients.to_frame("patient_id")}, batch.stamp())[""]
        laid = laid.renamed(named["patient_id"])
        verdicts.append(laid_in(connection, FACTS["observations"], laid, batch.stamp(), taken=taken))
        patients.append(laid.tellings[["patient_id"]])
    told = replace(batch, observations=pd.concat(patients, ignore_index=True), set_aside=coming.set_aside())
    return told, np.concatenate(verdicts)


def _name_patients(connection: Connection, batch: Batch) -> None:
    """Version 0 of every patient named in a fact: a patient is known by the identifier before anything else."""
    named = [frame["patient_id"].drop_duplicates() for frame in batch.facts().values()]
    if named:
        everyone = pd.concat(named).drop_duplicates().to_frame()
        bulk.insert(connection, rows_of(everyone, Patient, batch.stamp() | {"version": 0, "digest": 0}))


def _note(connection: Connection, batch: Batch, counts: Mapping[str, Counts]) -> None:
    added = sum(count.new + count.corrected for name, count in counts.items() if name != "set_aside")
    if added:
        arrival = insert_into(connection, Arrival).values(batch.stamp() | {"added": added})
        more = {"added": Arrival.added + arrival.excluded.added}
        keys = ["received_at", "source", "run_id"]
        connection.execute(arrival.on_conflict_do_update(index_elements=keys, set_=more))
    if batch.taken_file:
        digest, name = batch.taken_file
        row = {
            "source": batch.source,
            "digest": digest,
            "name": name,
            "taken_at": batch.received_at,
            "run_id": batch.run_id,
        }
        connection.execute(insert_into(connection, TakenFile).values(row).on_conflict_do_nothing())
    if batch.ended:
        ended = pd.DataFrame({"id": batch.ended}, dtype="str")
        bulk.insert(connection, rows_of(ended, SetAsideEnd, {"ended_at": batch.received_at, "run_id": batch.run_id}))
    if batch.deliveries:
        deliveries.note_read(connection, batch.deliveries, batch.stamp())
    if batch.marks:
        marks.put(connection, batch.source, batch.marks, at=batch.received_at)
    if batch.run:
        _put_run(connection, batch.run)


def _put_run(connection: Connection, row: Mapping[str, Any]) -> None:
    this = (Run.run_id == row["run_id"]) & (Run.source == row["source"])
    rest = {name: value for name, value in row.items() if name not in ("run_id", "source")}
    known = rest and connection.execute(update(Run).where(this).values(rest)).rowcount
    if not known:
        connection.execute(insert_into(connection, Run).values(dict(row)).on_conflict_do_nothing())


def _taken_before(connection: Connection, batch: Batch) -> bool:
    if batch.again or not batch.taken_file:
        return batch.again
    this = (TakenFile.source == batch.source) & (TakenFile.digest == batch.taken_file[0])
    return connection.execute(select(TakenFile.source).where(this)).first() is not None  # type: ignore[call-overload]


def _one_writer(connection: Connection) -> None:
    """On a server too, versions are counted by one writer at a time; SQLite has only one anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")


def _counted(verdict: np.ndarray) -> Counts:
    new, unchanged, corrected = (int((verdict == kind).sum()) for kind in (NEW, UNCHANGED, CORRECTED))
    return Counts(new=new, unchanged=unchanged, corrected=corrected)
