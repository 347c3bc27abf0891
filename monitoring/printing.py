"""Results on stdout: a table to read, JSON or CSV to script against. Times in ward time, a missing number is null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
FORMATS = ("table", "json", "csv")
NOTHING = "—"
WIDEST = 60


def rows(frame: pd.DataFrame, zone: ZoneInfo) -> list[Row]:
    """A frame as JSON takes it: one object a row, in the frame's order of columns."""
    return [plain(row, zone) for row in frame.to_dict("records")]


def plain(told: Any, zone: ZoneInfo) -> Any:
    """Anything a result may hold, as JSON takes it: times ISO 8601 with the ward's offset; NaN, NaT, NA null."""
    if told is None or isinstance(told, str | bool | int):
        return told
    if isinstance(told, float):
        return told if math.isfinite(told) else None
    if isinstance(told, Mapping):
        return {str(key): plain(value, zone) for key, value in told.items()}
    if isinstance(told, datetime):
        # NaT is a datetime that is not equal to itself.
        return told.astimezone(zone).isoformat() if told == told else None
    if isinstance(told, date):
        return told.isoformat()
    return _foreign(told, zone)


def _foreign(told: Any, zone: ZoneInfo) -> Any:
    """numpy's scalars and arrays, pandas' NA, dataclass-like things, and anything that can be listed."""
    if hasattr(told, "tolist"):
        return plain(told.tolist(), zone)
    if isinstance(told, Sequence | set | frozenset):
        return [plain(value, zone) for value in told]
    return None if str(told) in {"<NA>", "NaT"} else str(told)


def as_json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False)


def as_csv(told: list[Row], columns: Sequence[str]) -> str:
    """Header and rows; what is a list or an object stands in its cell as JSON."""
    import pandas as pd

    cells = [{name: _cell(row.get(name)) for name in columns} for row in told]
    return pd.DataFrame(cells, columns=list(columns), dtype=object).to_csv(index=False).rstrip("\n")


def as_table(told: list[Row], columns: Sequence[str]) -> str:
    """Columns side by side, numbers to the right, nothing cut off but at `WIDEST` characters."""
    if not told:
        return "(none)"
    cells = [[_short(row.get(name)) for name in columns] for row in told]
    numeric = [_numbers([row.get(name) for row in told]) for name in columns]
    widths = [max(len(name), *(len(line[place]) for line in cells)) for place, name in enumerate(columns)]
    lines = [list(columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(_set(*told) for told in zip(line, widths, numeric, strict=True)).rstrip() for line in lines
    )


def as_list(told: Row) -> str:
    """One object, a key a line."""
    wide = max(map(len, told), default=0)
    return "\n".join(f"{key.ljust(wide)}  {_short(value)}" for key, value in told.items())


def _numbers(values: list[Any]) -> bool:
    told = [value for value in values if value is not None]
    return bool(told) and all(isinstance(value, int | float) for value in told)


def _set(text: str, width: int, numeric: bool) -> str:
    return text.rjust(width) if numeric else text.ljust(width)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _short(value: Any) -> str:
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_short(part) for part in value)
    if isinstance(value, dict):
        return " ".join(f"{key}={_short(part)}" for key, part in value.items())
    text = _to_the_minute(" ".join(str(value).split()))
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _to_the_minute(text: str) -> str:
    """2026-11-22T06:00:00.123456+01:00 is read as 2026-11-22 06:00+01:00."""
    if len(text) < 25 or text[10:11] != "T" or text[-6] not in "+-":
        return text
    return f"{text[:10]} {text[11:16]}{text[-6:]}"
