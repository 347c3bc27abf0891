"""Columns of an export in which what many rows have in common is said once. Imports little: for reading processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Coded:
    """
    Row i has values[codes[i]]. Columns may share their codes, and of two values one may be the other's equal, but for
    `first`: each is another, and they stand in the order in which rows have them first.
    """

    codes: pa.Array
    values: pa.Array
    first: bool = False

    def __len__(self) -> int:
        return len(self.codes)


Columns = Mapping[str, Any]  # by name, in order: a Coded or an Arrow array each, all of the same length


def coded(array: Any) -> Coded:
    """Each value once; no code is missing, but a value may be."""
    told = pc.dictionary_encode(array, null_encoding="encode")
    return Coded(told.indices, told.dictionary, first=True)


def taken(values: Any, codes: Any) -> Any:
    """The values at these places, none of which lies outside: looking for such costs more than all the rest."""
    return pc.take(values, codes, boundscheck=False)


def as_table(columns: Columns) -> pa.Table:
    """Texts that are coded as dictionaries, in which each stands once."""
    return pa.table({name: _dictionary(one) if isinstance(one, Coded) else one for name, one in columns.items()})


def _dictionary(one: Coded) -> Any:
    """The same bytes in whatever order a store told of the rows."""
    if one.first and not one.values.null_count:
        return pa.DictionaryArray.from_arrays(one.codes, one.values, safe=False)
    words = pc.unique(one.values.drop_null()).sort()
    places = taken(pc.index_in(one.values, value_set=words), one.codes)
    return pa.DictionaryArray.from_arrays(places, words, safe=False)
