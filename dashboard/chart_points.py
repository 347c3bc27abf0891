"""The points of one panel: each value drawn as what is known of it, with everything about it on hover."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from operator import itemgetter
from typing import Any, Final

import pandas as pd

from dashboard import figure_colours as colours
from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.chart_lanes import FLAG_COLOUR, flag_hover
from dashboard.chart_panels import Panel
from dashboard.chart_time import Time
from monitoring.terms import Analyte, Catalog

SERIES: Final = colours.SERIES
AWAY: Final = colours.WATCH
RING: Final = colours.REFRACTORY


def traces(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> list[dict[str, Any]]:
    drawn = [_series(panel, side, catalog, time)]
    return drawn + [
        extra
        for extra in (_corrected(panel, side, time), _awaited(panel, side, time), _flags(panel, side, catalog, time))
        if extra
    ]


def evidence(panel: Panel, side: Bedside, flag: str, time: Time) -> list[dict[str, Any]]:
    """Rings around the values of this panel that a flag rests on; `flag` "" is none."""
    told = [entry for row in side.flags if row["flag"] == flag for entry in row["evidence"]]
    drawn = {entry.get("collected_at") for entry in told if entry.get("analyte") == panel.analyte.code}
    moments = {pd.Timestamp(at) for at in drawn if at}
    mine = [row for row in panel.values if row["collected_at"] in moments]
    ring = _marks(
        panel,
        [time.x(row["collected_at"]) for row in mine],
        [row["value"] for row in mine],
        symbol="circle-open",
        size=17,
        colour=RING,
        name="evidence",
    )
    return [ring] if ring else []


def _series(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> dict[str, Any]:
    """Line and points in one trace; a gap where methods change breaks the line."""
    rows = [*_with_breaks(within(panel.values, time))]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "xaxis": "x",
        "yaxis": panel.axis,
        "x": [time.x(row["collected_at"]) if row else None for row in rows],
        "y": [row["value"] if row else None for row in rows],
        "line": {"color": SERIES, "width": 1.8},
        "marker": {
            "symbol": [symbol(row) for row in rows],
            "size": 8,
            "opacity": 1,
            "color": [colours.PAPER if row and not row["usable"] else SERIES for row in rows],
            "line": {"width": 1.6, "color": SERIES},
        },
        "hovertext": [hover(row, panel.analyte, side, catalog, time) if row else "" for row in rows],
        "hoverinfo": "text",
        "cliponaxis": False,
        "name": panel.analyte.label,
    }


def within(values: Sequence[Row], time: Time) -> Sequence[Row]:
    """What the chart shows, and the value before it, from which the line comes in: a browser draws every point."""
    hidden = bisect_left(values, time.seen_from, key=itemgetter("collected_at"))
    return values[max(hidden - 1, 0) :]


def _with_breaks(values: Iterable[Row]) -> Iterator[Row | None]:
    before = None
    for row in values:
        series = row["segment"]
        if before is not None and series != before:
            yield None
        before = series
        yield row


def symbol(row: Row | None) -> str:
    if row is None:
        return "circle"
    if row["comparator"].startswith(">"):
        return "triangle-up"
    return "triangle-down" if row["comparator"].startswith("<") else "circle"


def hover(row: Row, analyte: Analyte, side: Bedside, catalog: Catalog, time: Time) -> str:
    number = wording.number(row["value"], analyte, row["comparator"])
    told = f"reported {escape(row['value_text'])} {escape(row['unit_text'])}"
    times = [
        f"{word} {wording.dated(row[name], time.zone)}"
        for word, name in (("collected", "collected_at"), ("resulted", "resulted_at"), ("received", "received_at"))
        if not pd.isna(row[name])
    ]
    moved = f"moved by {escape(row['confounded_why'])}" if row["confounded_by"] else ""
    origin = wording.joined(f"source {escape(row['source'])}", escape(row["source_id"]), f"version {row['version']}")
    method = f"method {escape(row['method'])}" if row["method"] else ""
    old = _old_value(row, analyte, side) if row["version"] > 1 else ""
    return wording.joined(
        f"<b>{analyte.label} {number} {wording.unit(analyte.unit)}</b>",
        told,
        *times,
        moved,
        old,
        method,
        origin,
        by="<br>",
    )


def _old_value(row: Row, analyte: Analyte, side: Bedside) -> str:
    before = [old for old in side.earlier if old["ref"] == row["ref"] and old["version"] < row["version"]]
    if not before:
        return "corrected"
    last = max(before, key=lambda old: old["version"])
    return f"corrected from {wording.number(last['value'], analyte, last['comparator'])}"


def _corrected(panel: Panel, side: Bedside, time: Time) -> dict[str, Any] | None:
    """A small tick on a point that has an older version."""
    mine = [row for row in within(panel.values, time) if row["version"] > 1]
    return _marks(
        panel,
        [time.x(row["collected_at"]) for row in mine],
        [row["value"] for row in mine],
        symbol="line-ne-open",
        size=17,
        colour=AWAY,
        name="corrected",
    )


def _awaited(panel: Panel, side: Bedside, time: Time) -> dict[str, Any] | None:
    """An open square on the axis where a value was due and did not come."""
    due = [row["due_at"] for row in side.late if row["analyte"] == panel.analyte.code]
    floor = panel.data(panel.low)
    words = [f"<b>{panel.analyte.label} awaited</b><br>due {wording.dated(at, time.zone)}" for at in due]
    return _marks(
        panel,
        [time.x(at) for at in due],
        [floor] * len(due),
        symbol="square-open",
        size=9,
        colour=AWAY,
        name="awaited",
        hover=words,
    )


def _flags(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> dict[str, Any] | None:
    """A small mark at the top where a flag of this marker was raised."""
    own = [code for code, rule in catalog.rules.items() if rule.analyte == panel.analyte.code]
    rows = [row for row in side.flags if row["flag"] in own]
    tones = [
        FLAG_COLOUR[wording.SEVERITY_TONE.get(row["severity"], "note")] if row["state"] == "active" else colours.FAINT
        for row in rows
    ]
    at = [time.x(row["raised_at"]) for row in rows]
    top = panel.data(panel.high)
    return _marks(
        panel,
        at,
        [top] * len(rows),
        symbol="triangle-down",
        size=10,
        colour=tones,
        name="flag",
        hover=[flag_hover(row, time) for row in rows],
    )


def _marks(
    panel: Panel,
    x: list[float],
    y: list[float],
    *,
    symbol: str,
    size: int,
    colour: Any,
    name: str,
    hover: list[str] | None = None,
) -> dict[str, Any] | None:
    if not x:
        return None
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": "x",
        "yaxis": panel.axis,
        "x": x,
        "y": y,
        "marker": {"symbol": symbol, "size": size, "color": colour, "line": {"width": 1.6, "color": colour}},
        "hovertext": hover,
        "hoverinfo": "text" if hover else "skip",
        "cliponaxis": False,
        "name": f"{panel.analyte.label} {name}",
    }
