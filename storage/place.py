"""Where a store that is a file stands, and which file that is: one that is open is read on when it is long gone."""

from __future__ import annotations

import os
from pathlib import Path

PLAIN = "sqlite:///"  # and a path without anything to be decoded


def file_at(url: str) -> tuple[int, int] | None:
    """Device and number of the store's file; None where the store is no file, or is not there."""
    found = _found(url)
    return (found.st_dev, found.st_ino) if found else None


def bytes_at(url: str) -> int | None:
    """How large the store's file is; None where the store is no file, or is not there."""
    found = _found(url)
    return found.st_size if found else None


def _found(url: str) -> os.stat_result | None:
    path = path_at(url)
    try:
        return Path(path).stat() if path is not None else None
    except OSError:
        return None


def path_at(url: str) -> str | None:
    """Of most stores it is seen without what reads addresses, which takes longer to load than to look."""
    plain = url.removeprefix(PLAIN)
    if plain != url and not {*"?%"} & {*plain}:
        return plain
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return str(parsed.database) if parsed.get_backend_name() == "sqlite" else None
