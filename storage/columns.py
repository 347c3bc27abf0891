"""A frame's columns as the driver wants them: lists of plain numbers and texts, moments as whole microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic_core import PydanticUndefined
from sqlalchemy import Column, Float, Integer
from sqlmodel import SQLModel

from storage.errors import FrameRefused
from storage.instants import Instant

UNKNOWN = int(np.iinfo(np.int64).min)  # pandas' own mark of a missing moment


@dataclass(frozen=True)
class Rows:
    """`count` rows for one table: a list for each column whose values differ, one value for each that is the same."""

    table: Any
    count: int
    lists: dict[str, list[Any]]
    same: dict[str, Any]


def rows_of(frame: pd.DataFrame, model: type[SQLModel], same: Mapping[str, Any]) -> Rows:
    """All columns of `model`: from `same`, else from `frame`, else the model's default; refused when there is none."""
    table = model.__table__  # type: ignore[attr-defined]
    lists: dict[str, list[Any]] = {}
    alike: dict[str, Any] = {}
    for column in table.columns:
        values = _values(frame, model, column, same)
        if isinstance(values, list) and not _all_alike(values):
            lists[column.name] = values
        else:
            alike[column.name] = values[0] if isinstance(values, list) and values else values
    return Rows(table, len(frame), lists, alike)


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
    if not column.nullable and not isinstance(default, str) and frame[name].isna().any():
        raise FrameRefused(f"The rows for {model.__name__} have gaps in the column {name}.")
    try:
        return _listed(frame[name], column.type, default)
    except (TypeError, ValueError, OverflowError):  # their text quotes the value
        raise FrameRefused(f"The rows for {model.__name__} have words in the column {name} of numbers.") from None


def _listed(series: pd.Series, kind: Any, default: Any) -> list[Any] | None:
    if isinstance(kind, Instant):
        return _moments(series)
    if isinstance(kind, Float):
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        return None if len(numbers) and np.isnan(numbers).all() else numbers.tolist()
    if isinstance(kind, Integer):
        return series.to_numpy(np.int64).tolist()
    return _texts(series, default if isinstance(default, str) else None)


def _moments(series: pd.Series) -> list[Any] | None:
    whole = microseconds(series)
    missing = whole == UNKNOWN
    if not missing.any():
        return whole.tolist()
    moments = whole.astype(object)
    moments[missing] = None
    return None if missing.all() else moments.tolist()


def _texts(series: pd.Series, blank: str | None) -> list[Any]:
    texts = series if series.dtype == "str" else _as_texts(series)
    if texts.str.contains("\x00", regex=False).any():  # a server's text cannot hold it
        texts = texts.str.replace("\x00", "\ufffd", regex=False)
    if blank is not None or not series.isna().any():
        return texts.fillna(blank or "").to_numpy(object).tolist()
    return texts.astype(object).where(texts.notna(), None).tolist()


def _as_texts(series: pd.Series) -> pd.Series:
    try:
        return series.astype("str")
    except UnicodeEncodeError:  # half of a surrogate pair, as careless JSON has them
        return series.map(lambda text: str(text).encode("utf-8", "replace").decode(), na_action="ignore").astype("str")


def _one(value: Any) -> Any:
    if isinstance(value, list | int | float | str) or value is None:
        return value
    return int(microseconds(pd.Series([value]))[0])


def _all_alike(values: list[Any]) -> bool:
    if not values:
        return True
    first = values[0]
    return first == values[-1] and first == values[len(values) // 2] and values.count(first) == len(values)
