"""
rules.toml and settings.toml -> Rule and settings, with the site's own numbers laid over them.

A site file holds, per rule code, `parameter = value`, and under [settings] `setting = value`. Whatever it names must
exist and keep its kind of value; what it changes is tagged as a site setting. `shadow = true` beside a rule's numbers:
they are tried, and the rule stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from monitoring.catalog_entries import Entry, entries
from monitoring.catalog_kinds import Kind, Stand, check_parameters, check_sentences, kind
from monitoring.terms import SEVERITIES, Cited, Rule

SITE = Cited(("site",), "local default")
SITE_REASON = "set by this site"
SHADOW = "shadow"  # beside the numbers of a rule: they are tried and counted, and raise nothing
NO_RULES = ("settings", "scores", "laboratories")  # tables of a site file that are no rule's
Tables = Mapping[str, Mapping[str, Any]]


def rules(tables: Tables, site: str, references: Mapping[str, Any]) -> Mapping[str, Rule]:
    """All rules by code, with the site's numbers in place of the published ones where it gives its own in earnest."""
    tried = shadowed_codes(tables, site, references)
    return _rules(tables, site, references, lambda code: code not in tried)


def shadowed(tables: Tables, site: str, references: Mapping[str, Any]) -> Mapping[str, Rule]:
    """The rules whose numbers the site only tries (`shadow = true`), with these numbers."""
    tried = shadowed_codes(tables, site, references)
    told = _rules(tables, site, references, lambda _: True) if tried else {}
    return MappingProxyType({code: told[code] for code in tried})


def _rules(
    tables: Tables, site: str, references: Mapping[str, Any], counts: Callable[[str], bool]
) -> Mapping[str, Rule]:
    """`counts`: of which rules the site's numbers are taken."""
    file = tables["rules.toml"]
    whole = Entry("rules.toml", "", file, references)
    kinds = {
        entry.code: entry.made(kind) for entry in entries("rules.toml", whole.value("kind"), references, within="kind")
    }
    changed = site_entries(tables, site, references)
    found = {
        entry.code: entry.made(lambda entry: rule(entry, kinds, _taken(changed, entry.code, counts)))
        for entry in entries("rules.toml", whole.value("rule"), references, within="rule")
    }
    refuse_leftovers(changed)
    return whole.made(lambda _: MappingProxyType(found))


def site_entries(tables: Tables, site: str, references: Mapping[str, Any]) -> dict[str, Entry]:
    """By rule what the site's file says of its numbers."""
    own = {name: _numbers(table) for name, table in _of_rules(tables, site).items()}
    return {entry.code: entry for entry in entries(site, own, references)}


def shadowed_codes(tables: Tables, site: str, references: Mapping[str, Any]) -> set[str]:
    """Raises CatalogError for `shadow` that is neither true nor false, and where there is nothing to try."""
    told = {entry.code: entry for entry in entries(site, _of_rules(tables, site), references)}
    for entry in told.values():
        said = entry.table.get(SHADOW, False)
        if not isinstance(said, bool):
            raise entry.wrong(SHADOW, f"should be true or false, found {said!r}")
        if said and not _numbers(entry.table):
            raise entry.wrong(SHADOW, "has nothing to try: write the numbers to be tried beside it")
    return {code for code, entry in told.items() if entry.table.get(SHADOW)}


def _of_rules(tables: Tables, site: str) -> dict[str, Any]:
    return {name: table for name, table in tables.get(site, {}).items() if name not in NO_RULES} if site else {}


def _numbers(table: Any) -> Any:
    return {name: value for name, value in table.items() if name != SHADOW} if isinstance(table, Mapping) else table


def _taken(changed: dict[str, Entry], code: str, counts: Callable[[str], bool]) -> Entry | None:
    entry = changed.pop(code, None)
    return entry if counts(code) else None


def refuse_leftovers(changed: Mapping[str, Entry]) -> None:
    for entry in changed.values():
        raise entry.wrong("", "is not a rule this catalog knows")


def rule(entry: Entry, kinds: Mapping[str, Kind], site: Entry | None) -> Rule:
    name = entry.one_of("kind", tuple(kinds))
    parameters, sources, reasons = stated(entry.inner("parameters"))
    overlay(parameters, sources, reasons, site)
    sentences = entry.inner_or_none("sentences", lambda part: {key: part.text(key) for key in part.table}) or {}
    check_parameters(kinds[name], parameters, Stand(entry, site))
    check_sentences(kinds[name], sentences, entry)
    return Rule(
        code=entry.code,
        version=entry.text("version"),
        kind=name,
        label=entry.text("label"),
        severity=entry.one_of("severity", SEVERITIES),
        analyte=entry.text("analyte", ""),
        parameters=MappingProxyType(parameters),
        sources=MappingProxyType(sources),
        reasons=MappingProxyType(reasons),
        sentences=MappingProxyType(sentences),
        changes_mind=filled(entry, parameters),
        site_setting=site is not None and bool(site.table),
    )


def filled(entry: Entry, parameters: Mapping[str, Any]) -> str:
    """`changes_mind` with the rule's own numbers in it, so that a site's number is also the one that is told."""
    try:
        return entry.text("changes_mind").format(**parameters)
    except (KeyError, IndexError, ValueError) as trouble:
        raise entry.wrong("changes_mind", f"can only speak of the rule's own parameters: {trouble}") from trouble


Stated = tuple[dict[str, Any], dict[str, Cited], dict[str, str]]


def stated(table: Entry) -> Stated:
    """Name -> value, name -> source and name -> reason of a table whose fields are {value, unit, cite, tag, why}."""
    values: dict[str, Any] = {}
    sources: dict[str, Cited] = {}
    reasons: dict[str, str] = {}
    for name, part in parts(table):
        values[name], sources[name], reasons[name] = part.made(
            lambda part: (frozen(part, "value", part.value("value")), part.cited(), part.text("why"))
        )
    return values, sources, reasons


def parts(table: Entry) -> Iterator[tuple[str, Entry]]:
    for name in table.table:
        part = table.inner(name)
        part.text("unit", "")
        yield name, part


def frozen(part: Entry, field: str, value: Any) -> Any:
    """A value nobody can change later: a number, a text, or a tuple of either."""
    if isinstance(value, list):
        return tuple(frozen(part, field, one) for one in value)
    usable = isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value))
    if isinstance(value, bool) or not usable:
        raise part.wrong(field, f"should be a number, a text or a list, found {value!r}")
    return value


def overlay(values: dict[str, Any], sources: dict[str, Cited], reasons: dict[str, str], site: Entry | None) -> None:
    """The site's own values in place of the published ones, each told as the site's."""
    if site is None:
        return
    for name, value in site.table.items():
        if name not in values:
            raise site.wrong(name, "is not a parameter known here")
        new = frozen(site, name, value)
        if shape(new) != shape(values[name]):
            raise site.wrong(name, f"should be like {values[name]!r}, found {value!r}")
        values[name], sources[name], reasons[name] = new, SITE, SITE_REASON


def shape(value: Any) -> Any:
    """What must stay alike when a site changes a value: number, text, or a list of either."""
    if isinstance(value, tuple):
        return tuple(sorted({str(shape(one)) for one in value}))
    return "number" if isinstance(value, int | float) else "text"


def settings(tables: Tables, site: str, references: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Cited]]:
    table = Entry("settings.toml", "settings", dict(tables["settings.toml"]), references)
    values, sources, reasons = stated(table)
    changed = tables.get(site, {}).get("settings") if site else None
    overlay(values, sources, reasons, Entry(site, "settings", changed, references) if changed is not None else None)
    return MappingProxyType(values), MappingProxyType(sources)


def laboratories(tables: Tables, site: str, references: Mapping[str, Any]) -> Mapping[str, str]:
    """Source name -> laboratory, from the site's table [laboratories]; sources not named there share one."""
    named = tables.get(site, {}).get("laboratories", {}) if site else {}
    table = Entry(site, "laboratories", named, references)
    return table.made(lambda table: MappingProxyType({source: table.text(source) for source in table.table}))
