"""A copy of the store in one file, taken while it is at work, and back again. SQLite only; a server has pg_dump."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from storage import schema
from storage.engine import Store, open_store
from storage.errors import AlreadyThere, StoreDamaged, StoreError, StoreNewer, in_words

_SERVER = "A server's store is backed up and restored with its own pg_dump and pg_restore, not with this command."


def backup(store: Store, path: Path, *, overwrite: bool = False) -> Path:
    """
    The store as it stands at one moment, whatever is written meanwhile; checked, and put in place only when whole.

    Raises AlreadyThere rather than replace a file unasked.
    """
    if store.dialect != "sqlite":
        raise StoreError(_SERVER)
    if path.exists() and not overwrite:
        raise AlreadyThere(f"{path} is there already: choose another name or say that it may be replaced.")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    with in_words(), store.engine.connect() as connection, closing(sqlite3.connect(draft)) as copy:
        os.chmod(draft, 0o600)
        source = connection.connection.dbapi_connection
        source.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
    _examined(draft)
    draft.replace(path)
    return path


def restore(path: Path, url: str, *, overwrite: bool = False) -> None:
    """
    The backup at `path` as the store at `url`, brought up to date.

    Refuses a file that is damaged, no store, or of a newer program, and (AlreadyThere) a store that has rows, unless
    told to overwrite it. What is there is replaced in one transaction: other processes see all of it or none.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite" or not target.database:
        raise StoreError(_SERVER)
    _examined(path)
    if Path(target.database).exists() and not overwrite:
        raise AlreadyThere("There is a store at that place already: move it away or say that it may be replaced.")
    Path(target.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with in_words(), closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(target.database)) as store:
        copy.backup(store)
    open_store(url).close()


def _examined(path: Path) -> None:
    """Raises StoreDamaged or StoreNewer. Reads every page."""
    if not path.is_file():
        raise StoreError(f"There is no backup at {path}.")
    with in_words(), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as copy:
        whole = copy.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        named = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        at = copy.execute("SELECT version_num FROM alembic_version").fetchone() if named else None
    if not whole or at is None:
        raise StoreDamaged(f"{path} is damaged or no backup of this program's: choose another one.")
    if schema.state_of(at[0]) == "newer":
        raise StoreNewer(f"{path} was written by a newer maswatch: install that version or a later one to restore it.")
