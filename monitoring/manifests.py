"""What stands in a folder that an export of this program wrote, beside what a ward reported."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

ABOUT, PACKAGE = "about.json", "datapackage.json"
REPORTED = {"patients.csv", "labs.csv", "treatments.csv", "findings.csv"}


def not_reported(files: Collection[Path]) -> set[Path]:
    """
    Of these files the manifests of exports, known by their content and not by their name alone, and the tables that a
    manifest lists and that were judged. A listed file whose size is another now is somebody else's.
    """
    return {path for file in files if file.name in (ABOUT, PACKAGE) for path in _told_by(file)}


def _told_by(manifest: Path) -> Iterator[Path]:
    told = _read(manifest)
    if manifest.name == PACKAGE:
        yield from [manifest] if str(told.get("name")).startswith("maswatch-") and "resources" in told else []
    elif told.get("program") == "maswatch" and isinstance(told.get("files"), list):
        _tell(manifest.parent)
        yield manifest
        yield from filter(None, (_judged(manifest.parent, entry) for entry in told["files"]))


def _judged(folder: Path, entry: Any) -> Path | None:
    try:
        path = folder / entry["path"]
        whole = path.stat().st_size == entry["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if whole and path.name not in REPORTED else None


def _read(manifest: Path) -> dict[str, Any]:
    try:
        told = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


@cache
def _tell(folder: Path) -> None:
    """Once, however often a folder is looked through."""
    log.info("%s is an export: what was judged in it is left out, what was reported is taken in", folder)
