"""
One patient and the catalog in the units a reader or a site asked for, by the factors of analytes.toml alone.

Whatever is drawn from both together is in those units; rules, flags and judgement never see them. No streamlit here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from dashboard.bedside import Bedside, Row, Series
from monitoring.terms import Analyte, Catalog

SYSTEMS: Final = ("conventional", "us", "si")
OF_VALUES: Final = ("value", "reference_low", "reference_high")
OF_MARKER: Final = ("value", "baseline")


def in_units(side: Bedside, catalog: Catalog, system: str) -> tuple[Bedside, Catalog]:
    """Both as they are for conventional units (also "")."""
    told = {code: (unit, factor) for code, a in catalog.analytes.items() for unit, factor in [_told(a, system)]}
    other = {code: one for code, one in told.items() if one[0] != catalog.analytes[code].unit}
    if not other:
        return side, catalog
    shown = {code: _analyte(a, *other[code]) if code in other else a for code, a in catalog.analytes.items()}
    return _patient(side, {code: factor for code, (_, factor) in other.items()}), replace(catalog, analytes=shown)


def changes(catalog: Catalog, codes: Iterable[str]) -> bool:
    """Whether any of these is told in another unit anywhere."""
    known = [catalog.analytes[code] for code in codes if code in catalog.analytes]
    return any(_told(analyte, system)[0] != analyte.unit for analyte in known for system in SYSTEMS)


def _told(analyte: Analyte, system: str) -> tuple[str, float]:
    """The unit of a system and what leads there from ours."""
    if system == "si":
        return analyte.si_unit, analyte.si_factor
    if system == "us" and analyte.us_unit:
        return analyte.us_unit, analyte.us_factor
    return analyte.unit, 1.0


def _analyte(analyte: Analyte, unit: str, factor: float) -> Analyte:
    """As many digits are told as before: a unit sixty times larger needs two decimals more."""
    return replace(
        analyte,
        unit=unit,
        decimals=max(0, analyte.decimals - round(math.log10(factor))),
        intervals=tuple(
            replace(one, low=_times(one.low, factor), high=_times(one.high, factor)) for one in analyte.intervals
        ),
        thresholds=tuple(replace(one, value=one.value * factor) for one in analyte.thresholds),
    )


def _patient(side: Bedside, factors: Mapping[str, float]) -> Bedside:
    return replace(
        side,
        series={code: _series(series, factors.get(code, 1.0)) for code, series in side.series.items()},
        trends={code: {**row, "value": row["value"] * factors.get(code, 1.0)} for code, row in side.trends.items()},
        responses=tuple(_response(told, factors) for told in side.responses),
        earlier=tuple(_earlier(row, factors) for row in side.earlier),
        whole=lambda: _values(side.whole(), factors),
    )


def _series(series: Series, factor: float) -> Series:
    points = [replace(point, value=point.value * factor) for point in series.points]
    low, high = series.normal
    return replace(series, points=points, normal=(_times(low, factor), _times(high, factor)))


def _values(values: pd.DataFrame, factors: Mapping[str, float]) -> pd.DataFrame:
    factor = values["analyte"].map(factors).astype(float).fillna(1.0)
    return values.assign(**{name: values[name] * factor for name in OF_VALUES})


def _earlier(row: Row, factors: Mapping[str, float]) -> Row:
    return {**row, "value": row["value"] * factors.get(str(row["analyte"]), 1.0)}


def _response(told: Row, factors: Mapping[str, float]) -> Row:
    return {**told, "windows": [_window(window, factors) for window in told["windows"]]}


def _window(window: Mapping[str, Any], factors: Mapping[str, float]) -> dict[str, Any]:
    markers = {code: _marker(marker, factors.get(code, 1.0)) for code, marker in window["markers"].items()}
    return {**window, "markers": markers}


def _marker(marker: Mapping[str, Any], factor: float) -> dict[str, Any]:
    return {**marker, **{name: _times(marker[name], factor) for name in OF_MARKER}}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
