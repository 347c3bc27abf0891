"""A store that is made once and copied for every test, wherever `--store` puts it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from storage.engine import Store, open_store
from tests.store_switch import moving


def on_a_server() -> bool:
    """Whether stores that would be files stand on a server."""
    return moving.SERVER in os.environ


def copied(source: Path, target: Path) -> Path:
    """The closed store of one file as that of another, which is replaced."""
    if on_a_server():
        moving.copied(source, target)
    else:
        removed(target)
        shutil.copy(source, target)
    return target


def removed(path: Path) -> None:
    if on_a_server():
        moving.removed(path)
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def new_store(file: Path) -> Store:
    return open_store(f"sqlite:///{file}")
