"""An error as a reader may see it: one sentence; and numbers of things. Shared by command line, cycle and scheduler."""

from __future__ import annotations

from monitoring.errors import MaswatchError
from storage.errors import StoreError


def sentence(error: BaseException) -> str:
    """What the error says, where it was made to be read; "" for one nobody foresaw: its words may quote a row."""
    if isinstance(error, MaswatchError | StoreError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}."
    return ""


def counted(number: int, one: str, several: str = "") -> str:
    """1 patient, 2 patients, 1,200 patients; `several` where an s at the end is not enough."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
