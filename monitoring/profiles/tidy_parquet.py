"""
One Parquet file a table, a row group a part: typed, so that nothing needs to be told to whoever reads it.

Or a folder a table, split by a hash of the patient or by year as cluster engines expect it: `labs/bucket=03/0.parquet`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from monitoring.exports.about import About
from monitoring.exports.fields import as_arrow
from monitoring.exports.package import write_described
from monitoring.exports.splitting import Files
from monitoring.exports.tables import Frames

NAME = "parquet"
NEEDS: tuple[str, ...] = ()


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    rows: Counter[str] = Counter({table.name: 0 for table in about.tables})
    with ExitStack() as opened:
        files = {
            table.name: opened.enter_context(Files(table, folder, about.wanted.partition)) for table in about.tables
        }
        for frames in parts:
            for name in frames.keys() & files.keys():
                files[name].write(as_arrow(frames[name], files[name].table))
                rows[name] += len(frames[name])
    write_described(about, folder, {path: one.table for one in files.values() for path in one.paths})
    return dict(rows)
