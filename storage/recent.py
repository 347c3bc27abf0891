"""
Reads that go no further back than they are asked: stretches of time of each patient, of each fact the last version.

What was joined with another record is read whole, since its versions count across both. Shapes are those of `queries`,
less what is not asked for; rows may lie outside of the stretches, and none that lies inside is missing. Who gives what
was `kept` is told from it of whom nothing is new, and what is read is kept there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, Connection, Integer, Select, String, Subquery, and_, bindparam, or_, text
from sqlmodel import SQLModel

from storage import frames, merges
from storage.alike import chosen_alike, frame_alike
from storage.engine import Store
from storage.gathered import chosen_gathered, frame_gathered, gathers
from storage.instants import Instant
from storage.kept import Kept
from storage.reading import among, chosen, frame_of, key
from storage.tables import RAN, SIZED, SIZES, Dose, Finding, Observation

STRETCH = {"patient_id": frames.TEXT, "since": frames.TIME, "until": frames.TIME}
PICKED = {**STRETCH, "whole_from": frames.TIME}
REPLACED = {"patient_id": frames.TEXT, "ref": frames.WHOLE, "version": frames.WHOLE}
NAMED = {"patient_id": frames.TEXT}
WHEN: dict[type[SQLModel], str] = {Observation: "collected_at", Dose: "started_at", Finding: "observed_at"}
SHAPES = {Observation: frames.OBSERVATIONS, Dose: frames.DOSES, Finding: frames.FINDINGS}
# without statistics SQLite would walk through all of a patient's rows for each row
INDEX = {Observation: "ix_observation_corrected", Dose: "ix_dose_corrected", Finding: "ix_finding_corrected"}
LAST = """NOT EXISTS (
  SELECT 1 FROM {table} AS later {by} WHERE later.patient_id = {of}.patient_id AND later.ref = {of}.ref
    AND later.version > {of}.version AND later.version > 1 AND later.received_at <= :as_of {fence})"""
# a server that thinks that hardly anything was ever corrected would go through all that was for each row
FENCE = {"sqlite": "", "postgresql": "OFFSET 0"}
CORRECTED = """SELECT later.patient_id, later.ref, later.version
  FROM ({named}) AS asked CROSS JOIN {table} AS later {by}
  WHERE later.patient_id = asked.patient_id AND later.version > 1 AND later.received_at <= :as_of"""
# the moments of a stretch at which anything of the index was drawn: left to itself SQLite reads all of the stretch
DRAWN_AT = """SELECT DISTINCT few.patient_id, few.collected_at AS since, few.collected_at AS until
  FROM ({stretches}) AS asked CROSS JOIN observation AS few INDEXED BY ix_observation_size
  WHERE few.patient_id = asked.patient_id AND few.collected_at BETWEEN asked.since AND asked.until AND few.{sizes}"""
# in the same way where courses began that lead into a stretch: until is where that begins
RAN_FROM = """SELECT few.patient_id, few.started_at AS since, asked.since AS until
  FROM ({stretches}) AS asked CROSS JOIN dose AS few INDEXED BY ix_dose_course
  WHERE few.patient_id = asked.patient_id AND few.started_at < asked.since
    AND (few.ended_at IS NOT NULL OR few.unit LIKE '%/day')"""
ROWS = {
    "sqlite": "SELECT {columns}, key AS place FROM json_each(:stretches)",
    "postgresql": "SELECT {columns}, number - 1 AS place "
    "FROM jsonb_array_elements(CAST(:stretches AS jsonb)) WITH ORDINALITY AS told(value, number)",
}
FIELD = {"sqlite": "json_extract(value, '$[{place}]')", "postgresql": "CAST(value ->> {place} AS {kind})"}


def observations(
    store: Store,
    stretches: pd.DataFrame,
    *,
    as_of: datetime,
    without: Collection[str] = (),
    analytes: Collection[str] | None = None,
    kept: Kept | None = None,
) -> pd.DataFrame:
    """
    What was drawn in one of the `stretches` (STRETCH). Shape OBSERVATIONS, less the columns `without`.

    `analytes`: of a stretch (PICKED) these alone, from `whole_from` on every one, and of the others what is named by a
    method or a specimen.
    """
    asked = _Asked(as_of, _shape(Observation, without), None, analytes)
    return _within(store, Observation, stretches, asked, kept)


def sizes(
    store: Store,
    stretches: pd.DataFrame,
    *,
    as_of: datetime,
    without: Collection[str] = (),
    kept: Kept | None = None,
) -> pd.DataFrame:
    """The measured weights and heights among them, which have an index of their own."""
    return _within(store, Observation, stretches, _Asked(as_of, _shape(Observation, without), SIZED), kept)


def doses(
    store: Store,
    stretches: pd.DataFrame,
    *,
    as_of: datetime,
    without: Collection[str] = (),
    kept: Kept | None = None,
) -> pd.DataFrame:
    """
    What began or ended since a stretch began, and daily courses without an end. Shape DOSES, less the columns
    `without`.
    """
    asked = _Asked(as_of, _shape(Dose, without))
    begun = _within(store, Dose, stretches, asked, kept)
    ran = _within(store, Dose, stretches, replace(asked, more=RAN), kept)  # long before, by their own index
    told = pd.concat([ran, begun], ignore_index=True) if len(ran) else begun
    told = told.drop_duplicates(["patient_id", "ref", "version"])
    return told.sort_values(["patient_id", "started_at", "ref", "version"], ignore_index=True)


def findings(
    store: Store, stretches: pd.DataFrame, *, as_of: datetime, name: str, kept: Kept | None = None
) -> pd.DataFrame:
    """Those of one name that were seen in one of the `stretches`. Shape FINDINGS."""
    named = text("finding.finding = :name").bindparams(name=name)
    return _within(store, Finding, stretches, _Asked(as_of, frames.FINDINGS, named), kept)


@dataclass(frozen=True)
class _Asked:
    """`more`: what else is asked of a row, in SQL; `analytes`: see `observations`."""

    as_of: datetime
    shape: Mapping[str, str]
    more: Any = None
    analytes: Collection[str] | None = None

    def how(self, model: type[SQLModel]) -> tuple[Any, ...]:
        """What rows are asked for, whenever and of whomever."""
        also = () if self.more is None else (str(self.more), *self.more.compile().params.values())
        analytes = None if self.analytes is None else frozenset(self.analytes)
        return model, tuple(self.shape), also, analytes


def _shape(model: type[SQLModel], without: Collection[str]) -> dict[str, str]:
    return {name: kind for name, kind in SHAPES[model].items() if name not in without}


def _within(
    store: Store, model: type[SQLModel], stretches: pd.DataFrame, asked: _Asked, kept: Kept | None
) -> pd.DataFrame:
    with store.reading() as connection:
        joined = merges.known(connection, asked.as_of)
        whole = sorted({*joined.into.index, *joined.into} & set(joined.asked(stretches["patient_id"].tolist()) or ()))
        alone = stretches[~stretches["patient_id"].isin(whole)].sort_values(["patient_id", "since"])
        told = [_told_or_kept(connection, model, alone, asked, kept)]
        if whole:
            statement = chosen(connection, model, as_of=asked.as_of, patients=whole, columns=asked.shape)
            statement = statement if asked.more is None else statement.where(asked.more)
            found = frame_of(connection, statement.order_by(*key(connection, model)), asked.shape)
            told.append(joined.moved(found, WHEN[model]))
    return pd.concat([part for part in told if len(part)] or told[:1], ignore_index=True)


def _told_or_kept(
    connection: Connection, model: type[SQLModel], stretches: pd.DataFrame, asked: _Asked, kept: Kept | None
) -> pd.DataFrame:
    def read(some: pd.DataFrame) -> pd.DataFrame:
        return _told_alone(connection, model, some, asked)

    return kept.rows(asked.how(model), stretches, read) if kept else read(stretches)


def _told_alone(connection: Connection, model: type[SQLModel], stretches: pd.DataFrame, asked: _Asked) -> pd.DataFrame:
    statement, how = _of_stretches(connection, model, stretches, asked), _alike(connection, model, asked)
    if not how:
        return frame_of(connection, statement, asked.shape)
    told = how.frame(connection, statement, asked.shape, stretches["patient_id"].tolist())
    return _left(told, _replacing(connection, model, stretches["patient_id"], asked.as_of))


def _replacing(connection: Connection, model: type[SQLModel], patients: pd.Series, as_of: datetime) -> pd.DataFrame:
    """Every later version of anything of these patients. They are few: to look for one row by row costs far more."""
    engine, table = connection.dialect.name, _table(model).name
    named = json.dumps([[name] for name in patients.unique()])
    rows = text(CORRECTED.format(named=rows_told(engine, NAMED), table=table, by=by_corrections(connection, model)))
    rows = rows.bindparams(bindparam("stretches", named), bindparam("as_of", as_of, Instant))
    asked = rows.columns(patient_id=String, ref=BigInteger, version=Integer)
    return frame_of(connection, asked, REPLACED)  # type: ignore[arg-type]


def _left(told: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Without what one of `later` replaced, wherever that lies now."""
    again = np.flatnonzero(told["ref"].isin(later["ref"]))
    if not len(again):
        return told
    fact = ["patient_id", "ref"]
    last = later.groupby(fact, as_index=False)["version"].max()
    newest = told[fact].iloc[again].merge(last, on=fact, how="left")["version"].to_numpy()
    gone = newest > told["version"].to_numpy()[again]
    return told.drop(told.index[again[gone]]).reset_index(drop=True)


@dataclass(frozen=True)
class _Alike:
    """How an engine tells rows of which very many say the same in the same words."""

    rows: Callable[[Connection, Any, Any, Mapping[str, str]], Select[Any]]
    frame: Callable[[Connection, Select[Any], Mapping[str, str], Sequence[str]], pd.DataFrame]


BY_TEXTS, BY_ARRAYS = _Alike(chosen_alike, frame_alike), _Alike(chosen_gathered, frame_gathered)


def _alike(connection: Connection, model: type[SQLModel], asked: _Asked) -> _Alike | None:
    """For observations and doses, of which there are very many; not so of those that have an index of their own."""
    if model is Finding or asked.more is not None:
        return None
    if connection.dialect.name == "sqlite":
        return BY_TEXTS
    return BY_ARRAYS if gathers(asked.shape) else None


def _of_stretches(connection: Connection, model: type[SQLModel], stretches: pd.DataFrame, asked: _Asked) -> Select[Any]:
    engine, table, more = connection.dialect.name, _table(model), asked.more
    stretch = _stretch(engine, stretches, more)
    if how := _alike(connection, model, asked):
        statement = how.rows(connection, table, stretch.c.place, asked.shape)
        statement = statement.where(table.c.received_at <= asked.as_of)
    else:
        statement = chosen(connection, model, as_of=asked.as_of, columns=asked.shape)
    inside = _led_into(engine, stretch) if more is RAN else _inside(model, stretch)
    statement = statement.join(stretch, and_(table.c.patient_id == stretch.c.patient_id, inside))
    if asked.analytes is not None:
        picked = among(connection, table.c.analyte, sorted(asked.analytes))
        named = or_(*(table.c[name] != "" for name in ("method", "specimen")))
        statement = statement.where(or_(picked, named, table.c.collected_at >= stretch.c.whole_from))
    if not how:
        last = text(
            LAST.format(table=table.name, by=by_corrections(connection, model), of=table.name, fence=FENCE[engine])
        )
        statement = statement.where(last.bindparams(bindparam("as_of", asked.as_of, Instant)))
    if not how and engine != "sqlite":  # which goes stretch by stretch along the key: it would sort what is in order
        statement = statement.order_by(*key(connection, model))
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
    shape = PICKED if "whole_from" in stretches else STRETCH
    told = rows_alone = rows_told(engine, shape)
    if engine == "sqlite" and more is SIZED:
        told = DRAWN_AT.format(stretches=told, sizes=SIZES.text)
    elif engine == "sqlite" and more is RAN:
        told = RAN_FROM.format(stretches=told)
    rows = text(told)
    rows = rows.bindparams(bindparam("stretches", stretches_told(engine, stretches)))
    columns: dict[str, Any] = {name: String if kind == frames.TEXT else Instant for name, kind in shape.items()}
    place = {"place": BigInteger} if told is rows_alone else {}
    return rows.columns(**columns, **place).subquery("stretch")


def rows_told(engine: str, shape: dict[str, str]) -> str:
    """A table given as JSON, a list a row."""
    kinds = {frames.TEXT: "text", frames.TIME: "timestamptz", frames.WHOLE: "bigint"}
    columns = [
        f"{FIELD[engine].format(place=place, kind=kinds[kind])} AS {name}"
        for place, (name, kind) in enumerate(shape.items())
    ]
    return ROWS[engine].format(columns=", ".join(columns))


def stretches_told(engine: str, stretches: pd.DataFrame) -> str:
    """Moments as each engine keeps them."""
    times = [stretches[name].dt.tz_convert("UTC") for name in PICKED if name in stretches and name != "patient_id"]
    plain = [column.astype("int64") if engine == "sqlite" else column.map(pd.Timestamp.isoformat) for column in times]
    return json.dumps([*zip(stretches["patient_id"], *(column.tolist() for column in plain), strict=True)])


def by_corrections(connection: Connection, model: type[SQLModel]) -> str:
    return f"INDEXED BY {INDEX[model]}" if connection.dialect.name == "sqlite" else ""


def _table(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]
