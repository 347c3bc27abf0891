"""A frame's columns as the drivers want them: arrays of plain numbers and texts, moments as whole microseconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import compute
from pydantic_core import PydanticUndefined
from sqlalchemy import Column, Float, Integer
from sqlmodel import SQLModel

from storage import kinds
from storage.errors import FrameRefused
from storage.instants import Instant
from storage.tables.shared import NUMBER_OF

UNKNOWN = int(np.iinfo(np.int64).min)  # pandas' own mark of a missing moment
LOOKED_AT = 1000  # texts that tell whether a column repeats itself


@dataclass(frozen=True)
class Rows:
    """`count` rows for one table: an array for each column whose values differ, one value for each that is the same."""

    table: Any
    count: int
    arrays: dict[str, pa.Array]
    same: dict[str, Any]


def rows_of(frame: pd.DataFrame, model: type[SQLModel], same: Mapping[str, Any]) -> Rows:
    """All columns of `model`: from `same`, else from `frame`, else the model's default; refused when there is none."""
    return numbered(model, len(frame), *columns_of(frame, model, same))


def columns_of(
    frame: pd.DataFrame, model: type[SQLModel], same: Mapping[str, Any], *, but: Collection[str] = ()
) -> tuple[dict[str, pa.Array], dict[str, Any]]:
    """`arrays` and `same` of Rows without numbers of words, and without `but`."""
    arrays: dict[str, pa.Array] = {}
    alike: dict[str, Any] = {}
    for column in model.__table__.columns:  # type: ignore[attr-defined]
        if NUMBER_OF in column.info or column.name in but:
            continue
        values = _values(frame, model, column, same)
        if isinstance(values, pa.Array) and not _all_alike(values):
            arrays[column.name] = values
        else:
            alike[column.name] = values[0].as_py() if isinstance(values, pa.Array) and len(values) else values
    return arrays, alike


def numbered(model: type[SQLModel], count: int, arrays: dict[str, pa.Array], alike: dict[str, Any]) -> Rows:
    """With the numbers of what is told, see storage.kinds."""
    table = model.__table__  # type: ignore[attr-defined]
    for column in table.columns:
        if NUMBER_OF in column.info:
            number = kinds.numbers(column.info[NUMBER_OF], arrays, alike, count)
            (arrays if isinstance(number, pa.Array) else alike)[column.name] = number
    return Rows(table, count, arrays, alike)


def coded(array: pa.Array) -> pa.Array:
    """Texts that repeat stand once, with a number for each row; any other array as it is."""
    if not pa.types.is_large_string(array.type) or array.null_count or _mostly_differ(array):
        return array
    return array.dictionary_encode()


def _mostly_differ(texts: pa.Array) -> bool:
    few = texts.slice(0, LOOKED_AT)
    return 2 * len(few.unique()) > len(few)


def listed(array: pa.Array) -> list[Any]:
    """As the embedded driver binds it fastest; a missing number stays NaN, which it stores as nothing."""
    if isinstance(array, pa.DictionaryArray):
        return list(array.dictionary.to_numpy(zero_copy_only=False)[array.indices.to_numpy()].tolist())
    if pa.types.is_integer(array.type) and array.null_count:
        whole = array.fill_null(0).to_numpy().astype(object)
        whole[array.is_null().to_numpy(zero_copy_only=False)] = None
        return list(whole)
    return list(array.to_numpy(zero_copy_only=False).tolist())


def microseconds(moments: pd.Series) -> np.ndarray:
    """Whole microseconds since 1970, UNKNOWN where there is no moment. A moment without a time zone is refused."""
    try:
        index = pd.DatetimeIndex(moments)
    except (TypeError, ValueError):  # some with a zone and some without, or no moments at all; the text quotes them
        raise FrameRefused(f"Not every value is a moment with a time zone: column {moments.name}.") from None
    if index.tz is None and not index.isna().all():
        raise FrameRefused(f"A moment needs its time zone: column {moments.name}.")
    return index.as_unit("us").asi8


def whole_numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """The column `name`, which must be there and without gaps."""
    try:
        return frame[name].to_numpy(np.int64)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FrameRefused(f"The rows need a whole number each in the column {name}.") from None


def _values(frame: pd.DataFrame, model: type[SQLModel], column: Column[Any], same: Mapping[str, Any]) -> Any:
    name, default = column.name, model.model_fields[column.name].default
    if name in same:
        return _one(same[name])
    if name not in frame.columns:
        if default is PydanticUndefined:
            raise FrameRefused(f"The rows for {model.__name__} lack the column {name}.")
        return default
    try:
        values = _array(frame[name], column.type, default)
    except (TypeError, ValueError, OverflowError):  # their text quotes the value
        raise FrameRefused(f"The rows for {model.__name__} have words in the column {name} of numbers.") from None
    if values.null_count and not column.nullable:
        raise FrameRefused(f"The rows for {model.__name__} have gaps in the column {name}.")
    return values if values.null_count < len(values) else None


def _array(series: pd.Series, kind: Any, default: Any) -> pa.Array:
    if isinstance(kind, Instant):
        whole = microseconds(series)
        return pa.array(whole, mask=whole == UNKNOWN)
    if isinstance(kind, Float):
        return pa.array(series.to_numpy(np.float64, na_value=np.nan), from_pandas=True)
    if isinstance(kind, Integer):
        missing = series.isna().to_numpy()
        return pa.array(
            series.fillna(0).to_numpy(np.int64) if missing.any() else series.to_numpy(np.int64), mask=missing
        )
    return texts(series, default if isinstance(default, str) else None)


def texts(series: pd.Series, blank: str | None) -> pa.Array:
    """As the store keeps them; `blank`: what stands for a missing one."""
    told = pa.array(series if series.dtype == "str" else _as_texts(series), pa.large_string(), from_pandas=True)
    whole = told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told
    if _may_hold_nul(whole):  # a server's text cannot hold it
        whole = compute.replace_substring(whole, "\x00", "\ufffd")
    return whole if blank is None else whole.fill_null(blank)


def _may_hold_nul(texts: pa.Array) -> bool:
    """Looks at the bytes of all texts at once, those of rows left out too."""
    written = texts.buffers()[2]
    return written is not None and not np.frombuffer(written, dtype="uint8").all()


def _as_texts(series: pd.Series) -> pd.Series:
    try:
        return series.astype("str")
    except UnicodeEncodeError:  # half of a surrogate pair, as careless JSON has them
        return series.map(lambda text: str(text).encode("utf-8", "replace").decode(), na_action="ignore").astype("str")


def _one(value: Any) -> Any:
    if isinstance(value, list | np.ndarray):
        return pa.array(value)
    if isinstance(value, int | float | str) or value is None:
        return value
    return int(microseconds(pd.Series([value]))[0])


def _all_alike(values: pa.Array) -> bool:
    if not len(values):
        return True
    first, middle, last = (values[place].as_py() for place in (0, len(values) // 2, -1))
    if first is None or first != middle or first != last:
        return False
    return not values.null_count and bool(compute.all(compute.equal(values, values[0])).as_py())
