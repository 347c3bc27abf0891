"""The figure of a bed, looked at as asked, and what is drawn in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from dashboard import charts
from dashboard.bedside import Bedside
from dashboard.selection import PatientAsked
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, bed


def figure(side: Bedside, asked: PatientAsked) -> go.Figure:
    return charts.trajectories(side, catalog(), zone=ZONE, asked=asked)


def names(told: go.Figure) -> list[str]:
    return [trace.name for trace in told.data]


def trace(told: go.Figure, name: str) -> Any:
    return told.data[names(told).index(name)]


def rising(**more: Any) -> Bedside:
    """Bed 7 with its ferritin judged to double every 24 h (20 to 30) over the last 24 h: 15,600, 18,500, 21,800."""
    side = bed("7")
    judged = {"direction": "up", "doubling_low": 20.0, "doubling_high": 30.0, "hours": 24.0} | more
    return replace(side, trends={**side.trends, "ferritin": {**side.trends["ferritin"], **judged}})
