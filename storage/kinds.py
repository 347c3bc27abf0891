"""
A number for the words that very many observations share: rows of one number have the same words.

The reverse need not hold: what was written before there were such numbers has none. A reader takes the number in place
of ten texts, and asks for the words of each number once. It is a hash and no count: nothing has to be looked up when
rows are written, and it means the same in every store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

MOST = 1 << 62  # as many combinations can be told apart in a whole number of 64 bits


def number(words: Sequence[Any]) -> int:
    """Of texts and numbers, in their order: 64 bits of BLAKE2b over them as JSON, signed."""
    told = json.dumps(list(words), separators=(",", ":")).encode()
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big", signed=True)


def numbers(names: Sequence[str], arrays: Mapping[str, pa.Array], same: Mapping[str, Any], count: int) -> Any:
    """
    Of each of `count` rows the number of its words `names`, or one for all of them; each combination is hashed once.

    `arrays` and `same` are those of storage.columns.Rows.
    """
    which, first = _combined([arrays[name] for name in names if name in arrays], count)
    columns = (arrays[name].take(first).to_pylist() if name in arrays else [same[name]] * len(first) for name in names)
    told = [number(words) for words in zip(*columns, strict=True)]
    return told[0] if len(told) == 1 else pa.array(np.array(told, dtype=np.int64)[which])


def _combined(arrays: list[pa.Array], count: int) -> tuple[np.ndarray, pa.Array]:
    """Of each row which combination it has, and of each combination a row that has it."""
    place, most = np.zeros(count, dtype=np.int64), 1
    for array in arrays:
        coded = array.dictionary_encode()
        if most * len(coded.dictionary) > MOST:
            place, most = _counted(place)
        place, most = place * len(coded.dictionary) + coded.indices.to_numpy(), most * len(coded.dictionary)
    place, most = _counted(place)
    first = np.empty(most, dtype=np.int64)
    first[place] = np.arange(count)
    return place, pa.array(first)


def _counted(place: np.ndarray) -> tuple[np.ndarray, int]:
    coded = pa.array(place).dictionary_encode()
    return coded.indices.to_numpy(), len(coded.dictionary)
