"""An earlier steroid course laid on the newest one's start: did the markers go the same way then? No streamlit."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from dashboard import figure_colours as colours
from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.chart_panels import Panel
from dashboard.chart_time import Time

REACH: Final = pd.Timedelta(days=14)  # of the course before: what is drawn of it after its start
LEAD: Final = pd.Timedelta(days=2)


def has_earlier(side: Bedside) -> bool:
    """Whether there is a high-dose course before the newest."""
    return len(side.responses) > 1


def traces(panel: Panel, side: Bedside, time: Time) -> list[dict[str, Any]]:
    """The values around the start of the course before the newest, moved so that both starts are one."""
    if not has_earlier(side):
        return []
    then, now = (pd.Timestamp(told["t0"]) for told in side.responses[-2:])
    values = [row for row in panel.values if then - LEAD <= row["collected_at"] < min(then + REACH, now)]
    if not values:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "xaxis": "x",
            "yaxis": panel.axis,
            "x": [time.x(row["collected_at"] + (now - then)) for row in values],
            "y": [row["value"] for row in values],
            "line": {"width": 1.6, "color": colours.QUIET, "dash": "dot"},
            "hovertext": [_hover(row, panel, then, time) for row in values],
            "hoverinfo": "text",
            "name": f"{panel.analyte.label} earlier course",
        }
    ]


def _hover(row: Row, panel: Panel, then: pd.Timestamp, time: Time) -> str:
    number = wording.number(row["value"], panel.analyte, row["comparator"])
    hours = (row["collected_at"] - then) / pd.Timedelta(hours=1)
    since = f"{abs(hours):.0f} h {'after' if hours >= 0 else 'before'} the steroid start of then"
    told = f"<b>Earlier course: {panel.analyte.label} {number} {wording.unit(panel.analyte.unit)}</b>"
    return wording.joined(told, since, f"collected {wording.dated(row['collected_at'], time.zone)}", by="<br>")
