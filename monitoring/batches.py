"""
A folder of recorded courses as folders of some patients each, so that no more than one of them is in memory at a time.

Each patient is judged alone, so that the same comes out however they are divided. Many together cost less each; more
than MOST at a time cost memory and save nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.csv_columns import AUTHORITY
from monitoring.csv_header import UnreadableError, header
from monitoring.csv_marks import unmarked
from monitoring.decoding import decode
from monitoring.raw_files import csv_files
from monitoring.retrospective import folders

LEAST = 100  # fewer patients are judged in the time that another interpreter takes to start
MOST = 1000
BLOCK_BYTES = 1 << 24
WHO = "patient_id"
ODD = (b'"', b"\x00")  # a quoted cell may go over several lines; a NUL speaks of another encoding


def batches(folder: Path, place: Path, workers: int, least: int = LEAST) -> list[Path]:
    """
    Folders below `place` that together hold what `folder` holds, by patients in order. `folder` itself where there
    are few, or where what a line says may depend on other lines than its patient's.
    """
    database = folders.database(folder)
    columns = {} if database else _plain_tables(folder)
    patients = folders.patients_of(database) if database else sorted(_patients(columns))
    at_once = size(len(patients), workers, least)
    if len(patients) <= at_once:
        return [folder]
    if database:
        return folders.parted(database, patients, place, at_once)
    return _divided(folder, columns, _places(patients, at_once), place)


def size(patients: int, workers: int, least: int = LEAST) -> int:
    """How many patients a part, so that each of the workers has the same number of parts to do."""
    rounds = max(ceil(patients / (workers * MOST)), 1)
    return max(ceil(patients / (workers * rounds)), least)


def _places(patients: Sequence[str], at_once: int) -> dict[str, int]:
    return {patient: number // at_once for number, patient in enumerate(patients)}


def _plain_tables(folder: Path) -> dict[Path, int]:
    """Each file and the place of its patient's column; none at all where one of them cannot be divided by lines."""
    found = {path: _column(path) for path in csv_files(folder)}
    return {} if any(place < 0 for place in found.values()) else found


def _column(path: Path) -> int:
    """-1 where the file is not one row a line with a patient in each, in UTF-8 and with a point in numbers."""
    with path.open("rb") as file:
        first = file.readline()
    try:
        head = header(first, decode(first))
    except UnreadableError:
        return -1
    names = head.names
    if head.delimiter != "," or WHO not in names or AUTHORITY in names or not all(map(_divisible, _blocks(path))):
        return -1
    return names.index(WHO)


def _divisible(block: bytes) -> bool:
    return block.endswith((b"\n", b"\r")) and not any(mark in block for mark in ODD) and _utf8(block)


def _utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _blocks(path: Path) -> Iterator[bytes]:
    """Whole lines, many at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block + file.readline()


def _patients(columns: Mapping[Path, int]) -> set[str]:
    found: set[str] = set()
    for path, column in columns.items():
        for number, block in enumerate(_blocks(path)):
            lines = block.splitlines(keepends=True)[0 if number else 1 :]
            found.update(map(_name, {_cell(line, column) for line in lines}))
    return found - {""}


def _cell(line: bytes, column: int) -> bytes:
    cells = line.split(b",", column + 1)
    return cells[column] if len(cells) > column else b""


def _name(cell: bytes) -> str:
    """As intake reads it."""
    return unmarked(cell.decode("utf-8").removeprefix("\ufeff")).strip()


def _divided(folder: Path, columns: Mapping[Path, int], part_of: Mapping[str, int], place: Path) -> list[Path]:
    """A line of no patient goes to the first."""
    parts = [place / f"{number:06d}" for number in range(max(part_of.values()) + 1)]
    for path, column in columns.items():
        aims = [part / path.relative_to(folder) for part in parts]
        head = next(_blocks(path)).splitlines(keepends=True)[0]
        for aim in aims:
            aim.parent.mkdir(parents=True, exist_ok=True)
            aim.write_bytes(head)
        for number, block in enumerate(_blocks(path)):
            _share_out(block.splitlines(keepends=True)[0 if number else 1 :], column, part_of, aims)
    return parts


def _share_out(lines: Sequence[bytes], column: int, part_of: Mapping[str, int], aims: Sequence[Path]) -> None:
    cells, distinct = pd.factorize(np.array([_cell(line, column) for line in lines], dtype=object))
    parts = np.array([part_of.get(_name(cell), 0) for cell in distinct], dtype="int64")[cells]
    order = np.argsort(parts, kind="stable")
    edges = np.searchsorted(parts[order], np.arange(len(aims) + 1)).tolist()
    for part in np.unique(parts).tolist():
        with aims[part].open("ab") as file:
            file.writelines(_taken(lines, order[edges[part] : edges[part + 1]].tolist()))


def _taken(lines: Sequence[bytes], places: Iterable[int]) -> Iterator[bytes]:
    return (lines[place] for place in places)
