"""
Rows of which very many say the same in the same words: SQLite tells these words as one text a row, and each text is
taken apart once. A text for each word and row costs more than all numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from sqlalchemy import Connection, Select, Text, func, select

from storage import frames
from storage.frames import shaped
from storage.reading import plain, told

COMMON = (
    "analyte", "comparator", "unit", "unit_text", "loinc", "method", "specimen", "status", "source", "version",
    "given", "amount_text", "name_text", "route",
)  # fmt: skip
PLACE, WORDS = "place", "words"
KINDS = {frames.TEXT: pa.large_string(), frames.WHOLE: pa.int64()}


def chosen_alike(connection: Connection, table: Any, place: Any, shape: Mapping[str, str]) -> Select[Any]:
    """The rows of `table` with a number for their patient (`place`), what is each row's own, and the words as one."""
    own = [column for column in table.columns if column.name in shape and column.name not in ("patient_id", *COMMON)]
    words = func.json_array(*(table.c[name] for name in _common(shape)), type_=Text)
    columns = (plain(connection, column) for column in own)
    return select(place.label(PLACE), *columns, words.label(WORDS)).select_from(table)


def frame_alike(
    connection: Connection, statement: Select[Any], shape: Mapping[str, str], patients: Sequence[str]
) -> pd.DataFrame:
    """`patients`: by their numbers."""
    rows = told(connection, statement)
    coded = pc.dictionary_encode(rows[WORDS]).combine_chunks()
    said, which = [json.loads(text) for text in coded.dictionary.to_pylist()], coded.indices
    names = pa.array(patients, pa.large_string()).take(rows[PLACE].combine_chunks())
    columns = {"patient_id": names} | {
        name: pa.array([one[number] for one in said], KINDS[shape[name]]).take(which)
        for number, name in enumerate(_common(shape))
    }
    return shaped(_with(rows, columns).to_pandas(), shape)


def _common(shape: Mapping[str, str]) -> list[str]:
    return [name for name in COMMON if name in shape]


def _with(rows: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    own = rows.drop_columns([PLACE, WORDS])
    return pa.table([*own.columns, *columns.values()], names=[*own.column_names, *columns])
