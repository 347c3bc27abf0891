"""Files as they came, before anybody reads them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path

from monitoring import csv_columns
from monitoring.csv_reading import kind_of
from monitoring.errors import SourceError
from monitoring.manifests import not_reported

log = logging.getLogger(__name__)

# What `maswatch simulate` writes beside its courses for whoever checks the answers. Nothing a ward reports.
ANSWERS = "truth.csv"
OR = "name a folder that does, or one with CLIF tables or MEDS data"
UNFINISHED = (".part", ".tmp")
ENDINGS = (".csv", ".hl7", ".json", ".ndjson", ".jsonl")
HEAD_BYTES = 65536


@dataclass(frozen=True)
class RawFile:
    """
    `name` is what origins show. `trouble`: why the content could not be had, in one sentence; it is empty then.

    `delivery`: the id under which the store keeps these bytes. `marks`: how far the source is read once they are.
    """

    name: str
    content: bytes
    trouble: str = ""
    delivery: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)


def read_paths(paths: Iterable[Path]) -> Iterator[RawFile]:
    """
    Files, and those below folders that end as a feed's do, in the order of taking in; of a folder that is a research
    database its tables. Raises SourceError first.
    """
    from monitoring.retrospective.folders import database, raws  # which makes raw files

    told = [(path, database(path)) for path in paths]
    below = {path: _below(path) for path, found in told if found is None}
    return chain.from_iterable(raws(found) if found else _read(below[path]) for path, found in told)


def _read(files: Iterable[tuple[Path, str]]) -> Iterator[RawFile]:
    return (RawFile(name, _content(path)) for path, name in files)


def csv_files(folder: Path, leave_out: Sequence[Path] = ()) -> list[Path]:
    """All files with a feed's endings below, by path; of an export what a ward had reported."""
    files = [path for path in sorted(folder.rglob("*")) if _is_input(path) and not _inside(path, leave_out)]
    ours = not_reported(files)
    return [path for path in files if path not in ours]


def by_kind(paths: Iterable[Path]) -> list[Path]:
    """Patients first, then treatments, findings, labs, then what is none of them; within a kind as they stand."""
    return sorted(paths, key=_place)


def _below(path: Path) -> list[tuple[Path, str]]:
    if path.is_dir():
        files = by_kind(csv_files(path))
        if not files:
            raise SourceError(f"{path} holds no CSV file, HL7 message or FHIR resource; {OR}.")
        return [(file, file.relative_to(path).as_posix()) for file in files]
    if not path.exists():
        raise SourceError(f"{path} cannot be read: there is no such file or folder.")
    return [(path, path.name)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None


def _is_input(path: Path) -> bool:
    name = path.name.casefold()
    if name.startswith(".") or name.endswith(UNFINISHED) or not name.endswith(ENDINGS) or not path.is_file():
        return False
    if name == ANSWERS:
        _tell(path)
        return False
    return True


@cache
def _tell(path: Path) -> None:
    """Once, however often a folder is looked through."""
    log.info("%s is left out: it holds the answers to simulated courses, nothing to take in", path)


def _inside(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _place(path: Path) -> int:
    kind = kind_of(_head(path))
    return csv_columns.KINDS.index(kind) if kind else len(csv_columns.KINDS)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""
