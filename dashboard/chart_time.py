"""The chart's shared time: hours since the steroid start (or before now), with the ward's clock underneath."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import STEROID_CLOCK_HOURS, Bedside

LEAD_HOURS: Final = 72.0  # what is seen at first of the time before the steroid start
SEEN_HOURS: Final = 7 * 24.0
ROOM: Final = 0.03
STEPS: Final = (6, 12, 24, 48, 72, 168, 336, 672)
MOST_TICKS: Final = 9  # two rows of words side by side on a tablet
WEEKDAYS_HOURS: Final = 8 * 24.0  # up to here a weekday names one day only
DECISION: Final = (24.0, 48.0)


@dataclass(frozen=True)
class Time:
    """`zero` is the moment at x = 0; `start` and `end` are the hours the chart holds, `seen` those shown at first."""

    zero: datetime
    zone: tzinfo
    start: float
    end: float
    seen: float
    now: float
    steroid: bool

    def x(self, moment: Any) -> float:
        """Hours of a moment; NaN for none."""
        return math.nan if pd.isna(moment) else (pd.Timestamp(moment) - pd.Timestamp(self.zero)).total_seconds() / 3600

    def until(self, moment: Any) -> float:
        """Hours of the end of something; the chart's right edge where it still runs, as a bar to NaT is not drawn."""
        return self.end if pd.isna(moment) else min(self.x(moment), self.end)


def time_of(side: Bedside, *, zone: tzinfo, whole: bool = False) -> Time:
    """Time as it is shown at first: from three days before the steroid start, or a week; or the `whole` stay."""
    zero = side.t0 if side.t0 is not None else pd.Timestamp(side.as_of)
    now = wording.since(zero, side.as_of)
    moments = [now + points.points[0].at for points in side.series.values()] + [
        wording.since(zero, row["started_at"]) for row in side.spans
    ]
    first = min(moments, default=now - LEAD_HOURS)
    last = max(now, STEROID_CLOCK_HOURS) if side.t0 is not None and now < STEROID_CLOCK_HOURS else now
    seen = max(first, min(-LEAD_HOURS if side.t0 is not None else now - SEEN_HOURS, now - SEEN_HOURS))
    seen = first if whole else min(seen, last - 24.0)
    room = ROOM * (last - seen)
    return Time(zero, zone, min(first, seen) - room, last + room, seen - room, now, side.t0 is not None)


def axis(time: Time) -> dict[str, Any]:
    ticks = _ticks(time)
    return {
        "range": [time.seen, time.end],
        "minallowed": time.start,
        "maxallowed": time.end,
        "tickvals": ticks,
        "ticktext": [_label(hour, time) for hour in ticks],
        "tickangle": 0,
        "tickfont": {"size": 12, "color": "#475569"},
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": "#94a3b8",
    }


def axis_words(time: Time) -> str:
    """What the two rows of the axis are, for the gutter."""
    zone = wording.zone_name(pd.Timestamp(time.zero).astimezone(time.zone))
    return f"{'hours since steroid start' if time.steroid else 'hours before now'}<br>ward clock, {zone}"


def _ticks(time: Time) -> list[float]:
    step = next((step for step in STEPS if (time.end - time.seen) / step <= MOST_TICKS), STEPS[-1])
    first = math.ceil(time.start / step) * step
    return [float(hour) for hour in range(int(first), int(time.end) + 1, step)]


def _label(hour: float, time: Time) -> str:
    local = (pd.Timestamp(time.zero) + timedelta(hours=hour)).astimezone(time.zone)
    sign = "+" if hour > 0 else "−" if hour < 0 else ""
    zero = ("0 h" if time.steroid else "now") if hour == 0 else f"{sign}{abs(hour):.0f} h"
    near = time.end - time.seen <= WEEKDAYS_HOURS
    return f"{zero}<br>{local:%a %H:%M}" if near else f"{zero}<br>{local.day} {local:%b}"


def window_shapes(time: Time, starts: list[Any], *, top: float) -> list[dict[str, Any]]:
    """The 24-48 h window tinted, each steroid start dotted, now a thin line. `top`: where the panels begin (paper)."""
    whole = {"xref": "x", "yref": "paper", "y0": 0, "y1": top, "layer": "below"}
    shapes: list[dict[str, Any]] = []
    if time.steroid and time.end > DECISION[0]:
        right = min(DECISION[1], time.end)
        shapes.append(
            {
                **whole,
                "type": "rect",
                "x0": DECISION[0],
                "x1": right,
                "fillcolor": "#e8eefd",
                "line": {"width": 0},
                "name": "window",
            }
        )
    for start in starts:
        hour = time.x(start)
        shapes.append(
            {
                **whole,
                "type": "line",
                "x0": hour,
                "x1": hour,
                "line": {"width": 1.3, "dash": "dot", "color": "#1d4ed8"},
                "name": "start",
            }
        )
    now = {"width": 1, "color": "#94a3b8"}
    shapes.append({**whole, "type": "line", "x0": time.now, "x1": time.now, "line": now, "name": "now"})
    return shapes
