"""
Formats of an export. Each is one file in this folder, found by listing it; it owes `NAME`, `NEEDS` (the tables that it
uses beside the patients; none named: all) and `write(parts, folder, about) -> rows by table`, part by part: memory does
not grow with the export.

`parts`: the tables of some patients at a time, as monitoring.exporting.exported gives them. What a format cannot say
is counted with `about.leave_out`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from monitoring.exports.about import About
from monitoring.exports.tables import Frames


class Profile(Protocol):
    NAME: str
    NEEDS: tuple[str, ...]

    def write(self, parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
        """Writes all files below `folder`, which is empty."""


@cache
def profiles() -> dict[str, Profile]:
    """Name -> profile, in the order of the files."""
    found = [importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    return {module.NAME: cast(Profile, module) for module in found}
