"""Where a store that is a file stands, and which file that is: one that is open is read on when it is long gone."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import make_url


def file_at(url: str) -> tuple[int, int] | None:
    """Device and number of the store's file; None where the store is no file, or is not there."""
    found = _found(url)
    return (found.st_dev, found.st_ino) if found else None


def bytes_at(url: str) -> int | None:
    """How large the store's file is; None where the store is no file, or is not there."""
    found = _found(url)
    return found.st_size if found else None


def _found(url: str) -> os.stat_result | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    try:
        return Path(str(parsed.database)).stat()
    except OSError:
        return None
