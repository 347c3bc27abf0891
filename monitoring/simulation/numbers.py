"""knowledge/simulation.toml as frozen dataclasses; noise, units and known half-lives come from the catalog."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from monitoring.catalog import KNOWLEDGE, load_catalog, parsed, read_bytes
from monitoring.catalog_entries import Entry, entries
from monitoring.errors import CatalogError
from monitoring.lookup import conversion
from monitoring.simulation.terms import (
    DRIVERS,
    Given,
    Kind,
    Laboratory,
    Marker,
    Panel,
    Path,
    Print,
    Protocol,
    Stretch,
    Variant,
)
from monitoring.terms import Analyte, Catalog

FILE = "simulation.toml"
ANY = frozenset[str]()

Made = TypeVar("Made")
Span = tuple[float, float]


@dataclass(frozen=True)
class Numbers:
    """All that the simulator believes. The plain tables (`people`, `draws`, …) are as the file writes them."""

    markers: Mapping[str, Marker]
    patterns: Mapping[str, Mapping[str, float]]
    paths: Mapping[str, Path]
    kinds: Mapping[str, Kind]
    protocols: Mapping[str, Protocol]
    panels: tuple[Panel, ...]
    laboratories: tuple[Laboratory, ...]
    tables: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, table: str) -> Mapping[str, Any]:
        return self.tables[table]


def load_numbers(catalog: Catalog | None = None) -> Numbers:
    """Raises CatalogError, whose text names entry and field of knowledge/simulation.toml."""
    tables = parsed(FILE, read_bytes(KNOWLEDGE / FILE))
    found = catalog or load_catalog()
    try:
        return checked(built(tables, found), found)
    except KeyError as missing:
        raise CatalogError(FILE, "", "", f"{missing} is missing") from missing
    except (TypeError, ValueError) as trouble:
        raise CatalogError(FILE, "", "", f"has an entry of another shape than wanted: {trouble}") from trouble


def built(tables: Mapping[str, Any], catalog: Catalog) -> Numbers:
    steps = {name: given_list(name, rows, catalog) for name, rows in sourced(tables, "steps").items()}
    return Numbers(
        markers=each("markers", tables["markers"], lambda entry: marker(entry, catalog)),
        patterns=sourced(tables, "patterns"),
        paths=each("paths", tables["paths"], path),
        kinds=each("kinds", tables["kinds"], kind),
        protocols=each("protocols", tables["protocols"], lambda entry: protocol(entry, steps)),
        panels=tuple(each("panels", tables["panels"], panel).values()),
        laboratories=tuple(
            each("laboratories", tables["laboratories"], lambda entry: laboratory(entry, catalog)).values()
        ),
        tables={name: dict(table) for name, table in tables.items()},
    )


def each(table: str, rows: Mapping[str, Any], make: Callable[[Entry], Made]) -> dict[str, Made]:
    return {entry.name.rpartition(".")[2]: entry.made(make) for entry in entries(FILE, named(table, rows), ANY)}


def named(table: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{table}.{name}": row for name, row in rows.items()}


def sourced(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table without the two fields that say where it comes from; both must be there."""
    table = dict(tables[name])
    for field in ("source", "tag"):
        if not table.pop(field, ""):
            raise CatalogError(FILE, name, field, "is missing: every number says where it comes from")
    return table


def marker(entry: Entry, catalog: Catalog) -> Marker:
    code = entry.name.rpartition(".")[2]
    if code not in catalog.analytes:
        raise entry.wrong("", "is no analyte of the catalog")
    analyte = catalog.analytes[code]
    entry.text("source")
    entry.text("tag")
    return Marker(
        code=code,
        linear=entry.one_of("scale", ("log", "linear"), "log") == "linear",
        loss_per_hour=math.log(2) / half_life(entry, analyte),
        level=entry.number("level"),
        level_of=entry.text("level_of", ""),
        spread=entry.number("spread"),
        bounds=(entry.number("low"), entry.number("high")),
        produced=entry.value("produced"),
        lost=entry.value("lost", {}),
        recovery_lag_hours=int(entry.number("recovery_lag_hours", 0)),
        noise=noise(entry, analyte),
        read_from=entry.number("read_from", 0),
        read_limits=limits(entry.value("read_limits", [])),
        at_most_of=at_most(entry.value("at_most_of", {})),
    )


def half_life(entry: Entry, analyte: Analyte) -> float:
    """The catalog's own, or this file's where the catalog knows none; never both."""
    if (analyte.half_life_hours is None) != entry.has("half_life_hours"):
        raise entry.wrong("half_life_hours", "belongs here exactly when the catalog's analyte has none")
    return analyte.half_life_hours or entry.number("half_life_hours")


def noise(entry: Entry, analyte: Analyte) -> float:
    """SD of one reading's logarithm: analytical and within-subject together (Fokkema 2006), or as the entry says."""
    if analyte.variation is None:
        return entry.number("noise")
    shares = (analyte.variation.analytical, analyte.variation.within_subject)
    return math.sqrt(sum(math.log1p(share**2) for share in shares))


def limits(rows: list[dict[str, float]]) -> tuple[Span, ...]:
    return tuple((float(row["above"]), float(row["share"])) for row in rows)


def at_most(table: Mapping[str, Any]) -> tuple[str, float]:
    return (table["marker"], float(table["ratio"])) if table else ("", math.inf)


def path(entry: Entry) -> Path:
    return Path(
        name=entry.name.rpartition(".")[2],
        response=entry.text("response", ""),
        relapses=entry.truth("relapses", False),
        lag_hours=span(entry.value("lag_hours", [0, 0])),
        before=stretches(entry.value("before")),
        after=stretches(entry.value("after")),
    )


def stretches(rows: list[dict[str, Any]]) -> tuple[Stretch, ...]:
    return tuple(Stretch(span(row["hours"]), span(row["per_day"])) for row in rows)


def span(value: list[float]) -> Span:
    low, high = value
    return float(low), float(high)


def kind(entry: Entry) -> Kind:
    silent = entry.value("silent", {})
    return Kind(
        name=entry.name.rpartition(".")[2],
        share=entry.number("share"),
        mas=entry.truth("mas"),
        variants=tuple(variant(row) for row in entry.value("variants")),
        patterns=entry.value("patterns"),
        levels=entry.value("levels", {}),
        read_limits={code: limits(rows) for code, rows in entry.value("read_limits", {}).items()},
        masked_by=entry.text("masked_by", ""),
        context=entry.text("context", ""),
        finding=entry.text("finding", ""),
        mishap=entry.text("mishap", ""),
        infused=entry.truth("infused", False),
        wrong_results=entry.whole("wrong_results", 0),
        late_share=entry.optional_number("late_share"),
        silent_stretches=int(silent.get("stretches", 0)),
        silent_hours=span(silent.get("hours", [0, 0])),
    )


def variant(row: Mapping[str, Any]) -> Variant:
    paths = {driver: row[driver] for driver in DRIVERS if driver in row}
    return Variant(share=float(row["share"]), paths=paths, protocol=row["protocol"])


def protocol(entry: Entry, steps: Mapping[str, tuple[Given, ...]]) -> Protocol:
    names = entry.texts("steps")
    return Protocol(tuple(given for name in names for given in steps[name]), entry.truth("steroid_start"))


def given_list(name: str, rows: list[dict[str, Any]], catalog: Catalog) -> tuple[Given, ...]:
    return tuple(Entry(FILE, f"steps.{name}", row, ANY).made(lambda entry: given(entry, catalog)) for row in rows)


def given(entry: Entry, catalog: Catalog) -> Given:
    code = entry.text("given")
    known = catalog.drugs.get(code) or catalog.products.get(code)
    if known is None:
        raise entry.wrong("given", f"{code!r} is no drug or product of the catalog")
    return Given(
        code=code,
        name=known.label,
        from_hours=entry.number("from_hours"),
        every_hours=entry.number("every_hours"),
        times=entry.whole("times"),
        per_kg=entry.number("per_kg", 0),
        lighter_than_kg=entry.number("lighter_than_kg", 0),
        lighter_per_kg=entry.number("lighter_per_kg", 0),
        per_m2=entry.number("per_m2", 0),
        amount=entry.number("amount", 0),
        maximum=entry.number("maximum", math.inf) if entry.has("maximum") else math.inf,
        factor=entry.number("factor", 1),
        round_to=entry.number("round_to"),
        unit=entry.text("unit"),
        route=entry.text("route"),
    )


def panel(entry: Entry) -> Panel:
    minutes = entry.value("result_minutes", None)
    return Panel(entry.texts("markers"), entry.number("measured"), span(minutes) if minutes else None)


def laboratory(entry: Entry, catalog: Catalog) -> Laboratory:
    prints = {code: printed(entry, catalog.analytes[code], row) for code, row in entry.value("prints").items()}
    return Laboratory(
        entry.name.rpartition(".")[2], entry.number("share"), prints=prints, methods=entry.value("methods")
    )


def printed(entry: Entry, analyte: Analyte, row: list[Any]) -> Print:
    """`factor` and `offset` take our unit to the printed one: the catalog's own conversion, the other way round."""
    unit, decimals = row
    found = conversion(analyte, unit)
    if found is None:
        raise entry.wrong("prints", f"{unit!r} is no unit of {analyte.code}")
    return Print(unit, int(decimals), factor=1 / found[0], offset=-found[1] / found[0])


def checked(numbers: Numbers, catalog: Catalog) -> Numbers:
    for kind in numbers.kinds.values():
        known(kind.name, kind.patterns, numbers.patterns)
        known(kind.name, (path for one in kind.variants for path in one.paths.values()), numbers.paths)
        known(kind.name, (one.protocol for one in kind.variants), numbers.protocols)
        known(kind.name, kind.levels, numbers.markers)
        known(kind.name, [kind.mishap] if kind.mishap else [], numbers["mishaps"])
        known(kind.name, [kind.context] if kind.context else [], catalog.contexts)
    for laboratory in numbers.laboratories:
        known(laboratory.name, numbers.markers, laboratory.prints)
    known("demo", (bed["kind"] for bed in numbers["demo"]["beds"]), numbers.kinds)
    return numbers


def known(entry: str, names: Any, among: Collection[str]) -> None:
    for name in names:
        if name not in among:
            raise CatalogError(FILE, entry, "", f"names {name!r}, which is not defined")
