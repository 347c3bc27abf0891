"""The knowledge files as frozen dataclasses. Loading refuses nonsense with file, entry and field."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from monitoring import catalog_analytes, catalog_given, catalog_rules, catalog_scores
from monitoring.catalog_checks import check
from monitoring.catalog_entries import Entry, entries
from monitoring.errors import CatalogError
from monitoring.lookup import plain_name
from monitoring.terms import Catalog, Reference
from monitoring.units import normal_unit

__all__ = ["KNOWLEDGE", "CatalogError", "load_catalog", "normal_unit"]

KNOWLEDGE = Path(__file__).parent / "knowledge"
FILES = ("references", "analytes", "drugs", "products", "rules", "settings", "words", "scores")

Made = TypeVar("Made")
Tables = dict[str, dict[str, Any]]


def load_catalog(site_file: Path | None = None, *, folder: Path = KNOWLEDGE) -> Catalog:
    """
    Everything the catalog knows, checked. `site_file` may override rule parameters and settings, see `catalog_rules`.

    Raises CatalogError, whose text names file, entry and field. Reads the files anew at each call, and works them out
    anew only when one of them changed.
    """
    contents = {f"{name}.toml": read_bytes(folder / f"{name}.toml") for name in FILES}
    site = str(site_file.resolve()) if site_file else ""  # the whole path: a site may call its file rules.toml too
    if site:
        contents[site] = read_bytes(Path(site))
    return _checked(tuple(contents.items()), site)


@lru_cache(maxsize=4)
def _checked(contents: tuple[tuple[str, bytes], ...], site: str) -> Catalog:
    tables = {file: _kept(file, content) for file, content in contents}
    catalog = built(tables, site, version(dict(contents)))
    check(catalog, site)
    if catalog.shadowed:
        check(catalog.switched_on(), site)
    catalog_scores.check(catalog)
    return catalog


@lru_cache(maxsize=32)
def _kept(file: str, content: bytes) -> dict[str, Any]:
    """For this module alone, which changes nothing in it."""
    return parsed(file, content)


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as trouble:
        raise CatalogError(str(path), "", "", f"cannot be read ({trouble.strerror})") from trouble


def parsed(file: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise CatalogError(file, "", "", f"is not valid TOML: {trouble}") from trouble


def version(contents: Mapping[str, bytes]) -> str:
    """Twelve signs that change when any file changes, the site's own included."""
    digest = hashlib.sha256()
    for content in contents.values():
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]


def built(tables: Tables, site: str, version: str) -> Catalog:
    known = tables["references.toml"]
    references = each("references.toml", known, known, reference)
    settings, settings_sources = catalog_rules.settings(tables, site, known)
    words = Entry("words.toml", "words", tables["words.toml"], known)
    return words.made(
        lambda words: Catalog(
            analytes=catalog_analytes.analytes("analytes.toml", tables["analytes.toml"], known),
            drugs=each("drugs.toml", tables["drugs.toml"], known, catalog_given.drug),
            products=each("products.toml", tables["products.toml"], known, catalog_given.product),
            rules=catalog_rules.rules(tables, site, known),
            references=references,
            findings=labels(words),
            contexts=words.texts("contexts"),
            specimen_aliases=specimens(words),
            phrases=phrases(words),
            settings=settings,
            settings_sources=settings_sources,
            version=version,
            scores=catalog_scores.score_book(tables, site, known),
            laboratories=catalog_rules.laboratories(tables, site, known),
            shadowed=catalog_rules.shadowed(tables, site, known),
        )
    )


def each(
    file: str, tables: Mapping[str, Any], references: Mapping[str, Any], make: Callable[[Entry], Made]
) -> Mapping[str, Made]:
    return MappingProxyType({entry.code: entry.made(make) for entry in entries(file, tables, references)})


def reference(entry: Entry) -> Reference:
    return Reference(entry.code, entry.text("citation"), entry.text("url", ""))


def labels(words: Entry) -> Mapping[str, str]:
    def read(found: Entry) -> Mapping[str, str]:
        return MappingProxyType({name: found.text(name) for name in found.table})

    return words.inner("findings").made(read)


def phrases(words: Entry) -> Mapping[str, Mapping[str, str]]:
    """Group -> name -> the words shown or stored; a name between braces is filled in by the judgement that uses it."""

    def read(group: Entry) -> Mapping[str, str]:
        return MappingProxyType({name: group.wording(name) for name in group.table})

    def all_of(groups: Entry) -> Mapping[str, Mapping[str, str]]:
        return MappingProxyType({name: groups.inner(name).made(read) for name in groups.table})

    return words.inner("phrases").made(all_of)


def specimens(words: Entry) -> Mapping[str, str]:
    """Plain spelling -> the specimen's name here; the name itself is one of its spellings."""
    names: dict[str, str] = {}

    def read(kinds: Entry) -> None:
        for kind in kinds.table:
            for spelling in (kind, *kinds.texts(kind)):
                if names.setdefault(plain_name(spelling), kind) != kind:
                    raise kinds.wrong(kind, f"{spelling!r} already means {names[plain_name(spelling)]}")

    words.inner("specimens").made(read)
    return MappingProxyType(names)
