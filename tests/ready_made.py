"""
Empty SQLite stores that are copied rather than made: two thousand tests open a new one, and making one takes twenty
times as long as copying it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from storage import engine
from tests.store_switch.moving import READY_MADE

MADE = engine._sqlite


def install(patch: pytest.MonkeyPatch) -> None:
    """From now on, in this process; a test of the making itself asks for `made_anew`."""
    patch.setattr("storage.engine._sqlite", _opened)


def _opened(url: URL) -> Engine:
    opened, file = MADE(url), Path(str(url.database))  # makes the folder, and the file only at the first connection
    if not file.exists():
        _laid(file)
    return opened


def _laid(file: Path) -> None:
    """All at once: another thread may be opening the same one."""
    draft = file.with_name(f"{file.name}.{uuid4().hex}")
    draft.write_bytes(empty())
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


@cache
def empty() -> bytes:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.engine._sqlite", MADE)
        engine.open_store(f"sqlite:///{folder}/{READY_MADE}").close()
        return Path(folder, READY_MADE).read_bytes()
