"""Columns of a database as the texts that intake reads, and rows of one key told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

WHOLE_SECONDS = 1_000_000


def texts(column: pd.Series) -> pd.Series:
    """As text, "" where there is nothing."""
    blank = column.isna()
    return column.astype("str").where(~blank, "").astype(object)


def said_as(column: pd.Series, words: Mapping[Any, Any], other: str | None = None) -> pd.Series:
    """Each text in other words: where there are none itself, or `other`."""
    return pd.Series(
        [words.get(text, text if other is None else other) for text in column], index=column.index, dtype=object
    )


def numbers(column: pd.Series) -> pd.Series:
    """The shortest text that is this number again, in the precision that it was kept in."""
    if not pd.api.types.is_float_dtype(column):
        return texts(column)
    kept = column.to_numpy()
    told = pd.Series(kept.astype("U"), index=column.index, dtype=object)
    return told.where(np.isfinite(kept), "").str.removesuffix(".0")


def instants(column: pd.Series) -> pd.Series:
    """In ISO 8601; a time without an offset is UTC, as both formats ask for. A text that is no time stays as it is."""
    at = column
    if not pd.api.types.is_datetime64_any_dtype(at):
        at = pd.to_datetime(texts(column), errors="coerce", utc=True, format="ISO8601")
    at = at.dt.tz_convert("UTC").dt.tz_localize(None) if at.dt.tz is not None else at
    kept = at.to_numpy().astype("datetime64[us]")
    there = ~np.isnat(kept)
    whole = (kept[there].astype("int64") % WHOLE_SECONDS == 0).all()
    said = np.char.add(np.datetime_as_string(kept, unit="s" if whole else "us"), "Z")
    told = pd.Series(said.astype(object), index=column.index, dtype=object)
    return told.where(there, texts(column))


def days(column: pd.Series) -> pd.Series:
    """Dates alone."""
    return instants(column).str.slice(0, 10)


def told_apart(key: list[pd.Series], value: pd.Series) -> pd.Series:
    """
    A name for each row that says something else than an earlier one of the same key, "" for the others.

    Such a database has no corrections: two values of one moment are two results.
    """
    columns = [str(number) for number in range(len(key))]
    rows = pd.concat([*key, value], axis=1).set_axis([*columns, "value"], axis=1)
    once = rows[~rows.duplicated()]
    place = once.groupby(columns).cumcount()
    again = place[place > 0]
    named = pd.Series("", index=rows.index, dtype=object)
    if again.empty:
        return named
    more = rows.merge(once.loc[again.index].assign(place=again), how="left", on=[*columns, "value"])
    wanted = more["place"].notna().to_numpy()
    said = rows.loc[wanted, columns[1:]].astype("str").agg("|".join, axis=1)
    named[wanted] = said + "|" + (more.loc[wanted, "place"].astype("int64") + 1).astype("str").to_numpy()
    return named
