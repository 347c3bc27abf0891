"""Every key of maswatch.toml as a table: its type, its default and what it means, from the settings themselves."""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitoring.settings import PREFIX, Settings

MEANINGS: Final = Path(__file__).with_name("meanings.toml")
NO_KEYS: Final = frozenset({"config"})  # where the file itself is; given with --config or MASWATCH_CONFIG
PLAIN: Final = {str: "text", bool: "true or false", int: "whole number", float: "number"}
BOUNDS: Final = {Gt: ("gt", ">"), Ge: ("ge", "≥"), Lt: ("lt", "<"), Le: ("le", "≤")}
HEAD: Final = "| key | environment | type | default | meaning |\n| --- | --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class Key:
    """`path`: as in maswatch.toml, like schedule.at or source.name; `many`: of a table that may stand several times."""

    path: str
    field: FieldInfo
    many: bool

    @property
    def variable(self) -> str:
        """Of a table that may stand several times the whole list is told, as JSON."""
        head = self.path.split(".")[0] if self.many else self.path
        return PREFIX + head.replace(".", "__").upper() + (" (JSON)" if self.many else "")


def keys(model: type[BaseModel] = Settings, before: str = "", *, many: bool = False) -> Iterator[Key]:
    """In the order in which they are declared."""
    for name, field in model.model_fields.items():
        part, several = _part(field.annotation)
        if part is not None:
            yield from keys(part, f"{before}{name}.", many=several)
        elif name not in NO_KEYS:
            yield Key(before + name, field, many)


def meanings() -> dict[str, str]:
    """Of each key by its path."""
    told = tomllib.loads(MEANINGS.read_text(encoding="utf-8"))
    tables = {name: part for name, part in told.items() if isinstance(part, dict)}
    plain = {name: text for name, text in told.items() if name not in tables}
    return plain | {f"{name}.{key}": text for name, part in tables.items() for key, text in part.items()}


def table() -> str:
    """The reference as Markdown."""
    said = meanings()
    return HEAD + "".join(_row(key, said.get(key.path, "")) for key in keys())


def _row(key: Key, meaning: str) -> str:
    cells = (f"`{key.path}`", f"`{key.variable}`", _type(key.field), _default(key.field), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _part(told: Any) -> tuple[type[BaseModel] | None, bool]:
    """The table a key holds, and whether it may stand several times."""
    inner = _bare(told)
    several = get_origin(inner) is tuple
    inner = _bare(get_args(inner)[0]) if several else inner
    return (inner, several) if isinstance(inner, type) and issubclass(inner, BaseModel) else (None, False)


def _bare(told: Any) -> Any:
    return _bare(get_args(told)[0]) if get_origin(told) is Annotated else told


def _type(field: FieldInfo) -> str:
    limits = [f"{BOUNDS[type(rule)][1]} {getattr(rule, BOUNDS[type(rule)][0]):g}" for rule in _rules(field)]
    return ", ".join([_named(field.annotation), *limits])


def _rules(field: FieldInfo) -> list[Any]:
    """What bounds a number, whether it is said of the field or of its type."""
    inside = [arg for choice in (field.annotation, *get_args(field.annotation)) for arg in get_args(choice)[1:]]
    nested = [rule for one in inside if isinstance(one, FieldInfo) for rule in one.metadata]
    return [rule for rule in (*field.metadata, *nested) if type(rule) in BOUNDS]


def _named(told: Any) -> str:
    told = _bare(told)
    origin, inner = get_origin(told), get_args(told)
    if origin in (Union, types.UnionType):
        return next(_named(one) for one in inner if one is not type(None))
    if origin is Literal:
        return " or ".join(f"`{json.dumps(word)}`" for word in inner)
    if origin is tuple:
        return f"list of {_named(inner[0])}"
    if origin is dict:
        return "table"
    return "path" if told is Path else PLAIN[told]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "worked out"
    if field.default in (None, "", (), {}):
        return "none"
    return f"`{json.dumps(field.default)}`"
