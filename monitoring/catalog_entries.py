"""One table of a knowledge file, read field by field; whatever is missing, misspelt or left over is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar, get_args

from monitoring.errors import CatalogError
from monitoring.terms import Cited, Tag

TAGS: tuple[str, ...] = get_args(Tag)
SOURCED: tuple[str, ...] = ("V", "D", "S1", "S2")  # tags that must name their source
REQUIRED: Any = object()

Made = TypeVar("Made")


class Entry:
    """A TOML table with its place. Every read is remembered, so that `made` can refuse the fields nobody asked for."""

    def __init__(self, file: str, name: str, table: object, references: Collection[str]) -> None:
        self.file, self.name, self.references = file, name, references
        if not isinstance(table, dict):
            raise CatalogError(file, name, "", "should be a table of fields")
        self.table: dict[str, Any] = table
        self.asked: set[str] = set()

    @property
    def code(self) -> str:
        return self.name.rpartition(".")[2]

    def wrong(self, field: str, message: str) -> CatalogError:
        return CatalogError(self.file, self.name, field, message)

    def has(self, field: str) -> bool:
        return field in self.table

    def value(self, field: str, default: Any = REQUIRED) -> Any:
        self.asked.add(field)
        if field in self.table:
            return self.table[field]
        if default is REQUIRED:
            raise self.wrong(field, "is missing")
        return default

    def text(self, field: str, default: Any = REQUIRED) -> str:
        """A text with something in it; only a default may be empty."""
        value = self.value(field, default)
        if not isinstance(value, str) or (self.has(field) and not value.strip()):
            raise self.wrong(field, f"should be a text that is not empty, found {value!r}")
        return value

    def wording(self, field: str) -> str:
        """A text that may be empty: words for saying nothing."""
        value = self.value(field)
        if not isinstance(value, str):
            raise self.wrong(field, f"should be a text, found {value!r}")
        return value

    def one_of(self, field: str, allowed: Collection[str], default: Any = REQUIRED) -> Any:
        value = self.value(field, default)
        if value not in allowed:
            raise self.wrong(field, f"should be one of {', '.join(allowed)}, found {value!r}")
        return value

    def texts(self, field: str, default: Any = REQUIRED) -> tuple[str, ...]:
        value = self.value(field, default)
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.wrong(field, "should be a list of texts, none of them empty")
        if len(set(value)) != len(value):
            raise self.wrong(field, "lists the same text twice")
        return tuple(value)

    def number(self, field: str, default: Any = REQUIRED) -> float:
        return self.as_number(field, self.value(field, default))

    def optional_number(self, field: str) -> float | None:
        return self.number(field) if self.has(field) else None

    def as_number(self, field: str, value: object) -> float:
        """A number, or a fraction written "5/9" where the decimal would not be exact."""
        if isinstance(value, str):
            value = fraction(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(field, f"should be a number, found {self.value(field, value)!r}")
        return float(value)

    def whole(self, field: str, default: Any = REQUIRED) -> int:
        value = self.value(field, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(field, f"should be a whole number, found {value!r}")
        return value

    def truth(self, field: str, default: Any = REQUIRED) -> bool:
        value = self.value(field, default)
        if not isinstance(value, bool):
            raise self.wrong(field, f"should be true or false, found {value!r}")
        return value

    def span(self, field: str) -> tuple[float, float]:
        """Two numbers, the lower one first."""
        value = self.value(field)
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(field, "should be two numbers, the lower one first")
        low, high = (self.as_number(field, one) for one in value)
        if low >= high:
            raise self.wrong(field, f"is out of order: {low:g} should be below {high:g}")
        return low, high

    def cited(self) -> Cited:
        """This table's own `cite` and `tag`."""
        tag, cite = self.one_of("tag", TAGS), self.texts("cite", ())
        for key in cite:
            if key not in self.references:
                raise self.wrong("cite", f"names {key!r}, which references.toml does not list")
        if tag in SOURCED and not cite:
            raise self.wrong("cite", f"the tag {tag!r} needs a source")
        if tag in ("S1", "S2") and tag not in cite:
            raise self.wrong("cite", f"the tag {tag!r} should stand with the source {tag!r}")
        return Cited(cite, tag)

    def inner(self, field: str) -> Entry:
        return self.part(field, self.value(field))

    def inner_list(self, field: str) -> Iterator[Entry]:
        rows = self.value(field, [])
        if not isinstance(rows, list):
            raise self.wrong(field, "should be a list of tables")
        for number, row in enumerate(rows, start=1):
            yield self.part(f"{field} {number}", row)

    def part(self, place: str, table: object) -> Entry:
        return Entry(self.file, f"{self.name}.{place}", table, self.references)

    def inner_or_none(self, field: str, make: Callable[[Entry], Made]) -> Made | None:
        return self.inner(field).made(make) if self.has(field) else None

    def made(self, make: Callable[[Entry], Made]) -> Made:
        """What `make` reads from this table, once every field of it was asked for."""
        result = make(self)
        unknown = sorted(set(self.table) - self.asked)
        if unknown:
            raise self.wrong(unknown[0], "is not a field known here")
        return result


def fraction(text: str) -> float | str:
    over, _, under = text.partition("/")
    try:
        return float(over) / float(under)
    except (ValueError, ZeroDivisionError):
        return text


def entries(
    file: str, tables: Mapping[str, object], references: Collection[str], *, within: str = ""
) -> Iterator[Entry]:
    """The tables of a file, or of its table `within`, one by one."""
    for name, table in tables.items():
        yield Entry(file, f"{within}.{name}" if within else name, table, references)
