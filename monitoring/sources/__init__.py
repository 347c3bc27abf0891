"""
Feeds. Each kind is one file in this folder, found by listing it; it owes `KIND` and `open_source(told) -> Source`.

A source gives what it has as raw files and hears of each when it is safely stored, so that nothing is given up before.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Protocol

from monitoring.errors import SettingsError
from monitoring.raw_files import RawFile
from monitoring.settings import Settings, SourceSettings

__all__ = ["RawFile", "Source", "kinds", "open_sources"]


class Source(Protocol):
    """`name` is that of the settings."""

    name: str

    def fetch(self, now: datetime) -> Iterable[RawFile]:
        """What there is and was not done with yet. Raises SourceError where the feed cannot be reached."""

    def done(self, raw: RawFile) -> None:
        """`raw` is stored for good."""


def open_sources(settings: Settings) -> list[Source]:
    """All sources of the settings, in their order; reaches none of them yet. Raises SettingsError."""
    return [_opened(told) for told in settings.source]


@cache
def kinds() -> dict[str, Callable[[SourceSettings], Source]]:
    """Kind -> what opens it."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.KIND: module.open_source for module in modules}


@cache
def _opened(told: SourceSettings) -> Source:
    """One for the life of the process: a folder that is left untouched remembers which files it has given."""
    if told.kind not in kinds():
        known = ", ".join(sorted(kinds()))
        raise SettingsError(f"source {told.name}: kind {told.kind!r} is not known here; there is {known}.")
    return kinds()[told.kind](told)
