"""The figures of a report, drawn of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from monitoring.report.drawing import FAINT, STYLES, Frame, Picture, ticks
from monitoring.report.measures import GROUPS, Limits

WIDE = 720.0
PANEL_WIDTH, PANEL_HEIGHT, ACROSS = 232.0, 176.0, 3
ROW = 26.0
SEVERITIES = {"urgent": "#b3261e", "watch": "#b26a00", "info": "#57606a"}


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples(index=False))


def flow(table: pd.DataFrame) -> Picture:
    """A box a step with arrows between; parts of a step stand below it, set in."""
    height, gap = 30.0, 16.0
    picture = Picture(WIDE, len(table) * (height + gap), "How the patients of this report came about")
    for place, row in enumerate(_rows(table)):
        top, left = place * (height + gap), 96.0 if row.part else 0.0
        if place and row.part:
            above = top - gap - (height / 2 if table["part"].iloc[place - 1] else 0)
            picture.line((72, above), (72, top + height / 2), "#c6ccd2")
            picture.line((72, top + height / 2), (left, top + height / 2), "#c6ccd2")
        elif place:
            start = top - gap - _parts_above(table, place) * (height + gap)
            picture.line((48, start), (48, top), FAINT)
            picture.shapes.append(f'<path d="M44 {top - 6:.0f} L52 {top - 6:.0f} L48 {top:.0f} Z" fill="{FAINT}"/>')
        picture.box((left, top), (WIDE - left, height), "#ffffff" if row.part else "#f6f8fa", "#c6ccd2")
        picture.text((left + 12, top + 20), str(row.step)[:1].upper() + str(row.step)[1:])
        picture.text((WIDE - 12, top + 20), _number(row.patients), "end", bold=True)
    return picture


def _parts_above(table: pd.DataFrame, place: int) -> int:
    """How many lines right above are parts: the arrow comes from the step that they are parts of."""
    above = table["part"].tolist()[:place][::-1]
    return above.index(False) if False in above else 0


def _number(patients: object) -> str:
    return f"n = {patients}" if isinstance(patients, int) else str(patients)


def completeness(table: pd.DataFrame, labels: Mapping[str, str]) -> Picture:
    """Median and quartiles of each analyte's share of steps."""
    picture = Picture(WIDE, 40 + ROW * len(table), "Share of steps in which each analyte was drawn")
    frame = Frame(190, 6, WIDE - 290, ROW * len(table), (0, 100), (0, 1))
    for value in (0, 25, 50, 75, 100):
        picture.line((frame.x(value), frame.top), (frame.x(value), frame.top + frame.height))
        picture.text((frame.x(value), frame.top + frame.height + 16), f"{value} %", "middle", size=11, colour=FAINT)
    for place, row in enumerate(_rows(table)):
        middle = frame.top + ROW * (place + 0.5)
        picture.text((frame.left - 10, middle + 4), labels.get(str(row.analyte), str(row.analyte)), "end")
        low, median, high = (frame.x(100 * float(value)) for value in (row.low, row.median, row.high))
        picture.line((low, middle), (high, middle), STYLES["responding"][0], 5)
        picture.dot((median, middle), "all", 4.5)
        picture.text((WIDE - 90, middle + 4), _number(row.patients), size=11, colour=FAINT)
    return picture


def trajectories(table: pd.DataFrame, labels: Mapping[str, str], limits: Limits) -> Picture:
    """A panel an analyte, on a log scale; a line and a band a verdict."""
    shown = [analyte for analyte in labels if analyte in set(table["analyte"])]
    rows = -(-len(shown) // ACROSS)
    picture = Picture(
        WIDE + 30, 34 + rows * (PANEL_HEIGHT + 52), "Medians and interquartile ranges after the steroid start"
    )
    _legend(picture, [group for group in GROUPS if group in set(table["group"])])
    for place, analyte in enumerate(shown):
        corner = (52 + place % ACROSS * (PANEL_WIDTH + 14), 52 + place // ACROSS * (PANEL_HEIGHT + 52))
        _panel(picture, table[table["analyte"].eq(analyte)], labels[analyte], (corner, limits))
    return picture


def _legend(picture: Picture, groups: list[str]) -> None:
    left = 52.0
    for group in groups:
        picture.path([(left, 12), (left + 28, 12)], group)
        picture.text((left + 34, 16), GROUPS[group])
        left += 62 + 8 * len(GROUPS[group])


def _panel(picture: Picture, told: pd.DataFrame, label: str, place: tuple[tuple[float, float], Limits]) -> None:
    (left, top), limits = place
    span = (float(told["low"].clip(lower=1e-3).min()), float(told["high"].max()))
    low, high = span if span[1] > span[0] else (span[0] * 0.9, span[1] * 1.1)
    frame = Frame(left, top, PANEL_WIDTH - 46, PANEL_HEIGHT - 20, (-limits.before_hours, limits.after_hours),
                  (low * 0.92, high * 1.08), log=True)  # fmt: skip
    frame.axes(picture, [-48, 0, 48, 96, 144], ticks(*frame.up, log=True))
    picture.line((frame.x(0), frame.top), (frame.x(0), frame.top + frame.height), FAINT, 1.2)
    picture.text((left, top - 8), label, bold=True)
    for group, rows in told.groupby("group"):
        ordered = rows.sort_values("hours")
        across = [frame.x(hour) for hour in ordered["hours"]]
        lows, middles, highs = ([frame.y(max(v, 1e-3)) for v in ordered[name]] for name in ("low", "median", "high"))
        picture.band([*zip(across, highs, strict=True), *list(zip(across, lows, strict=True))[::-1]], str(group))
        picture.path(list(zip(across, middles, strict=True)), str(group))


def incidence(table: pd.DataFrame) -> Picture:
    """Steps with their band, and how many were still watched."""
    picture = Picture(WIDE, 320, "Cumulative incidence of second-line treatment after the steroid start")
    last = max(24.0, float(table["hours"].max()) if len(table) else 24.0)
    frame = Frame(64, 10, WIDE - 90, 220, (0, last), (0, 100))
    marks = [24.0 * day for day in range(int(last // 24) + 1)]
    marks = marks[:: max(1, len(marks) // 8)]
    frame.axes(picture, marks, [0, 25, 50, 75, 100], " %")
    picture.text((frame.left + frame.width / 2, 268), "hours since the first high-dose steroid", "middle", colour=FAINT)
    edges = [_stepped(table, name, last, frame) for name in ("low", "incidence", "high")]
    picture.band([*edges[2], *edges[0][::-1]], "responding")
    picture.path(edges[1], "responding")
    picture.text((0, 300), "At risk", size=11, colour=FAINT)
    for hour in marks:
        left = table[table["hours"] >= hour]["at_risk"]
        if len(left):
            picture.text((frame.x(hour), 300), str(int(left.iloc[0])), "middle", size=11, colour=FAINT)
    return picture


def _stepped(table: pd.DataFrame, name: str, last: float, frame: Frame) -> list[tuple[float, float]]:
    points, level = [(frame.x(0), frame.y(0))], 0.0
    for hour, value in zip(table["hours"], table[name].fillna(0.0), strict=True):
        points += [(frame.x(hour), frame.y(level)), (frame.x(hour), frame.y(100 * value))]
        level = 100 * value
    return [*points, (frame.x(last), frame.y(level))]


def burden(table: pd.DataFrame) -> Picture:
    """A bar a flag: raised per 100 patient-days."""
    told = table.dropna(subset="per_100_days")
    picture = Picture(WIDE, 20 + ROW * max(len(told), 1), "Flags raised per 100 patient-days")
    most = float(told["per_100_days"].max()) if len(told) else 1.0
    frame = Frame(250, 0, WIDE - 330, ROW * len(told), (0, most), (0, 1))
    for place, row in enumerate(_rows(told)):
        middle = ROW * (place + 0.5)
        picture.text((frame.left - 10, middle + 4), str(row.flag), "end")
        colour = SEVERITIES.get(str(row.severity), FAINT)
        picture.box((frame.left, middle - 7), (frame.x(float(row.per_100_days)) - frame.left, 14), colour, colour)
        picture.text((frame.x(float(row.per_100_days)) + 8, middle + 4), f"{row.per_100_days:.1f}", size=11)
    return picture
