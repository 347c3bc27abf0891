"""
A table as the cells of a CSV file: moments as ISO 8601, texts that no program takes for anything else, and what was
reported with its unit, so that nobody takes it for a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.csv_marks import harmless
from monitoring.exports.coded import Coded, Columns, coded
from monitoring.exports.lines import Lines, csv_lines
from monitoring.exports.marking import marked
from monitoring.exports.worded import UNIT_OF, WITHOUT, worded

TRUTHS = {True: "TRUE", False: "FALSE"}
PLAIN = (1e-4, 1e10)  # numbers between these Arrow writes as Python does: without an exponent
KEYED = {"value_id", "dose_id", "finding_id"}  # sixteen signs of which some are letters in all but one of 2,000


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Moments and texts as they are written for a spreadsheet; numbers and truths untouched."""
    return _told(frame, lambda _, column: harmless(column))


def as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The same of a table of the export: whoever reads it without arguments, R too, takes nothing for anything else."""
    truths = {str(name): column.map(TRUTHS) for name, column in frame.select_dtypes("boolean").items()}
    return _told(frame, _cells).assign(**truths)


def _told(frame: pd.DataFrame, mark: Callable[[str, pd.Series], pd.Series]) -> pd.DataFrame:
    frame = frame.assign(**{name: _worded(frame, name) for name in UNIT_OF if name in frame})
    moments, texts = (frame.select_dtypes(kind) for kind in ("datetimetz", "str"))
    told: dict[Any, pd.Series] = {name: _iso(column) for name, column in moments.items()}
    told |= {name: mark(str(name), column) for name, column in texts.items()}
    return frame.assign(**told)


def _cells(name: str, column: pd.Series) -> pd.Series:
    """Each text looked at once, however many rows have it."""
    if name in KEYED:
        return column
    codes, each = pd.factorize(column)
    texts = pa.array(each.tolist(), pa.string())
    told = marked(texts, name)
    if told is texts:
        return column
    return pd.Series(pd.array([*told.to_pylist(), None], dtype="str")[codes], index=column.index)  # -1: missing


def _worded(frame: pd.DataFrame, name: str) -> pd.Series:
    """See monitoring.exports.worded; what is missing stays missing."""
    units = frame[UNIT_OF[name]]
    return frame[name] + " " + units.where(units.str.strip().fillna("").ne(""), WITHOUT)


def _iso(times: pd.Series) -> pd.Series:
    """With microseconds only where there are any; an absent one as nothing."""
    told = pc.fill_null(iso(pa.array(times.array)), "")
    return pd.Series(pd.array(told.cast(pa.large_string()), dtype="str"), index=times.index)


def iso(moments: Any) -> Any:
    """The same of an Arrow array in whatever zone; an absent one stays missing."""
    plain = moments.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    seconds = plain.cast(pa.timestamp("s"), safe=False)
    whole = pc.equal(seconds.cast(pa.timestamp("us")), plain)
    texts = seconds.cast(pa.string())
    if not pc.all(pc.fill_null(whole, True)).as_py():
        texts = pc.if_else(whole, texts, plain.cast(pa.string()))
    return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "+00:00", "")


def cell_lines(frame: pd.DataFrame) -> Lines:
    """A table of the export as it stands in a CSV file, with quotes only where there is no other way."""
    return csv_lines(_cell_columns(frame), _spelt)


def _cell_columns(frame: pd.DataFrame) -> Columns:
    columns = {str(name): _whole(pa.array(frame[name], from_pandas=True)) for name in frame}
    return {name: _cell_column(name, columns) for name in columns}


def _whole(column: Any) -> Any:
    """In one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _cell_column(name: str, columns: Mapping[str, Any]) -> Any:
    """Each text looked at once, however many rows have it."""
    one = columns[name]
    if name in KEYED:
        return one.cast(pa.string())
    if not pa.types.is_large_string(one.type):
        return coded(one)
    told = _text(one)
    if name in UNIT_OF:
        told = worded(told, _text(columns[UNIT_OF[name]]))
    return Coded(told.codes, marked(told.values, name))


def _text(column: Any) -> Coded:
    told = coded(column)
    return Coded(told.codes, told.values.cast(pa.string()))


def _spelt(values: Any, end: str) -> Any:
    """Cells with what follows them; nothing where there is nothing."""
    texts = SPELT.get(str(values.type), _moment_or_whole)(values)
    return pc.binary_join_element_wise(pc.fill_null(texts, ""), end, "") if end else pc.fill_null(texts, "")


def _moment_or_whole(values: Any) -> Any:
    return iso(values) if pa.types.is_timestamp(values.type) else values.cast(pa.string())


def _quoted(texts: Any) -> Any:
    wild = pc.match_substring_regex(texts, '[",\\r\\n]')
    if not pc.any(wild).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(wild, pc.binary_join_element_wise('"', doubled, '"', ""), texts)


def _number(values: Any) -> Any:
    """As Python writes them, the shortest that is read as the same: one that is whole has a point too."""
    texts = values.cast(pa.string())
    texts = pc.if_else(pc.match_substring_regex(texts, r"^-?\d+$"), pc.binary_join_element_wise(texts, ".0", ""), texts)
    size = np.abs(np.asarray(values.fill_null(1.0)))
    other = (size >= PLAIN[1]) | ((size < PLAIN[0]) & (size > 0))
    if not other.any():
        return texts
    mask = pa.array(other)
    return pc.replace_with_mask(texts, mask, pa.array([repr(one) for one in values.filter(mask).to_pylist()]))


SPELT: dict[str, Callable[[Any], Any]] = {
    "string": _quoted,
    "double": _number,
    "bool": lambda values: pc.if_else(values, TRUTHS[True], TRUTHS[False]),
}
