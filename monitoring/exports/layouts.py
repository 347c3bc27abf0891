"""The tables of an export and their columns, as knowledge/export.toml names them. Imports little: see fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from monitoring.analysis.remembering import of_catalog
from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.errors import CatalogError
from monitoring.terms import Catalog

FILE = "export.toml"
TYPES = ("string", "number", "integer", "boolean", "datetime")
CONSTRAINTS = ("required", "minimum", "maximum", "enum")
HIDINGS = ("", "pseudonym", "shifted", "ours", "number", "left_out", "pattern")


@dataclass(frozen=True)
class Field:
    """
    A column. `hiding`: what becomes of it when nobody may be known by it, see the head of export.toml; `judged`: it
    rests on a judgement, and is in no export of facts alone.
    """

    name: str
    type: str
    title: str
    description: str
    unit: str = ""
    hiding: str = ""
    pattern: str = ""
    judged: bool = False
    constraints: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """`optional`: the option that asks for it; empty: it is in every export. `judged`: as of a column."""

    name: str
    title: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    optional: str = ""
    judged: bool = False

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    @property
    def header(self) -> bytes:
        """The first line of a CSV file."""
        return (",".join(self.names) + "\n").encode()


@dataclass(frozen=True)
class Layout:
    title: str
    description: str
    settings: Mapping[str, Any]
    tables: Mapping[str, Table]

    def asked(self, *, facts: bool, versions: bool) -> dict[str, Table]:
        """The tables of an export: of facts alone, or with what was judged; with every version, or without."""
        chosen = {name: one for name, one in self.tables.items() if versions or not one.optional}
        if not facts:
            return chosen
        return {name: _unjudged(one) for name, one in chosen.items() if not one.judged}


def _unjudged(table: Table) -> Table:
    return replace(table, fields=tuple(one for one in table.fields if not one.judged))


def parse(name: str) -> dict[str, Any]:
    """A knowledge file of the exports. Raises CatalogError."""
    return parsed(name, read_bytes(KNOWLEDGE / name))


@of_catalog
def layout(catalog: Catalog) -> Layout:
    """Raises CatalogError where export.toml says something that cannot be."""
    told = parse(FILE)
    tables = {name: _table(name, entry, catalog) for name, entry in told["tables"].items()}
    return Layout(told["text"]["title"], told["text"]["description"], told["settings"], tables)


def _table(name: str, told: Mapping[str, Any], catalog: Catalog) -> Table:
    fields = [_field(name, one, entry) for one, entry in told["fields"].items()]
    for analyte in catalog.analytes.values() if "each" in told else ():
        words = {"label": analyte.label, "unit": analyte.unit}
        filled = {end: {key: _filled(text, words) for key, text in one.items()} for end, one in told["each"].items()}
        fields += [_field(name, analyte.code + end, one) for end, one in filled.items()]
        fields[-len(filled)] = Field(**vars(fields[-len(filled)]) | {"unit": analyte.unit})
    return Table(
        name, told["title"], told["description"], tuple(told["key"]), tuple(fields), told.get("optional", ""),
        told.get("judged", False),
    )  # fmt: skip


def _filled(text: Any, words: Mapping[str, str]) -> Any:
    return text.format(**words) if isinstance(text, str) else text


def _field(table: str, name: str, told: Mapping[str, Any]) -> Field:
    hiding = told.get("pseudonymous", "")
    if told["type"] not in TYPES or hiding not in HIDINGS:
        raise CatalogError(FILE, table, name, f"type {told['type']!r} or pseudonymous {hiding!r} is not known.")
    if told["type"] == "datetime" and hiding not in ("shifted", "ours", "left_out"):
        raise CatalogError(FILE, table, name, "a moment must say how it is shifted.")
    constraints = {key: told[key] for key in CONSTRAINTS if key in told}
    return Field(
        name, told["type"], told["title"], told["description"], told.get("unit", ""), hiding,
        told.get("pattern", ""), told.get("judged", False), constraints,
    )  # fmt: skip
