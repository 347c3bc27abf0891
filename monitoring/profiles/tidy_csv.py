"""
One CSV file a table: UTF-8, commas, times ISO 8601 in UTC; taken in again by `maswatch ingest`.

Whoever reads one without arguments finds the right types: see monitoring.exports.cells, and leading for the order.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from monitoring.exports.about import About
from monitoring.exports.early import Early
from monitoring.exports.lines import Lines
from monitoring.exports.package import write_described
from monitoring.exports.tables import Frames

NAME = "csv"
NEEDS: tuple[str, ...] = ()


class _Hashed:
    """A file whose hash is known when it is written: the largest are not read again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, text: bytes) -> None:
        self._file.write(text)
        self.digest.update(text)


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    rows: Counter[str] = Counter({table.name: 0 for table in about.tables})
    paths = {table.name: folder / f"{table.name}.csv" for table in about.tables}
    with ExitStack() as opened:
        files = {name: _Hashed(opened.enter_context(path.open("wb"))) for name, path in paths.items()}
        early = {table.name: Early(table) for table in about.tables}
        for table in about.tables:
            files[table.name].write(table.header)
        for frames in parts:
            for name, told in _of(frames, files).items():
                for piece in (told if isinstance(told, Lines) else early[name].led(told)).pieces:
                    files[name].write(piece)
                rows[name] += len(told)
    about.notes += [one.late for one in early.values() if one.late]
    about.hashes.update((path, files[name].digest.hexdigest()) for name, path in paths.items())
    write_described(about, folder, {f"{table.name}.csv": table for table in about.tables})
    return dict(rows)


def _of(frames: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in frames.items() if name in files}
