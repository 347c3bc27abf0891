"""One CSV file a table: UTF-8, commas, times ISO 8601 in UTC; taken in again by `maswatch ingest`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from monitoring.exports.about import About
from monitoring.exports.cells import as_text
from monitoring.exports.package import write_dictionary, write_package
from monitoring.exports.tables import Frames

NAME = "csv"


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    rows: Counter[str] = Counter()
    paths = {table.name: folder / f"{table.name}.csv" for table in about.tables}
    for place, frames in enumerate(parts):
        for name, path in paths.items():
            text = as_text(frames[name])
            text.to_csv(path, index=False, mode="a", header=place == 0, lineterminator="\n", encoding="utf-8")
            rows[name] += len(text)
    write_dictionary(about, folder)
    write_package(about, folder, {f"{table.name}.csv": table for table in about.tables})
    return dict(rows)
