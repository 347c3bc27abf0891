"""analytes.toml -> Analyte."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from monitoring.catalog_entries import Entry, entries
from monitoring.terms import Analyte, Cited, Interval, Threshold, Variation
from monitoring.units import normal_unit

Units = dict[str, tuple[float, float]]
FAMILIES = "unit_families"
SEXES = ("", "male", "female")


def analytes(file: str, tables: Mapping[str, Any], references: Mapping[str, Any]) -> Mapping[str, Analyte]:
    """All analytes by code. The table `unit_families` holds unit tables that several analytes share."""
    own = dict(tables)
    shared = Entry(file, FAMILIES, own.pop(FAMILIES, {}), references)
    families = {name: shared.part(name, table) for name, table in shared.table.items()}
    return MappingProxyType(
        {entry.code: entry.made(lambda entry: analyte(entry, families)) for entry in entries(file, own, references)}
    )


def analyte(entry: Entry, families: Mapping[str, Entry]) -> Analyte:
    unit = entry.text("unit")
    half_life, half_life_source = sourced_hours(entry, "half_life")
    due, due_source = sourced_hours(entry, "due")
    known = units(entry, unit, families)
    return Analyte(
        code=entry.code,
        label=entry.text("label"),
        unit=unit,
        axis=entry.one_of("axis", ("log", "linear")),
        decimals=entry.whole("decimals"),
        order=entry.whole("order"),
        worse=entry.one_of("worse", ("up", "down", "none")),
        loinc=codes(entry),
        aliases=entry.texts("aliases"),
        units=known,
        specimens=entry.texts("specimens"),
        plausible=entry.span("plausible"),
        variation=entry.inner_or_none("variation", variation),
        intervals=tuple(one for group in entry.inner_list("intervals") for one in group.made(intervals)),
        thresholds=tuple(one.made(threshold) for one in entry.inner_list("thresholds")),
        half_life_hours=half_life,
        half_life_source=half_life_source,
        due_hours=due,
        due_source=due_source,
        si_unit=entry.text("si_unit", unit),
        si_factor=positive(entry, "si_factor", entry.number("si_factor", 1)),
        source=entry.cited(),
        us_unit=entry.text("us_unit", ""),
        us_factor=us_factor(entry, known),
    )


def us_factor(entry: Entry, known: Mapping[str, tuple[float, float]]) -> float:
    """From our unit to that of the United States, by the factor a result reported in it comes in by."""
    told = entry.text("us_unit", "")
    if not told:
        return 1.0
    if normal_unit(told) not in known:
        raise entry.wrong("us_unit", f"{told!r} is not among its units")
    return 1.0 / known[normal_unit(told)][0]


def positive(entry: Entry, field: str, value: float) -> float:
    if value <= 0:
        raise entry.wrong(field, f"should be above zero, found {value:g}")
    return value


def sourced_hours(entry: Entry, field: str) -> tuple[float | None, Cited | None]:
    def read(part: Entry) -> tuple[float, Cited]:
        return positive(part, "hours", part.number("hours")), part.cited()

    return entry.inner_or_none(field, read) or (None, None)


def codes(entry: Entry) -> tuple[str, ...]:
    found = entry.texts("loinc")
    for code in found:
        if not loinc_is_whole(code):
            raise entry.wrong("loinc", f"{code!r} is no LOINC code: its check digit does not fit")
    return found


def loinc_is_whole(code: str) -> bool:
    """LOINC's mod-10 check: every second digit from the right is doubled, the digit sum is filled up to a ten."""
    body, dash, check = code.partition("-")
    if not (dash and body.isascii() and body.isdigit() and check.isascii() and check.isdigit() and len(check) == 1):
        return False
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return (-sum(value // 10 + value % 10 for value in doubled)) % 10 == int(check)


def units(entry: Entry, unit: str, families: Mapping[str, Entry]) -> Mapping[str, tuple[float, float]]:
    found: Units = {}
    family = entry.text("unit_family", "")
    if family and family not in families:
        raise entry.wrong("unit_family", f"{family!r} is not among the {FAMILIES}")
    if family:
        add_units(found, families[family], "")
    add_units(found, entry.part("units", entry.value("units", {})), unit)
    if found.get(normal_unit(unit)) != (1.0, 0.0):
        raise entry.wrong("units", f"should hold our own unit {unit!r} with factor 1")
    return MappingProxyType(found)


def add_units(found: Units, table: Entry, unit: str) -> None:
    for spelling, conversion in table.table.items():
        key = normal_unit(spelling)
        if key in found:
            raise table.wrong(spelling, "is the same unit as another one in this list")
        if not key and normal_unit(unit) != "1":
            raise table.wrong(spelling or '""', "a unit may be left blank only where our own unit is 1")
        found[key] = factor_and_offset(table, spelling, conversion)


def factor_and_offset(table: Entry, spelling: str, conversion: object) -> tuple[float, float]:
    parts = conversion if isinstance(conversion, list) else [conversion, 0]
    if len(parts) != 2:
        raise table.wrong(spelling, "should be a factor, or a factor and an offset")
    table.value(spelling)
    factor, offset = (table.as_number(spelling, part) for part in parts)
    return positive(table, spelling, factor), offset


def variation(entry: Entry) -> Variation:
    return Variation(share(entry, "analytical"), share(entry, "within_subject"), entry.cited())


def share(entry: Entry, field: str) -> float:
    value = entry.number(field)
    if not 0 < value < 1:
        raise entry.wrong(field, f"should be a fraction between 0 and 1 (0.128 for 12.8 %), found {value:g}")
    return value


def intervals(entry: Entry) -> tuple[Interval, ...]:
    """One source's rows of [low, high, sex, from years, to years]; an open end is written ""."""
    source, rows = entry.cited(), entry.value("rows")
    return tuple(interval(entry, row, source) for row in rows)


def interval(entry: Entry, row: object, source: Cited) -> Interval:
    if not isinstance(row, list) or len(row) != 5 or row[2] not in SEXES:
        raise entry.wrong("rows", f"should each be [low, high, sex, from years, to years], found {row!r}")
    low, high = (None if end == "" else entry.as_number("rows", end) for end in row[:2])
    from_years, to_years = (entry.as_number("rows", end) for end in row[3:])
    if (low is None and high is None) or from_years >= to_years or (None not in (low, high) and low >= high):  # type: ignore[operator]
        raise entry.wrong("rows", f"is out of order: {row!r}")
    return Interval(low, high, row[2], from_years, to_years, source)


def threshold(entry: Entry) -> Threshold:
    return Threshold(entry.number("value"), entry.text("label"), entry.cited())
