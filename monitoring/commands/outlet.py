"""Bytes to standard output: all of them, or an error."""

from __future__ import annotations

from io import RawIOBase
from typing import IO


def whole(out: IO[bytes]) -> IO[bytes]:
    """
    `out`, which is `sys.stdout.buffer`, so that what a full disk does not take is an error when it is flushed.

    Of an interpreter without buffers (PYTHONUNBUFFERED) it is the bare file, which drops such bytes unsaid.
    """
    return open(out.fileno(), "wb", closefd=False) if isinstance(out, RawIOBase) else out
