"""
What a source means by codes and names of its own: the site's file, and over it what a person said.

A word for one source goes before a word for all of them ("*"), and a person's before the file's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from monitoring import lookup
from monitoring.catalog import parsed, read_bytes
from monitoring.errors import CatalogError
from monitoring.settings import Settings
from monitoring.sieve import Circumstances, OwnName
from monitoring.terms import Catalog
from storage.engine import Store
from storage.meanings import code_meanings

ANYWHERE = "*"
KEYS = ("source", "code", "analyte", "unit")
NEEDED = KEYS[:3]
SHAPE = "write [[map]] with source, code, analyte and, where the source sends none, unit"


@dataclass(frozen=True)
class Word:
    """One code of one source. `by` and `at` are empty where the file says it."""

    source: str
    code: str
    analyte: str
    unit: str = ""
    by: str = ""
    at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.source, lookup.plain_name(self.code)


def circumstances(store: Store, settings: Settings, catalog: Catalog, source: str, now: datetime) -> Circumstances:
    """What rows of a source are read by now. Raises CatalogError where the site's file is wrong."""
    known_by = next((one.identifier_system for one in settings.source if one.name == source), "")
    own = own_names(store, settings, catalog, source)
    return Circumstances(catalog, settings.zone, now, source, identifier_system=known_by, own=own)


def own_codes(store: Store, settings: Settings, catalog: Catalog, source: str) -> frozenset[str]:
    """The codes and names that are mapped for this source, as they were written."""
    return frozenset(
        word.code for word in in_force(store, settings, catalog) if word.source in (ANYWHERE, source) and word.analyte
    )


def own_names(store: Store, settings: Settings, catalog: Catalog, source: str) -> Mapping[str, OwnName]:
    """Plain code or name -> what this source means by it."""
    return names_of(in_force(store, settings, catalog), source)


def names_of(words: Iterable[Word], source: str) -> Mapping[str, OwnName]:
    """The same of words that are at hand."""
    mine = [word for word in words if word.source in (ANYWHERE, source)]
    ranked = sorted(mine, key=lambda word: (bool(word.by), word.source != ANYWHERE))
    return {lookup.plain_name(word.code): OwnName(word.analyte, word.unit) for word in ranked}


def in_force(store: Store, settings: Settings, catalog: Catalog) -> list[Word]:
    """What counts now, the file's first: a person's word on the same code stands behind the file's and overrules it."""
    return [*file_words(settings.site_map, catalog), *said(store, catalog)]


def said(store: Store, catalog: Catalog) -> list[Word]:
    """The newest word of a person on each code; those taken back are left out, and those of analytes that are gone."""
    newest: dict[tuple[str, str], Word] = {}
    for row in code_meanings(store).to_dict("records"):
        word = Word(**{str(name): told for name, told in row.items()})
        newest[word.key] = word
    return [word for word in newest.values() if word.analyte in catalog.analytes]


def file_words(path: Path | None, catalog: Catalog) -> tuple[Word, ...]:
    """The site's file, checked. Raises CatalogError, whose one sentence names file and entry."""
    if path is None:
        return ()
    content = read_bytes(path)
    return _checked(str(path), content, _Known(catalog))


def analyte_of(catalog: Catalog, name: str) -> str:
    """The catalog's code for a code, label or alias that means one analyte alone; else ""."""
    found = (name,) if name in catalog.analytes else lookup.analyte_names(catalog).get(lookup.plain_name(name), ())
    return found[0] if len(found) == 1 else ""


def unit_fault(catalog: Catalog, analyte: str, unit: str) -> str:
    """Why the analyte cannot be read in this unit, in words; "" where it can, or where no unit is told."""
    if not unit.strip() or lookup.identify(catalog, (analyte,), unit):
        return ""
    told = catalog.analytes[analyte]
    known = ", ".join(dict.fromkeys(unit for unit in (told.unit, *told.units) if unit))
    return f"{unit!r} is no unit that {told.label} is known in; there is {known}"


class _Known:
    """A catalog that can be a key: the same version says the same."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def __hash__(self) -> int:
        return hash(self.catalog.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self.catalog.version == other.catalog.version


@lru_cache(maxsize=4)
def _checked(file: str, content: bytes, known: _Known) -> tuple[Word, ...]:
    told = parsed(file, content)
    entries = told.get("map", [])
    odd = sorted(told.keys() - {"map"})
    if odd or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CatalogError(file, "", odd[0] if odd else "map", f"is not known here; {SHAPE}")
    words = tuple(_word(file, place, entry, known.catalog) for place, entry in enumerate(entries, 1))
    _once(file, words)
    return words


def _word(file: str, place: int, entry: Mapping[str, Any], catalog: Catalog) -> Word:
    named = f"map {place}" + (f", {entry['source']} {entry['code']}" if {"source", "code"} <= entry.keys() else "")
    for key, text in entry.items():
        if key not in KEYS:
            raise CatalogError(file, named, key, f"is not known here; {SHAPE}")
        if not isinstance(text, str) or (key in NEEDED and not text.strip()):
            raise CatalogError(file, named, key, "must be a text that says something")
    if missing := [key for key in NEEDED if key not in entry]:
        raise CatalogError(file, named, missing[0], f"is missing; {SHAPE}")
    analyte, unit = analyte_of(catalog, entry["analyte"]), entry.get("unit", "")
    if not analyte:
        raise CatalogError(file, named, "analyte", f"{entry['analyte']!r} is no analyte of the catalog")
    if fault := unit_fault(catalog, analyte, unit):
        raise CatalogError(file, named, "unit", fault)
    return Word(entry["source"].strip(), entry["code"].strip(), analyte, unit.strip())


def _once(file: str, words: Iterable[Word]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for place, word in enumerate(words, 1):
        first = seen.setdefault(word.key, place)
        if first != place:
            named = f"map {place}, {word.source} {word.code}"
            raise CatalogError(
                file, named, "code", f"stands there twice, also in map {first}; one source means one thing"
            )
