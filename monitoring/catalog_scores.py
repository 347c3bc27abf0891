"""scores.toml -> ScoreBook. A site file may change under [scores] how long a component is carried forward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from monitoring.catalog_entries import Entry, entries
from monitoring.catalog_rules import SITE, SITE_REASON
from monitoring.catalog_scored_items import item, refuse_disorder, steps
from monitoring.errors import CatalogError
from monitoring.score_terms import (
    WHENS,
    Chances,
    Component,
    Cutoff,
    Item,
    Score,
    ScoreBook,
    Subtotal,
    Tolerated,
)
from monitoring.terms import Catalog
from monitoring.units import normal_unit

FILE = "scores.toml"
PICKS, WAYS = ("newest", "highest"), ("any", "up", "down")
Tables = Mapping[str, Mapping[str, Any]]


def score_book(tables: Tables, site: str, references: Mapping[str, Any]) -> ScoreBook:
    whole = Entry(FILE, "scores", dict(tables[FILE]), references)
    scored = whole.value("scores")
    found = {one.code: one.made(component) for one in parts(whole, "components")}
    book = ScoreBook(
        scores=MappingProxyType({one.code: one.made(lambda one: score(one, scored)) for one in parts(whole, "scores")}),
        components=MappingProxyType(with_site(found, tables, site, references)),
        tolerated=tuple(one.made(tolerated) for one in whole.inner_list("tolerated")),
        words=whole.inner("words").made(lambda words: MappingProxyType({key: words.text(key) for key in words.table})),
    )
    return whole.made(lambda _: book)


def parts(whole: Entry, field: str) -> Iterator[Entry]:
    return entries(FILE, whole.inner(field).table, whole.references, within=field)


def component(entry: Entry) -> Component:
    hours = entry.number("hours")
    if hours <= 0:
        raise entry.wrong("hours", f"should be above zero, found {hours:g}")
    return Component(
        code=entry.code,
        label=entry.text("label", ""),
        analytes=entry.texts("analytes", ()),
        finding=entry.text("finding", ""),
        hours=hours,
        pick=entry.one_of("pick", PICKS, "newest"),
        any_means=entry.one_of("any_means", WAYS, "any"),
        instead=entry.inner_or_none("instead", lambda part: {key: part.text(key) for key in part.table}) or {},
        why=entry.text("why"),
        source=entry.cited(),
    )


def with_site(found: dict[str, Component], tables: Tables, site: str, references: Mapping[str, Any]) -> Any:
    own = tables.get(site, {}).get("scores") if site else None
    if own is None:
        return found
    told = Entry(site, "scores", own, references)
    for code in told.table:
        hours = told.number(code)
        if code not in found or hours <= 0:
            raise told.wrong(code, "should be a component of scores.toml, with hours above zero")
        found[code] = replace(found[code], hours=hours, why=SITE_REASON, source=SITE)
    return found


def tolerated(entry: Entry) -> Tolerated:
    return Tolerated(entry.texts("products"), entry.texts("analytes"), entry.text("why"), entry.cited())


def score(entry: Entry, all_scores: Mapping[str, Any]) -> Score:
    return Score(
        code=entry.code,
        label=entry.text("label"),
        unit=entry.text("unit"),
        decimals=entry.whole("decimals"),
        items=tuple(items_of(entry, all_scores)),
        required=tuple(items_in(entry, "required")) if entry.has("required") else (),
        cutoff=entry.inner("cutoff").made(cutoff),
        subtotal=entry.inner_or_none("subtotal", subtotal),
        chances=entry.inner_or_none("chances", chances),
        contexts=entry.texts("contexts", ()),
        years=years(entry),
        scope=entry.text("scope"),
        source=entry.cited(),
    )


def years(entry: Entry) -> tuple[float | None, float | None]:
    """[from, below] in years; an open end is written ""."""
    told = entry.value("years", ["", ""])
    if not isinstance(told, list) or len(told) != 2:
        raise entry.wrong("years", f"should be [from, below], found {told!r}")
    low, high = (None if end == "" else entry.as_number("years", end) for end in told)
    return low, high


def items_of(entry: Entry, all_scores: Mapping[str, Any]) -> Iterator[Item]:
    """Its own items, or those of another score without some."""
    if not entry.has("like"):
        yield from items_in(entry, "items")
        return
    model, without = entry.one_of("like", tuple(all_scores)), entry.texts("without", ())
    other = Entry(FILE, f"scores.{model}", all_scores[model], entry.references)
    told = list(items_in(other, "items"))
    for name in set(without) - {one.code for one in told}:
        raise entry.wrong("without", f"{name!r} is not an item of {model}")
    yield from (one for one in told if one.code not in without)


def items_in(entry: Entry, field: str) -> Iterator[Item]:
    table = entry.inner(field)
    for name in table.table:
        yield table.inner(name).made(item)


def cutoff(entry: Entry) -> Cutoff:
    return Cutoff(entry.one_of("when", WHENS), entry.number("value"), entry.cited(), entry.text("why"))


def subtotal(entry: Entry) -> Subtotal:
    return Subtotal(entry.texts("items"), entry.one_of("when", WHENS), entry.number("value"), entry.cited())


def chances(entry: Entry) -> Chances:
    bins = tuple((entry.as_number("bins", highest), str(text)) for highest, text in entry.value("bins"))
    if [highest for highest, _ in bins] != sorted({highest for highest, _ in bins}):
        raise entry.wrong("bins", "should rise from one to the next")
    return Chances(bins, entry.text("note"), entry.cited())


def check(catalog: Catalog) -> None:
    """What must hold between scores.toml and the other files."""
    for one in catalog.scores.components.values():
        refuse_unknown(f"components.{one.code}", "analytes", (*one.analytes, *one.instead), catalog.analytes)
        refuse_unknown(f"components.{one.code}", "finding", [one.finding] if one.finding else [], catalog.findings)
    for kept in catalog.scores.tolerated:
        refuse_unknown("tolerated", "products", kept.products, catalog.products)
        refuse_unknown("tolerated", "analytes", kept.analytes, catalog.analytes)
    for told in catalog.scores.scores.values():
        check_score(told, catalog)


def check_score(told: Score, catalog: Catalog) -> None:
    name = f"scores.{told.code}"
    refuse_unknown(name, "contexts", told.contexts, catalog.contexts)
    if told.subtotal:
        refuse_unknown(name, "subtotal", told.subtotal.items, [one.code for one in told.items])
    for one in (*told.required, *told.items):
        for part in one.parts():
            refuse_unknown(f"{name}.{one.code}", "component", [part.component], catalog.scores.components)
            refuse_foreign_units(f"{name}.{one.code}", catalog.scores.components[part.component], steps(part), catalog)
            refuse_disorder(f"{name}.{one.code}", part)


def refuse_unknown(entry: str, field: str, names: Any, known: Any) -> None:
    for name in names:
        if name not in known:
            raise CatalogError(FILE, entry, field, f"{name!r} is not known")


def refuse_foreign_units(entry: str, component: Component, units: Mapping[str, Any], catalog: Catalog) -> None:
    """A cut-off in a unit the analyte does not come in could never be compared."""
    for analyte in component.analytes:
        for unit in units:
            if unit and normal_unit(unit) not in catalog.analytes[analyte].units:
                raise CatalogError(FILE, entry, "unit", f"{analyte} does not come in {unit!r}")
