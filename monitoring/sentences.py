"""An error as a reader may see it: one sentence. Shared by the command line, the cycle and the scheduler."""

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
