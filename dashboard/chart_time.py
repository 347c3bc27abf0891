"""The chart's shared time: hours since the steroid start (or before now) and the ward's clock, either of them first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import figure_colours as colours
from dashboard import wording
from dashboard.bedside import STEROID_CLOCK_HOURS, Bedside

SEEN_HOURS: Final = 7 * 24.0  # of the stay, at first
SHORT_HOURS: Final = 72.0
BEFORE_HOURS: Final = 24.0  # what was drawn in the day before the admission belongs to the stay
ROOM: Final = 0.03
STEPS: Final = (6, 12, 24, 48, 72, 168, 336, 672)
MOST_TICKS: Final = 9  # two rows of words side by side on a tablet
DAYS_HOURS: Final = 10 * 24.0  # a longer time is counted in days
WEEKDAYS_HOURS: Final = 8 * 24.0  # up to here a weekday names one day only
DECISION: Final = (24.0, 48.0)


@dataclass(frozen=True)
class Time:
    """
    `zero` is the moment at x = 0; the chart shows the hours from `seen` to `end`. What is known begins at `start`.

    `clock`: ticks stand at round hours of the ward's clock, not of the hours since `zero`.
    """

    zero: datetime
    zone: tzinfo
    start: float
    end: float
    seen: float
    now: float
    steroid: bool
    clock: bool = False

    @property
    def seen_from(self) -> pd.Timestamp:
        return pd.Timestamp(self.zero) + pd.Timedelta(hours=self.seen)

    def x(self, moment: Any) -> float:
        """Hours of a moment; NaN for none."""
        return math.nan if pd.isna(moment) else (pd.Timestamp(moment) - pd.Timestamp(self.zero)).total_seconds() / 3600

    def until(self, moment: Any) -> float:
        """Hours of the end of something; the chart's right edge where it still runs, as a bar to NaT is not drawn."""
        return self.end if pd.isna(moment) else min(self.x(moment), self.end)


def time_of(side: Bedside, *, zone: tzinfo, span: str = "", clock: bool = False) -> Time:
    """
    Time as it is shown at first: the last seven days of the stay, or as `span` says "72h", "stay" or "all" stays.

    While the steroid clock runs the chart reaches on to its end; a stay that has ended ends the chart.
    """
    zero = side.t0 if side.t0 is not None else pd.Timestamp(side.as_of)
    now = wording.since(zero, side.as_of)
    moments = _moments(side, zero, now)
    until = _left(side, zero, moments) if side.has_left else now
    running = side.t0 is not None and now < STEROID_CLOCK_HOURS and not side.has_left
    last = STEROID_CLOCK_HOURS if running else until
    first = min([*moments, until - BEFORE_HOURS])
    stay = _stay(side, zero, moments, first)
    spans = {"72h": until - SHORT_HOURS, "stay": stay, "all": first}
    seen = min(spans.get(span, max(stay, until - SEEN_HOURS)), until - BEFORE_HOURS)
    room = ROOM * (last - seen)
    return Time(zero, zone, min(first, seen) - room, last + room, seen - room, now, side.t0 is not None, clock)


def _moments(side: Bedside, zero: datetime, now: float) -> list[float]:
    """When anything is known to have happened, in hours."""
    given = [wording.since(zero, row["started_at"]) for row in side.spans]
    return [now + point.at for points in side.series.values() for point in points.points] + given


def _left(side: Bedside, zero: datetime, moments: list[float]) -> float:
    """The end of a stay that has ended; what came in from it later is still shown."""
    return max([wording.since(zero, side.patient["discharged_at"]), *moments])


def _stay(side: Bedside, zero: datetime, moments: list[float], first: float) -> float:
    """Where this stay begins; without an admission, with all there is."""
    if pd.isna(side.patient["admitted_at"]):
        return first
    admitted = wording.since(zero, side.patient["admitted_at"])
    before = [moment for moment in moments if admitted - BEFORE_HOURS <= moment < admitted]
    return min([admitted, *before])


def axis(time: Time) -> dict[str, Any]:
    ticks = _ticks(time)
    return {
        "range": [time.seen, time.end],
        "minallowed": time.seen,  # what is older is not drawn here; "stay" and "all" show it
        "maxallowed": time.end,
        "tickvals": ticks,
        "ticktext": [_label(hour, time) for hour in ticks],
        "tickangle": 0,
        "tickfont": {"size": 12, "color": colours.INK_2},
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": colours.FAINT,
    }


def in_days(time: Time) -> bool:
    """There is no room for single hours in what is seen at first."""
    return time.end - time.seen > DAYS_HOURS


def axis_words(time: Time) -> str:
    """What the two rows of the axis are, for the gutter."""
    zone = wording.zone_name(pd.Timestamp(time.zero).astimezone(time.zone))
    unit = "days" if in_days(time) else "hours"
    rows = [f"{unit} since steroid start" if time.steroid else f"{unit} before now", f"ward clock, {zone}"]
    return "<br>".join(reversed(rows) if time.clock else rows)


def _step(time: Time) -> int:
    return next((step for step in STEPS if (time.end - time.seen) / step <= MOST_TICKS), STEPS[-1])


def _ticks(time: Time) -> list[float]:
    step = _step(time)
    if time.clock:
        return _round_hours(time, step)
    first = math.ceil(time.start / step) * step
    return [float(hour) for hour in range(int(first), int(time.end) + 1, step)]


def _round_hours(time: Time, step: int) -> list[float]:
    """Every `step` hours by the ward's clock from a midnight on, also across a change of the clocks."""
    first = (pd.Timestamp(time.zero) + timedelta(hours=time.start)).astimezone(time.zone)
    midnight = first.to_pydatetime().replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    count = int((time.end - time.start) / step) + 26
    local = (midnight + timedelta(hours=step * place) for place in range(count))  # wall time: the zone is its own
    ticks = [time.x(moment.astimezone(UTC)) for moment in local]
    return [tick for tick in ticks if time.start <= tick <= time.end]


def _label(hour: float, time: Time) -> str:
    local = (pd.Timestamp(time.zero) + timedelta(hours=hour)).astimezone(time.zone)
    near = time.end - time.seen <= WEEKDAYS_HOURS
    rows = [_hours(hour, time), f"{local:%a %H:%M}" if near else f"{local.day} {local:%b}"]
    return "<br>".join(reversed(rows) if time.clock else rows)


def _hours(hour: float, time: Time) -> str:
    if round(hour) == 0 and not time.steroid:
        return "now"
    sign = "" if round(hour) == 0 else "+" if hour > 0 else "−"
    return f"{sign}{abs(hour) / 24:.3g} d" if in_days(time) else f"{sign}{abs(hour):.0f} h"


def window_shapes(
    time: Time, starts: list[Any], *, top: float, bottom: float = 0.0, relapses: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """The 24-48 h window tinted, steroid starts dotted, relapses dash-dotted, now thin; within `bottom`, `top`."""
    whole = {"xref": "x", "yref": "paper", "y0": bottom, "y1": top, "layer": "below"}
    shapes: list[dict[str, Any]] = []
    if time.steroid and time.end > DECISION[0]:
        right = min(DECISION[1], time.end)
        shapes.append(
            {
                **whole,
                "type": "rect",
                "x0": DECISION[0],
                "x1": right,
                "fillcolor": colours.WINDOW,
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
                "line": {"width": 1.3, "dash": "dot", "color": colours.ACCENT},
                "name": "start",
            }
        )
    for relapse in relapses:
        line = {"width": 1.6, "dash": "dashdot", "color": colours.DECISION}
        shapes.append({**whole, "type": "line", "x0": time.x(relapse), "x1": time.x(relapse), "line": line,
                       "name": "relapse"})  # fmt: skip
    now = {"width": 1, "color": colours.FAINT}
    shapes.append({**whole, "type": "line", "x0": time.now, "x1": time.now, "line": now, "name": "now"})
    return shapes
