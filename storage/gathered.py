"""
Rows of which very many say the same in the same words: a server gathers the numbers of all that do into one array a
column, in its own binary form. To send each row by itself is more work for it, and most of all for who reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Connection, LargeBinary, Row, Select, cast, func, literal_column, select

from storage import frames
from storage.alike import COMMON, PLACE
from storage.frames import empty, shaped
from storage.wire import MILLENNIUM

HEAD = 20  # bytes before the first: dimensions, whether one is missing, their kind, how many, the first one's number
SIZE = 4  # bytes before each: its length
NUMBERS = {frames.TIME: ">i8", frames.WHOLE: ">i8", frames.NUMBER: ">f8"}
NOTHING = {frames.TIME: "CAST('-infinity' AS timestamptz)", frames.NUMBER: "CAST('NaN' AS double precision)"}
NEVER = np.iinfo(np.int64).min  # as which -infinity is sent, and what is no moment here
WHEN = ("collected_at", "started_at")


def gathers(shape: Mapping[str, str]) -> bool:
    """Whether all that is each row's own are numbers."""
    return set(_own(shape).values()) <= set(NUMBERS)


def chosen_gathered(_: Connection, table: Any, place: Any, shape: Mapping[str, str]) -> Select[Any]:
    """The rows of `table` with a number for their patient (`place`), nothing of them missing."""
    own = [_there(table.c[name], kind).label(name) for name, kind in _own(shape).items()]
    return select(place.label(PLACE), *own, *(table.c[name] for name in _common(shape))).select_from(table)


def frame_gathered(
    connection: Connection, statement: Select[Any], shape: Mapping[str, str], patients: Sequence[str]
) -> pd.DataFrame:
    """In order of patient, time, ref and version; `patients` by their numbers, in order."""
    rows, kinds = statement.subquery("alike"), {PLACE: frames.WHOLE} | _own(shape)
    words = [rows.c[name] for name in _common(shape)]
    sent = (func.array_send(func.array_agg(rows.c[name]), type_=LargeBinary).label(name) for name in kinds)
    told = connection.execute(select(*words, *sent).group_by(*words)).all()
    if not told:
        return empty(shape)
    numbers = {name: np.concatenate([_read(row, name, kind) for row in told]) for name, kind in kinds.items()}
    when = next(name for name in WHEN if name in numbers)
    order = np.lexsort([numbers[name] for name in ("version", "ref", when, PLACE)])
    group = np.repeat(np.arange(len(told)), [len(_read(row, PLACE, frames.WHOLE)) for row in told])[order]
    columns = {name: _taken([getattr(row, name) for row in told], group) for name in _common(shape)}
    columns |= {name: _typed(numbers[name][order], kind) for name, kind in _own(shape).items()}
    columns["patient_id"] = _taken(patients, numbers[PLACE][order])
    return shaped(pa.table(columns).to_pandas(), shape)


def _common(shape: Mapping[str, str]) -> list[str]:
    return [name for name in COMMON if shape.get(name) == frames.TEXT]


def _own(shape: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in shape.items() if name not in ("patient_id", *_common(shape))}


def _there(column: Any, kind: str) -> Any:
    """What is missing in an array takes no room in it: here it takes the room of a number that is none."""
    if kind == frames.WHOLE:
        return cast(column, BigInteger)
    return func.coalesce(column, literal_column(NOTHING[kind])) if column.nullable else column


def _read(row: Row[Any], name: str, kind: str) -> np.ndarray:
    sent = np.dtype([("size", f"V{SIZE}"), ("value", NUMBERS[kind])])
    values = np.frombuffer(getattr(row, name), sent, offset=HEAD)["value"]
    return values.astype(values.dtype.newbyteorder("="))


def _typed(values: np.ndarray, kind: str) -> pa.Array:
    if kind != frames.TIME:
        return pa.array(values)
    never = values == NEVER
    return pa.array(np.where(never, 0, values + MILLENNIUM), mask=never).cast(pa.timestamp("us", tz="UTC"))


def _taken(words: Sequence[str], places: np.ndarray) -> pa.Array:
    return pa.array(words, pa.large_string()).take(pa.array(places))
