"""Lanes above the panels: lines of treatment with their doses, products, and flags that belong to no single marker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import pandas as pd

from dashboard import figure_colours as colours
from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.chart_time import Time
from dashboard.wording import Tone
from monitoring.terms import Catalog

INK: Final = colours.INK
LANE_HEIGHT: Final = 26
LETTER_SHARE: Final = 0.0105  # of the chart's width that a letter of a label needs on a tablet
EDGE_LETTERS: Final = 28  # what fits between the panels and the edge, see chart_layout.RIGHT
LEAST_LETTERS: Final = 12
LANES: Final = {
    "first": "First line",
    "second": "Second line",
    "refractory": "Refractory",
    "other": "Other drugs",
    "product": "Products",
    "flag": "Flags",
}
FILL: Final = {
    "first": colours.FIRST_FILL,
    "second": colours.SECOND_FILL,
    "refractory": colours.REFRACTORY_FILL,
    "other": colours.RULE,
    "product": colours.PRODUCT_FILL,
    "flag": colours.PAPER,
}
EDGE: Final = {
    "first": colours.ACCENT,
    "second": colours.SECOND,
    "refractory": colours.REFRACTORY,
    "other": colours.INK_2,
    "product": colours.PRODUCT,
    "flag": colours.INK_2,
}
FLAG_COLOUR: Final[dict[Tone, str]] = {
    "decision": colours.DECISION,
    "watch": colours.WATCH,
    "note": colours.NOTE,
    "good": colours.GOOD,
    "quiet": colours.QUIET,
}


@dataclass(frozen=True)
class Bar:
    """One thing given: from `x0` to `x1` hours (equal for a single dose), on a lane."""

    lane: str
    x0: float
    x1: float
    label: str
    amount: str
    hover: str
    colour: str


def bars(side: Bedside, catalog: Catalog, time: Time) -> list[Bar]:
    given = [_bar(row, time) for row in sorted(side.spans, key=lambda row: row["started_at"])]
    return given + [_flag(row, time) for row in side.flags if not _analyte(row["flag"], catalog)]


def lanes(drawn: Iterable[Bar]) -> list[str]:
    """The lanes that hold something, in their order."""
    held = {bar.lane for bar in drawn}
    return [lane for lane in LANES if lane in held]


def shapes(drawn: Iterable[Bar], lanes: list[str]) -> list[dict[str, Any]]:
    """Bars of what runs; a single dose is a mark, see `traces`."""
    half = 0.27
    return [
        {"type": "rect", "xref": "x", "yref": "y", "x0": bar.x0, "x1": bar.x1,
         "y0": lanes.index(bar.lane) - half, "y1": lanes.index(bar.lane) + half,
         "fillcolor": FILL[bar.lane], "line": {"width": 1, "color": EDGE[bar.lane]}, "layer": "below", "name": "bar"}
        for bar in drawn if bar.x1 > bar.x0
    ]  # fmt: skip


def traces(drawn: list[Bar], lanes: list[str], time: Time) -> list[dict[str, Any]]:
    """One trace a lane: marks with labels where there is room for them, or where they say something new."""
    return [_trace([bar for bar in drawn if bar.lane == lane], lanes.index(lane), time) for lane in lanes]


def _trace(mine: list[Bar], place: int, time: Time) -> dict[str, Any]:
    mine = sorted(mine, key=lambda bar: bar.x0)
    symbol = {"product": "diamond-open", "flag": "triangle-down"}.get(mine[0].lane, "square")
    return {
        "type": "scatter",
        "mode": "markers+text",
        "xaxis": "x",
        "yaxis": "y",
        "x": [bar.x0 for bar in mine],
        "y": [place] * len(mine),
        "text": _labels(mine, time),
        "textposition": "middle right",
        "textfont": {"size": 12, "color": INK},
        "marker": {
            "symbol": symbol,
            "size": 9,
            "color": [bar.colour for bar in mine],
            "line": {"width": 1.6, "color": [bar.colour for bar in mine]},
        },
        "hovertext": [bar.hover for bar in mine],
        "hoverinfo": "text",
        "cliponaxis": False,
        "name": LANES[mine[0].lane],
    }


def _labels(mine: list[Bar], time: Time) -> list[str]:
    """A label beside every mark with room for it; else the name, or where that stands before the amount; else blank."""
    edge = time.end + EDGE_LETTERS * LETTER_SHARE * (time.end - time.seen)
    ends = [bar.x0 for bar in mine[1:]] + [edge]
    before = [None, *mine[:-1]]
    return [_label(bar, old, room - bar.x0, time) for bar, old, room in zip(mine, before, ends, strict=True)]


def _label(bar: Bar, before: Bar | None, room: float, time: Time) -> str:
    letter = LETTER_SHARE * (time.end - time.seen)
    name = bar.label.removesuffix(bar.amount).strip()
    named = before is not None and before.label.removesuffix(before.amount).strip() == name
    for words in (bar.label, bar.amount if named else name):
        if words and (len(words) + 3) * letter <= room:
            return f" {words}"
    return _shortened(bar.label, int(room / letter) - 4) if bar.lane == "flag" else ""


def _shortened(words: str, most: int) -> str:
    """What there is room for of a sentence, which is whole on hover; nothing rather than a stump."""
    return f" {words[:most].rstrip()}…" if most >= LEAST_LETTERS else ""


def _bar(row: Row, time: Time) -> Bar:
    lane = "product" if row["kind"] == "product" else row["line"] if row["line"] in LANES else "other"
    x0 = time.x(row["started_at"])
    lasts = bool(row["open"]) or not pd.isna(row["ended_at"])
    amount = wording.kept(escape(row["amount_text"]))
    label = wording.joined(escape(row["label"]), amount, by=" ")
    return Bar(
        lane,
        x0,
        time.until(row["ended_at"]) if lasts else x0,
        label,
        amount,
        _hover(row, label, time),
        EDGE[lane],
    )


def _hover(row: Row, label: str, time: Time) -> str:
    ended = (
        "still running"
        if row["open"]
        else ""
        if pd.isna(row["ended_at"])
        else f"until {wording.dated(row['ended_at'], time.zone)}"
    )
    version = f"version {row['version']}" if row["version"] > 1 else ""
    return wording.joined(
        f"<b>{label}</b>", f"given {wording.dated(row['started_at'], time.zone)}", ended, version, by="<br>"
    )


def _flag(row: Row, time: Time) -> Bar:
    tone = wording.SEVERITY_TONE.get(row["severity"], "note") if row["state"] == "active" else "quiet"
    x0 = time.x(row["raised_at"])
    return Bar("flag", x0, x0, wording.kept(escape(row["sentence"])), "", flag_hover(row, time), FLAG_COLOUR[tone])


def flag_hover(row: Row, time: Time) -> str:
    state = "" if row["state"] == "active" else str(row["state"])
    return wording.joined(
        f"<b>{escape(row['sentence'])}</b>", f"raised {wording.dated(row['raised_at'], time.zone)}", state, by="<br>"
    )


def _analyte(flag: str, catalog: Catalog) -> str:
    return catalog.rules[flag].analyte if flag in catalog.rules else ""
