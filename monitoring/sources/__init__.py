"""
Feeds. Each kind is one file in this folder, found by listing it; it owes `KIND`, `open_source(told) -> Source` and
`tried(told, catalog, now, own) -> list[str]`: what it sees there, in sentences, storing nothing; `own` is the site map.

A source gives what it has as raw files and hears of each when it is safely stored, so that nothing is given up before.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Protocol, runtime_checkable

from monitoring.errors import SettingsError
from monitoring.raw_files import RawFile
from monitoring.settings import Settings, SourceSettings
from monitoring.sieve import OwnName
from monitoring.terms import Catalog
from storage.engine import Store

__all__ = ["Polled", "RawFile", "Source", "kinds", "open_sources", "tried"]


class Source(Protocol):
    """`name` is that of the settings."""

    name: str

    def fetch(self, now: datetime) -> Iterable[RawFile]:
        """What there is and was not done with yet. Raises SourceError where the feed cannot be reached."""

    def done(self, raw: RawFile) -> None:
        """`raw` is stored for good."""


@runtime_checkable
class Polled(Protocol):
    """A source that asks somebody now and then, also between two cycles, and has it kept how far it got."""

    def acquaint(self, store: Store, catalog: Catalog, own: Collection[str] = ()) -> None:
        """Before it is asked to fetch. `own`: the codes that the site maps for it."""

    def due(self, now: datetime) -> bool:
        """Whether it is time to ask again."""


def open_sources(settings: Settings) -> list[Source]:
    """All sources of the settings, in their order; reaches none of them yet. Raises SettingsError."""
    return [_opened(told) for told in settings.source]


@cache
def kinds() -> dict[str, Callable[[SourceSettings], Source]]:
    """Kind -> what opens it."""
    return {module.KIND: module.open_source for module in _modules()}


def tried(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName] | None = None) -> list[str]:
    """What the source shows now, in sentences; nothing is stored. Raises MaswatchError where it shows nothing."""
    _opened(told)  # says what is wrong with its settings
    sentences: list[str] = _module(told).tried(told, catalog, now, own or {})
    return sentences


def _modules(kind: str = "") -> Iterator[ModuleType]:
    """All, those first whose file is named after the kind: a folder of CSV files need not wait for an HTTP client."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    for name in sorted(names, key=lambda name: name.partition("_")[0] != kind):
        yield importlib.import_module(f"{__name__}.{name}")


def _module(told: SourceSettings) -> ModuleType:
    """That of the source's kind, and none that comes after it. Raises SettingsError where there is none."""
    for module in _modules(told.kind):
        if told.kind == module.KIND:
            return module
    known = ", ".join(sorted(kinds()))
    raise SettingsError(f"source {told.name}: kind {told.kind!r} is not known here; there is {known}.")


@cache
def _opened(told: SourceSettings) -> Source:
    """One for the life of the process: a folder that is left untouched remembers which files it has given."""
    source: Source = _module(told).open_source(told)
    return source
