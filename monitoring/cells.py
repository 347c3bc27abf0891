"""Columns of text in which every distinct text stands once, and the numbers that facts are known by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import compute


@dataclass(frozen=True, eq=False)
class Cells(Sequence[str]):
    """One column: every distinct text once, and which of them each row holds."""

    texts: np.ndarray
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, place: Any) -> Any:
        return self.texts[self.codes[place]]

    def each(self, meaning: Callable[[str], object]) -> np.ndarray:
        """`meaning` of every row's text, asked once for every distinct text."""
        return self.spread([meaning(text) for text in self.texts])

    def spread(self, meanings: Sequence[object]) -> np.ndarray:
        """Row by row what stands in `meanings` for its text."""
        return objects(meanings)[self.codes]

    def mask(self, holds: Callable[[str], object]) -> np.ndarray:
        return np.array([bool(holds(text)) for text in self.texts], dtype=bool)[self.codes]

    def column(self, meaning: Callable[[str], str] = str) -> pd.api.extensions.ExtensionArray:
        """The same as `each`, as the text column of a frame."""
        texts = pd.array(self._meant(meaning), dtype="str")
        return texts if self._all_differ else texts.take(self.codes)

    def hashes(self, meaning: Callable[[str], str] = str.strip) -> np.ndarray:
        return hashed(self._meant(meaning))[self.codes]

    def taken(self, places: np.ndarray) -> Cells:
        """The column of some of the rows."""
        return Cells(self.texts, self.codes[places])

    def part(self, places: np.ndarray) -> Cells:
        """The column of some of the rows, in their order, with no text that stands in none of them."""
        codes = self.codes[places]
        used = np.zeros(len(self.texts), dtype=bool)
        used[codes] = True
        return Cells(self.texts[used], (np.cumsum(used) - 1)[codes])

    @cached_property
    def trimmed(self) -> np.ndarray:
        return self._stripped[self.codes]

    @cached_property
    def blank(self) -> np.ndarray:
        return (self._stripped == "").astype(bool)[self.codes]

    def _meant(self, meaning: Callable[[str], str]) -> np.ndarray:
        if meaning is str:
            return self.texts
        return self._stripped if meaning is str.strip else objects([meaning(text) for text in self.texts])

    @cached_property
    def _stripped(self) -> np.ndarray:
        return objects([text.strip() for text in self.texts])

    @cached_property
    def _all_differ(self) -> bool:
        """Identifiers: no text stands in two rows, so that the texts are the column already."""
        return len(self.texts) == len(self.codes) and np.array_equal(self.codes, np.arange(len(self.codes)))


@dataclass(frozen=True, eq=False)
class Origins(Sequence[str]):
    """Where each row stood: `name` of the file and the number of its line, put together when somebody asks."""

    name: str
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [f"{self.name}:{number}" for number in self.numbers[place].tolist()]
        return f"{self.name}:{self.numbers[place]}"


def origin_column(origins: Sequence[str], places: np.ndarray | None = None) -> pd.api.extensions.ExtensionArray:
    """As the text column of a frame, of all rows or of those at `places`."""
    if not isinstance(origins, Origins):
        told = pd.array(origins, dtype="str")
        return told if places is None else told.take(places)
    numbers = origins.numbers if places is None else origins.numbers[places]
    lines = compute.cast(pa.array(numbers), pa.large_string())
    name, colon = (pa.scalar(text, pa.large_string()) for text in (origins.name, ":"))
    joined = compute.binary_join_element_wise(name, lines, colon)
    return pd.array(joined, dtype="str")


def cells_of(texts: Sequence[str] | np.ndarray) -> Cells:
    if isinstance(texts, Cells):
        return texts
    codes, distinct = pd.factorize(objects(texts))
    return Cells(distinct, codes)


def objects(values: Sequence[object] | np.ndarray) -> np.ndarray:
    """One object a row, tuples too."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return values
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def hashed(texts: Iterable[str]) -> np.ndarray:
    """Each text as a 64-bit number."""
    digests = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype=">u8").astype("uint64")


def mixed(*parts: np.ndarray | str) -> np.ndarray:
    """
    One signed 64-bit number a row out of several, in this order: hashes, whole numbers, or a text for every row.

    Splitmix64 over hashes of the distinct texts, which is a tenth of the work of hashing every row's own text.
    Stored numbers rest on it: it may not change.
    """
    state: np.ndarray = np.zeros(1, dtype="uint64")
    for part in parts:
        state = state ^ (hashed([part]) if isinstance(part, str) else part.astype("uint64"))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state.astype("int64")
