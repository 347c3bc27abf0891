"""
What can go wrong with the store, each in one sentence that says what to do. No sentence holds a patient's value.

StoreError
├── StoreBehind       a server's schema is older than this program
├── StoreNewer        written by a newer program
├── StoreUnreachable  no such folder, no permission, no answer
├── StoreBusy         another process kept it locked
├── StoreFull         no space left
├── StoreDamaged      pages that cannot be read, or no store at all
├── FrameRefused      a frame without what its table needs
├── AlreadyRead       deliveries that another process read first
└── AlreadyThere      a file that would have been overwritten
"""

# ruff: noqa: N818 - the names say what is wrong with the store; "Error" would add nothing

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError


class StoreError(Exception):
    """The store cannot do what was asked; the message says why and what to do."""


class StoreBehind(StoreError):
    pass


class StoreNewer(StoreError):
    pass


class StoreUnreachable(StoreError):
    pass


class StoreBusy(StoreError):
    pass


class StoreFull(StoreError):
    pass


class StoreDamaged(StoreError):
    pass


class FrameRefused(StoreError):
    pass


class AlreadyThere(StoreError):
    pass


class AlreadyRead(StoreError):
    pass


BEHIND = StoreBehind("The store's schema is older than this program: run `maswatch db upgrade`.")
BUSY = StoreBusy("Another process kept the store locked for too long: try again when it has finished.")
FULL = StoreFull("There is no space left where the store is kept: free some, then run the same again.")
LOCKED_OUT = StoreUnreachable("The store cannot be opened or written: check that its folder exists and may be written.")
SILENT = StoreUnreachable("The store's server does not answer: check that it runs and that the database URL is right.")
REPLICA = StoreUnreachable(
    "The store's server takes no writes now: it is a replica or being failed over; name the primary, or all its hosts."
)
CROWDED = StoreBusy("The store's server has no connection left for us: raise its max_connections, or try again later.")
TWICE = StoreError("Another writer got in between: nothing of this batch was kept, run it again.")
DAMAGED = StoreDamaged("The store's file is damaged or is no store: restore a backup with `maswatch restore`.")

_SQLITE = {
    "SQLITE_BUSY": BUSY, "SQLITE_LOCKED": BUSY, "SQLITE_FULL": FULL, "SQLITE_READONLY": LOCKED_OUT,
    "SQLITE_PERM": LOCKED_OUT, "SQLITE_CANTOPEN": LOCKED_OUT, "SQLITE_AUTH": LOCKED_OUT, "SQLITE_IOERR": LOCKED_OUT,
    "SQLITE_CORRUPT": DAMAGED, "SQLITE_NOTADB": DAMAGED,
}  # fmt: skip
_SERVER = {
    "53100": FULL, "53300": CROWDED, "55P03": BUSY, "57014": BUSY, "40001": BUSY, "40P01": BUSY, "42P01": BEHIND,
    "42703": BEHIND, "25006": REPLICA, "23505": TWICE,
}  # fmt: skip
_SILENT_CLASSES = ("08", "28", "57", "3D")  # connection lost, not let in, shutting down, no such database


@contextmanager
def in_words() -> Iterator[None]:
    """Turns what the driver throws into a StoreError; the driver's own text may quote the row, so it ends here."""
    try:
        yield
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise _ours(error) or worded(error) from None
    except Exception as error:
        if not type(error).__module__.startswith("psycopg"):
            raise
        raise worded(error) from None


def _ours(error: Exception) -> Exception | None:
    """What our own column types refused while the statement was made, such as a moment without its zone."""
    cause = error.orig if isinstance(error, StatementError) and not isinstance(error, DBAPIError) else None
    return ValueError(str(cause)) if isinstance(cause, ValueError) else None


def worded(error: BaseException) -> StoreError:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    known = _of_sqlite(cause) if isinstance(cause, sqlite3.Error) else _of_server(cause)
    if known is not None:
        return type(known)(str(known))
    return StoreError(f"The store refused the work ({_code(cause)}): run `maswatch doctor`.")


def _of_sqlite(error: sqlite3.Error) -> StoreError | None:
    name = getattr(error, "sqlite_errorname", "")
    return _SQLITE.get("_".join(name.split("_")[:2]))


def _of_server(error: BaseException) -> StoreError | None:
    state = getattr(error, "sqlstate", None)
    if state is None:
        return SILENT if type(error).__name__ in ("OperationalError", "ConnectionTimeout") else None
    return _SERVER.get(state) or (SILENT if state.startswith(_SILENT_CLASSES) else None)


def _code(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or type(error).__name__
