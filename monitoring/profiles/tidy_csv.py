"""One CSV file a table: UTF-8, commas, times ISO 8601 in UTC; taken in again by `maswatch ingest`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from monitoring.exports.about import About
from monitoring.exports.lines import csv_text, header
from monitoring.exports.package import write_described
from monitoring.exports.tables import Frames

NAME = "csv"


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    rows: Counter[str] = Counter({table.name: 0 for table in about.tables})
    with ExitStack() as opened:
        files = {}
        for table in about.tables:
            files[table.name] = opened.enter_context((folder / f"{table.name}.csv").open("wb"))
            files[table.name].write(header(table.names))
        for frames in parts:
            for name, told in _of(frames, files).items():
                files[name].write(csv_text(told))
                rows[name] += len(told)
    write_described(about, folder, {f"{table.name}.csv": table for table in about.tables})
    return dict(rows)


def _of(frames: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in frames.items() if name in files}
