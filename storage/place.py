"""Where a store that is a file stands, and which file that is: one that is open is read on when it is long gone."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url


def file_at(url: str) -> tuple[int, int] | None:
    """Device and number of the store's file; None where the store is no file, or is not there."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    try:
        found = Path(str(parsed.database)).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
