"""
Patients and the catalog in the units a reader or a site asked for, by the factors of analytes.toml alone.

Whatever is drawn from both together is in those units; rules, flags and judgement never see them. No streamlit here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd

from dashboard.bedside import Bedside, Row, Rows, Series
from dashboard.since_rounds import Since
from monitoring.terms import Analyte, Catalog

SYSTEMS: Final = {"conventional": "Conventional", "us": "US", "si": "SI"}  # code: as it is called
OF_VALUES: Final = ("value", "reference_low", "reference_high")
OF_MARKER: Final = ("value", "baseline")
OF_NEWS: Final = ("value", "was", "corrected_from")


def in_units(
    side: Bedside, catalog: Catalog, system: str, *, codes: Iterable[str] | None = None
) -> tuple[Bedside, Catalog]:
    """Both as they are for conventional units (also ""); of some `codes` alone where a view shows no others."""
    factors = _factors(catalog, system, codes)
    return (_patient(side, factors), catalog_in(catalog, system, codes)) if factors else (side, catalog)


def catalog_in(catalog: Catalog, system: str, codes: Iterable[str] | None = None) -> Catalog:
    other = {code: _analyte(a, *_told(a, system)) for code, a in _others(catalog, system, codes).items()}
    return replace(catalog, analytes={**catalog.analytes, **other}) if other else catalog


def since_in(since: Since, catalog: Catalog, system: str) -> Since:
    """News of a patient with their values in other units."""
    factors = _factors(catalog, system)
    if not factors:
        return since
    return replace(since, results=_news(since.results, factors), withdrawn=_news(since.withdrawn, factors))


def changes(catalog: Catalog, codes: Iterable[str]) -> bool:
    """Whether any of these is told in another unit anywhere."""
    known = [catalog.analytes[code] for code in codes if code in catalog.analytes]
    return any(_told(analyte, system)[0] != analyte.unit for analyte in known for system in SYSTEMS)


def _others(catalog: Catalog, system: str, codes: Iterable[str] | None = None) -> dict[str, Analyte]:
    """Those that are told in another unit than ours."""
    wanted = catalog.analytes if codes is None else [code for code in codes if code in catalog.analytes]
    every = {code: catalog.analytes[code] for code in wanted}
    return {code: analyte for code, analyte in every.items() if _told(analyte, system)[0] != analyte.unit}


def _factors(catalog: Catalog, system: str, codes: Iterable[str] | None = None) -> dict[str, float]:
    return {code: _told(analyte, system)[1] for code, analyte in _others(catalog, system, codes).items()}


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
        series={code: _series(told, factors[code]) if code in factors else told for code, told in side.series.items()},
        trends={code: {**row, "value": row["value"] * factors.get(code, 1.0)} for code, row in side.trends.items()},
        responses=tuple(_response(told, factors) for told in side.responses),
        earlier=tuple(_earlier(row, factors) for row in side.earlier),
        whole=partial(_values, side.whole, factors),
    )


def _series(series: Series, factor: float) -> Series:
    points = [point._replace(value=point.value * factor) for point in series.points]
    low, high = series.normal
    return replace(series, points=points, normal=(_times(low, factor), _times(high, factor)))


def _values(whole: Callable[[], pd.DataFrame], factors: Mapping[str, float]) -> pd.DataFrame:
    values = whole()
    factor = values["analyte"].map(factors).astype(float).fillna(1.0)
    return values.assign(**{name: values[name] * factor for name in OF_VALUES})


def _earlier(row: Row, factors: Mapping[str, float]) -> Row:
    return {**row, "value": row["value"] * factors.get(str(row["analyte"]), 1.0)}


def _news(rows: Iterable[Row], factors: Mapping[str, float]) -> Rows:
    return tuple(
        {**row, **{name: _times(row[name], factors[row["analyte"]]) for name in OF_NEWS if name in row}}
        if row["analyte"] in factors
        else row
        for row in rows
    )


def _response(told: Row, factors: Mapping[str, float]) -> Row:
    return {**told, "windows": [_window(window, factors) for window in told["windows"]]}


def _window(window: Mapping[str, Any], factors: Mapping[str, float]) -> dict[str, Any]:
    markers = {code: _marker(marker, factors.get(code, 1.0)) for code, marker in window["markers"].items()}
    return {**window, "markers": markers}


def _marker(marker: Mapping[str, Any], factor: float) -> dict[str, Any]:
    return {**marker, **{name: _times(marker[name], factor) for name in OF_MARKER}}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
