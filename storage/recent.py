"""
Reads that go no further back than they are asked: stretches of time of each patient, of each fact the last version.

What was joined with another record is read whole, since its versions count across both. Shapes are those of `queries`,
less what is not asked for; rows may lie outside of the stretches, and none that lies inside is missing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Connection, Select, String, Subquery, and_, bindparam, or_, text
from sqlmodel import SQLModel

from storage import frames, merges
from storage.alike import chosen_alike, frame_alike
from storage.engine import Store
from storage.frames import empty
from storage.instants import Instant
from storage.reading import chosen, frame_of, key
from storage.tables import RAN, SIZED, SIZES, Dose, Finding, Observation
from storage.versions import WITHDRAWN

STRETCH = {"patient_id": frames.TEXT, "since": frames.TIME, "until": frames.TIME}
NEWEST = {"patient_id": frames.TEXT, "drawn_at": frames.TIME}
WHEN: dict[type[SQLModel], str] = {Observation: "collected_at", Dose: "started_at", Finding: "observed_at"}
SHAPES = {Observation: frames.OBSERVATIONS, Dose: frames.DOSES, Finding: frames.FINDINGS}
# without statistics SQLite would walk through all of a patient's rows for each row
INDEX = {Observation: "ix_observation_corrected", Dose: "ix_dose_corrected", Finding: "ix_finding_corrected"}
LAST = """NOT EXISTS (
  SELECT 1 FROM {table} AS later {by} WHERE later.patient_id = {of}.patient_id AND later.ref = {of}.ref
    AND later.version > {of}.version AND later.version > 1 AND later.received_at <= :as_of {fence})"""
# a server that thinks that hardly anything was ever corrected would go through all that was for each row
FENCE = {"sqlite": "", "postgresql": "OFFSET 0"}
# the moments of a stretch at which anything of the index was drawn: left to itself SQLite reads all of the stretch
DRAWN_AT = """SELECT DISTINCT few.patient_id, few.collected_at AS since, few.collected_at AS until
  FROM ({stretches}) AS asked CROSS JOIN observation AS few INDEXED BY ix_observation_size
  WHERE few.patient_id = asked.patient_id AND few.collected_at BETWEEN asked.since AND asked.until AND few.{sizes}"""
# in the same way where courses began that lead into a stretch: until is where that begins
RAN_FROM = """SELECT few.patient_id, few.started_at AS since, asked.since AS until
  FROM ({stretches}) AS asked CROSS JOIN dose AS few INDEXED BY ix_dose_course
  WHERE few.patient_id = asked.patient_id AND few.started_at < asked.since
    AND (few.ended_at IS NOT NULL OR few.unit LIKE '%/day')"""
# left to itself SQLite reads all rows of a patient for each value that is asked for
FOUND = """SELECT DISTINCT few.patient_id, few.ref, few.collected_at, few.version FROM ({keys}) AS asked
  CROSS JOIN observation AS few INDEXED BY ix_observation_ref
  WHERE few.patient_id = asked.patient_id AND few.ref = asked.ref"""
ROWS = {
    "sqlite": "SELECT {columns}, key AS place FROM json_each(:stretches)",
    "postgresql": "SELECT {columns} FROM jsonb_array_elements(CAST(:stretches AS jsonb))",
}
FIELD = {"sqlite": "json_extract(value, '$[{place}]')", "postgresql": "CAST(value ->> {place} AS {kind})"}
DRAWN = {
    "sqlite": "drawn.collected_at",
    "postgresql": "CAST(EXTRACT(epoch FROM drawn.collected_at) * 1000000 AS bigint)",
}


def observations(
    store: Store, stretches: pd.DataFrame, *, as_of: datetime, without: Collection[str] = ()
) -> pd.DataFrame:
    """What was drawn in one of the `stretches` (STRETCH). Shape OBSERVATIONS, less the columns `without`."""
    return _within(store, Observation, stretches, as_of=as_of, without=without)


def sizes(store: Store, stretches: pd.DataFrame, *, as_of: datetime, without: Collection[str] = ()) -> pd.DataFrame:
    """The measured weights and heights among them, which have an index of their own."""
    return _within(store, Observation, stretches, as_of=as_of, without=without, more=SIZED)


def doses(store: Store, stretches: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """What began or ended since a stretch began, and daily courses without an end. Shape DOSES."""
    begun = _within(store, Dose, stretches, as_of=as_of)
    ran = _within(store, Dose, stretches, as_of=as_of, more=RAN)  # long before, by an index of their own
    told = pd.concat([ran, begun], ignore_index=True) if len(ran) else begun
    told = told.drop_duplicates(["patient_id", "ref", "version"])
    return told.sort_values(["patient_id", "started_at", "ref", "version"], ignore_index=True)


def findings(store: Store, stretches: pd.DataFrame, *, as_of: datetime, name: str) -> pd.DataFrame:
    """Those of one name that were seen in one of the `stretches`. Shape FINDINGS."""
    return _within(store, Finding, stretches, as_of=as_of, more=text("finding.finding = :name").bindparams(name=name))


def newest(store: Store, stretches: pd.DataFrame, *, as_of: datetime, without: Sequence[str]) -> pd.DataFrame:
    """When the newest result within each stretch was drawn, of any analyte but `without`. Shape NEWEST."""
    if stretches.empty:
        return empty(NEWEST)
    with store.reading() as connection:
        engine = connection.dialect.name
        last = LAST.format(table="observation", by=_by(connection, Observation), of="drawn", fence=FENCE[engine])
        asked = text(
            f"""SELECT stretch.patient_id, (
              SELECT {DRAWN[engine]} FROM observation AS drawn
              WHERE drawn.patient_id = stretch.patient_id AND drawn.collected_at BETWEEN stretch.since AND stretch.until
                AND drawn.received_at <= :as_of AND drawn.analyte NOT IN :without AND drawn.status NOT IN :withdrawn
                AND {last} ORDER BY drawn.collected_at DESC LIMIT 1) AS drawn_at
            FROM ({_rows(engine, STRETCH)}) AS stretch"""
        ).bindparams(
            bindparam("as_of", as_of, Instant), bindparam("stretches", _told(engine, stretches)),
            bindparam("without", list(without), expanding=True),
            bindparam("withdrawn", sorted(WITHDRAWN), expanding=True),
        )  # fmt: skip
        told = frame_of(connection, asked.columns(patient_id=String, drawn_at=Instant), NEWEST)  # type: ignore[arg-type]
        return told.dropna().reset_index(drop=True)


def versions(store: Store, keys: Collection[tuple[str, int]], *, as_of: datetime) -> pd.DataFrame:
    """Every version of the observations of these patients and refs, however old. Shape OBSERVATIONS."""
    with store.reading() as connection:
        joined = merges.known(connection, as_of)
        asked = sorted({(name, ref) for patient, ref in keys for name in joined.asked([patient]) or ()})
        table, wanted = _table(Observation), _keys(connection, asked)
        same = and_(*(table.c[column.name] == column for column in wanted.c))
        statement = chosen(connection, Observation, as_of=as_of, columns=frames.OBSERVATIONS).join(wanted, same)
        told = frame_of(connection, statement.order_by(*key(connection, Observation)), frames.OBSERVATIONS)
        return joined.moved(told, "collected_at")


def _within(
    store: Store,
    model: type[SQLModel],
    stretches: pd.DataFrame,
    *,
    as_of: datetime,
    without: Collection[str] = (),
    more: Any = None,
) -> pd.DataFrame:
    shape = {name: kind for name, kind in SHAPES[model].items() if name not in without}
    with store.reading() as connection:
        joined = merges.known(connection, as_of)
        whole = sorted({*joined.into.index, *joined.into} & set(joined.asked(stretches["patient_id"].tolist()) or ()))
        alone = stretches[~stretches["patient_id"].isin(whole)].sort_values(["patient_id", "since"])
        told = [_told_alone(connection, model, alone, as_of, shape, more)]
        if whole:
            statement = chosen(connection, model, as_of=as_of, patients=whole, columns=shape)
            statement = statement if more is None else statement.where(more)
            told += [
                joined.moved(frame_of(connection, statement.order_by(*key(connection, model)), shape), WHEN[model])
            ]
    return pd.concat([part for part in told if len(part)] or told[:1], ignore_index=True)


def _told_alone(
    connection: Connection, model: type[SQLModel], stretches: pd.DataFrame, as_of: datetime, shape: Any, more: Any
) -> pd.DataFrame:
    statement = _of_stretches(connection, model, stretches, as_of, shape, more)
    if _alike(connection, model, more):
        return frame_alike(connection, statement, shape, stretches["patient_id"].tolist())
    return frame_of(connection, statement, shape)


def _alike(connection: Connection, model: type[SQLModel], more: Any) -> bool:
    """
    Observations, of which there are very many; not so the weights and heights. To a server it is more work to put
    words together than to send each.
    """
    return connection.dialect.name == "sqlite" and model is Observation and more is not SIZED


def _of_stretches(
    connection: Connection, model: type[SQLModel], stretches: pd.DataFrame, as_of: datetime, shape: Any, more: Any
) -> Select[Any]:
    engine, table = connection.dialect.name, _table(model)
    stretch = _stretch(engine, stretches, more)
    last = text(LAST.format(table=table.name, by=_by(connection, model), of=table.name, fence=FENCE[engine]))
    if _alike(connection, model, more):
        statement = chosen_alike(connection, table, stretch.c.place, shape).where(table.c.received_at <= as_of)
    else:
        statement = chosen(connection, model, as_of=as_of, columns=shape)
    inside = _led_into(engine, stretch) if more is RAN else _inside(model, stretch)
    statement = statement.join(stretch, and_(table.c.patient_id == stretch.c.patient_id, inside))
    statement = statement.where(last.bindparams(bindparam("as_of", as_of, Instant)))
    # SQLite goes stretch by stretch along the key: asked for that order it would sort what is in order
    statement = statement if engine == "sqlite" else statement.order_by(*key(connection, model))
    return statement if more is None else statement.where(more)


def _inside(model: type[SQLModel], stretch: Subquery) -> Any:
    when = _table(model).c[WHEN[model]]
    return when >= stretch.c.since if model is Dose else when.between(stretch.c.since, stretch.c.until)


def _led_into(engine: str, stretch: Subquery) -> Any:
    """Doses that began before the stretch and ended in it, or nobody knows when."""
    table = _table(Dose)
    if engine == "sqlite":  # see RAN_FROM
        began, since = table.c.started_at == stretch.c.since, stretch.c.until
    else:
        began, since = table.c.started_at < stretch.c.since, stretch.c.since
    return and_(began, or_(table.c.ended_at >= since, table.c.ended_at.is_(None)))


def _stretch(engine: str, stretches: pd.DataFrame, more: Any) -> Subquery:
    told = rows_alone = _rows(engine, STRETCH)
    if engine == "sqlite" and more is SIZED:
        told = DRAWN_AT.format(stretches=told, sizes=SIZES.text)
    elif engine == "sqlite" and more is RAN:
        told = RAN_FROM.format(stretches=told)
    rows = text(told)
    rows = rows.bindparams(bindparam("stretches", _told(engine, stretches)))
    place = {"place": BigInteger} if told is rows_alone and engine == "sqlite" else {}
    return rows.columns(patient_id=String, since=Instant, until=Instant, **place).subquery("stretch")


def _keys(connection: Connection, asked: list[tuple[str, int]]) -> Subquery:
    """The columns by which the rows of these values are found."""
    engine = connection.dialect.name
    told = _rows(engine, {"patient_id": frames.TEXT, "ref": frames.WHOLE})
    rows = text(FOUND.format(keys=told) if engine == "sqlite" else told)
    rows = rows.bindparams(bindparam("stretches", json.dumps(asked)))
    if engine != "sqlite":
        return rows.columns(patient_id=String, ref=BigInteger).subquery("wanted")
    found = rows.columns(patient_id=String, ref=BigInteger, collected_at=Instant, version=BigInteger)
    return found.subquery("wanted")


def _rows(engine: str, shape: dict[str, str]) -> str:
    """A table given as JSON, a list a row."""
    kinds = {frames.TEXT: "text", frames.TIME: "timestamptz", frames.WHOLE: "bigint"}
    columns = [
        f"{FIELD[engine].format(place=place, kind=kinds[kind])} AS {name}"
        for place, (name, kind) in enumerate(shape.items())
    ]
    return ROWS[engine].format(columns=", ".join(columns))


def _told(engine: str, stretches: pd.DataFrame) -> str:
    """Moments as each engine keeps them."""
    times = [stretches[name].dt.tz_convert("UTC") for name in ("since", "until")]
    plain = [column.astype("int64") if engine == "sqlite" else column.map(pd.Timestamp.isoformat) for column in times]
    return json.dumps([*zip(stretches["patient_id"], *(column.tolist() for column in plain), strict=True)])


def _by(connection: Connection, model: type[SQLModel]) -> str:
    return f"INDEXED BY {INDEX[model]}" if connection.dialect.name == "sqlite" else ""


def _table(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]
