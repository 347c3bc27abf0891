"""
Reads. Each returns a frame of the promised shape (frames.py), also when there is nothing; `as_of` is inclusive.

Facts stand under the patient that they were known to be of at `as_of` (storage.merges), and `patients` may name one by
any identifier; `apart`: under the identifier they came with. Flags and answers always keep theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, bindparam, exists, func, select, text, true
from sqlmodel import SQLModel

from storage import frames, merges, people
from storage.engine import Store
from storage.frames import shaped
from storage.instants import Instant
from storage.reading import among, by, chosen, fetched, frame_of, key
from storage.tables import (
    METADATA,
    Acknowledgement,
    AnswerEnd,
    Arrival,
    Dose,
    Finding,
    FlagChange,
    Lease,
    Observation,
    Patient,
    PatientMerge,
    Run,
    SetAside,
    SetAsideEnd,
    Snooze,
)

ANSWERS = (Acknowledgement, Snooze, AnswerEnd)
COUNTED = (*ANSWERS, SetAside, SetAsideEnd, PatientMerge)
_NOT_MOVED = """NOT EXISTS (
  SELECT 1 FROM observation AS later {by}
  WHERE later.patient_id = observation.patient_id AND later.ref = observation.ref
    AND later.version > observation.version AND later.version > 1
    AND later.collected_at < :since AND later.received_at <= :as_of)"""


def observations(
    store: Store,
    *,
    as_of: datetime,
    patients: Sequence[str] | None = None,
    since: datetime | None = None,
    analytes: Sequence[str] | None = None,
    without: Collection[str] = (),
    apart: bool = False,
) -> pd.DataFrame:
    """
    Every version received by `as_of` and collected at `since` or later. Shape OBSERVATIONS, less the columns
    `without`; see versions.current.

    In order of patient, collected_at, ref and version. Versions that a correction has moved to before `since` are
    left out: what replaced them lies outside.
    """
    with store.reading() as connection:
        shape = {name: kind for name, kind in frames.OBSERVATIONS.items() if name not in without}
        joined = _joined(connection, as_of, apart)
        statement = chosen(connection, Observation, as_of=as_of, patients=joined.asked(patients), columns=shape)
        if since is not None:
            statement = statement.where(*_from(connection, since, as_of, everyone=patients is None))
        if analytes is not None:
            statement = statement.where(among(connection, _table(Observation).c.analyte, analytes))
        told = frame_of(connection, statement.order_by(*key(connection, Observation)), shape)
        return joined.moved(told, "collected_at")


def doses(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None, apart: bool = False) -> pd.DataFrame:
    """Every version received by `as_of`. Shape DOSES."""
    return _received(store, Dose, "started_at", as_of=as_of, patients=patients, apart=apart)


def findings(
    store: Store, *, as_of: datetime, patients: Sequence[str] | None = None, apart: bool = False
) -> pd.DataFrame:
    """Every version received by `as_of`. Shape FINDINGS."""
    return _received(store, Finding, "observed_at", as_of=as_of, patients=patients, apart=apart)


def patients(
    store: Store, *, as_of: datetime, patients: Sequence[str] | None = None, apart: bool = False
) -> pd.DataFrame:
    """One row a patient, in order of identifier: per column the last that was said by `as_of`. Shape PATIENTS."""
    with store.reading() as connection:
        joined = _joined(connection, as_of, apart)
        rows = fetched(connection, chosen(connection, Patient, as_of=as_of, patients=joined.asked(patients)))
    return shaped(people.last_said(joined.people(rows)), frames.PATIENTS)


def names(store: Store, *, as_of: datetime) -> list[str]:
    """The identifiers of `patients`, in order: all that is asked where nobody is described yet."""
    table = _table(Patient)
    with store.reading() as connection:
        into = merges.known(connection, as_of).into.to_dict()
        told = connection.execute(select(table.c.patient_id).where(table.c.received_at <= as_of).distinct()).scalars()
        return sorted({into.get(name, name) for name in told})


def runs(store: Store, *, limit: int = 50) -> pd.DataFrame:
    """The last runs, newest first; one that never finished has no finished_at. Shape RUNS."""
    table = _table(Run)
    with store.reading() as connection:
        newest = chosen(connection, Run).order_by(table.c.started_at.desc(), *key(connection, Run))
        return frame_of(connection, newest.limit(limit), frames.RUNS)


def last_success(store: Store, kind: str = "cycle") -> datetime | None:
    """When a run of this kind last finished well."""
    with store.reading() as connection:
        finished = select(func.max(_table(Run).c.finished_at)).where(_table(Run).c.kind == kind)
        return connection.execute(finished.where(_table(Run).c.outcome == "ok")).scalar()


def lease_until(store: Store, name: str) -> datetime | None:
    """Until when somebody has the right to run the cycle; None when nobody has."""
    lease = _table(Lease)
    with store.reading() as connection:
        return connection.execute(select(lease.c.until).where(lease.c.name == name)).scalar()


def newest_received(store: Store) -> datetime | None:
    """When anything last came in that was new."""
    with store.reading() as connection:
        return connection.execute(select(func.max(_table(Arrival).c.received_at))).scalar()


def mark(store: Store, *, answers: bool = True) -> str:
    """
    Another text whenever anything was added that a page shows: facts, runs, flag changes, and `answers` to them.
    """
    return marks(store)[0 if answers else 1]


def marks(store: Store) -> tuple[str, str]:
    """
    The same of everything, and of all but answers.

    In one statement: every page asks for it, and on a busy machine each answer of a server is waited for anew.
    """
    arrival, run, flag = _table(Arrival), _table(Run), _table(FlagChange)
    told: Any = select(func.max(arrival.c.received_at).label("newest"), func.sum(arrival.c.added).label("added"))
    others = (
        select(func.max(run.c.started_at).label("began"), func.max(run.c.finished_at).label("ended")),
        select(func.count().label("count"), func.max(flag.c.recorded_at).label("recorded")).select_from(flag),
        *(select(func.count().label("count")).select_from(_table(counted)) for counted in COUNTED),
    )
    told = told.subquery()
    for other in others:
        told = told.join(other.subquery(), true())  # each is one row
    with store.glancing() as connection:
        row = [str(value) for value in connection.execute(select(told)).one()]
    counts = dict(zip(COUNTED, row[-len(COUNTED) :], strict=True))
    judged = [*row[: -len(COUNTED)], *(count for counted, count in counts.items() if counted not in ANSWERS)]
    return " ".join(row), " ".join(judged)


def answers_in(mark: str) -> str:
    """What a `mark` says of answers alone."""
    return " ".join(mark.split()[-len(COUNTED) :][: len(ANSWERS)])


def set_aside(store: Store, *, open_only: bool = True, reason: str = "") -> pd.DataFrame:
    """
    What could not be read, oldest first; `open_only`: without what was read after all; `reason`: for this one alone.
    Shape SET_ASIDE.
    """
    table, end = _table(SetAside), _table(SetAsideEnd)
    with store.reading() as connection:
        statement = chosen(connection, SetAside).order_by(
            table.c.received_at, by(connection, table.c.origin), *key(connection, SetAside)
        )
        if open_only:
            statement = statement.where(~exists().where(end.c.id == table.c.id))
        if reason:
            statement = statement.where(table.c.reason == reason)
        return frame_of(connection, statement, frames.SET_ASIDE)


def flag_changes(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """What was said of flags by `as_of`, each flag's changes in order. Shape FLAG_CHANGES."""
    with store.reading() as connection:
        named = _joined(connection, as_of).asked(patients)
        statement = chosen(connection, FlagChange, patients=named).where(_table(FlagChange).c.recorded_at <= as_of)
        return frame_of(connection, statement.order_by(*key(connection, FlagChange)), frames.FLAG_CHANGES)


def last_flag_changes(
    store: Store, *, as_of: datetime, patients: Sequence[str] | None = None, without: Collection[str] = ()
) -> pd.DataFrame:
    """
    The last that was said of each flag by `as_of`, however much was said before. Shape FLAG_CHANGES, the columns
    `without` empty.
    """
    table = _table(FlagChange)
    with store.reading() as connection:
        named = _joined(connection, as_of).asked(patients)
        flag = table.c.patient_id, table.c.flag
        known = select(*flag, func.max(table.c.seq).label("seq")).where(table.c.recorded_at <= as_of)
        known = known if named is None else known.where(among(connection, table.c.patient_id, named))
        last = known.group_by(*flag).subquery("last")  # to ask row by row for a later one is twice the work
        shape = {name: kind for name, kind in frames.FLAG_CHANGES.items() if name not in without}
        statement = chosen(connection, FlagChange, columns=shape)
        statement = statement.join(last, and_(*(table.c[column.name] == column for column in last.c)))
        return frame_of(connection, statement.order_by(*key(connection, FlagChange)), frames.FLAG_CHANGES)


def acknowledgements(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Who took notice of what by `as_of`, in order of time. Shape ACKNOWLEDGEMENTS."""
    return _said(store, Acknowledgement, frames.ACKNOWLEDGEMENTS, as_of=as_of, patients=patients)


def snoozes(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Who snoozed what until when, said by `as_of`, in order of time; those that are over too. Shape SNOOZES."""
    return _said(store, Snooze, frames.SNOOZES, as_of=as_of, patients=patients)


def answer_ends(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Who took which answer back by `as_of`, in order of time. Shape ANSWER_ENDS."""
    return _said(store, AnswerEnd, frames.ANSWER_ENDS, as_of=as_of, patients=patients)


def how_many(store: Store, patients: Sequence[str]) -> int:
    """Versions of observations of these patients, under these identifiers."""
    table = _table(Observation)
    with store.reading() as connection:
        mine = among(connection, table.c.patient_id, patients)
        return int(connection.execute(select(func.count()).select_from(table).where(mine)).scalar_one())


def counts(store: Store) -> dict[str, int]:
    """Rows by table."""
    with store.reading() as connection:
        tables = {table.name: select(func.count()).select_from(table) for table in METADATA.sorted_tables}
        return {name: int(connection.execute(rows).scalar_one()) for name, rows in sorted(tables.items())}


def _joined(connection: Connection, as_of: datetime, apart: bool = False) -> merges.Merged:
    return merges.NOTHING if apart else merges.known(connection, as_of)


def _received(
    store: Store, model: type[SQLModel], when: str, *, as_of: datetime, patients: Sequence[str] | None, apart: bool
) -> pd.DataFrame:
    shape = {Dose: frames.DOSES, Finding: frames.FINDINGS}[model]
    with store.reading() as connection:
        joined = _joined(connection, as_of, apart)
        statement = chosen(connection, model, as_of=as_of, patients=joined.asked(patients), columns=shape)
        return joined.moved(frame_of(connection, statement.order_by(*key(connection, model)), shape), when)


def _said(
    store: Store, model: type[SQLModel], shape: dict[str, str], *, as_of: datetime, patients: Sequence[str] | None
) -> pd.DataFrame:
    at = _table(model).c.at
    with store.reading() as connection:
        named = _joined(connection, as_of).asked(patients)
        statement = chosen(connection, model, patients=named).where(at <= as_of)
        return frame_of(connection, statement.order_by(at, *key(connection, model)), shape)


def _from(connection: Connection, since: datetime, as_of: datetime, *, everyone: bool) -> list[Any]:
    table, patient = _table(Observation), _table(Patient)
    # without statistics SQLite would walk through all of a patient's rows for each row
    by = "INDEXED BY ix_observation_corrected" if connection.dialect.name == "sqlite" else ""
    stays = text(_NOT_MOVED.format(by=by)).bindparams(
        bindparam("since", since, Instant), bindparam("as_of", as_of, Instant)
    )
    named = select(patient.c.patient_id).where(patient.c.version == 0)
    # by name, each patient's days are one range of the tree; without names all of history would be read
    return [table.c.collected_at >= since, stays, *([table.c.patient_id.in_(named)] if everyone else [])]


def _table(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]
