"""
A drop folder of CSV files. A file is taken once nobody writes to it any more.

It then moves to `done/`, or stays untouched; a file that stays is given again only when it has changed, or to the
next process.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from monitoring.decoding import known_encoding
from monitoring.errors import IntakeError, SettingsError, SourceError
from monitoring.feed_health import span
from monitoring.raw_files import RawFile, by_kind, csv_files
from monitoring.sentences import counted
from monitoring.settings import SourceSettings
from monitoring.sieve import OwnName
from monitoring.terms import Catalog

KIND = "csv"
DONE = "done"

log = logging.getLogger(__name__)

State = tuple[int, int, int, int]  # what changes when a file is written or another is put in its place


@dataclass
class CsvFolder:
    """See SourceSettings. `wait` sleeps for so many seconds."""

    name: str
    folder: Path
    move: bool
    settle_seconds: float
    wait: Callable[[float], None] = time.sleep
    given: dict[str, State] = field(default_factory=dict)
    finished: dict[str, State] = field(default_factory=dict)

    def fetch(self, now: datetime) -> Iterator[RawFile]:
        """Complete files, patients first, the older first within a kind."""
        if not self.folder.is_dir():
            raise SourceError(
                f"source {self.name}: the folder {self.folder} does not exist; make it, or mend its path."
            )
        states = {path: state for path in csv_files(self.folder, [self.folder / DONE]) if (state := _state(path))}
        news = {path: state for path, state in states.items() if self.finished.get(self._name(path)) != state}
        complete = self._complete(news, now)
        for path in by_kind(sorted(complete, key=lambda path: news[path][0])):
            raw = self._read(path, news[path])
            if raw is not None:
                yield raw

    def done(self, raw: RawFile) -> None:
        state = self.given.get(raw.name)
        path = self.folder / raw.name
        if raw.trouble or state is None or _state(path) != state:
            return  # written anew in the meantime: that is another delivery
        if self.move:
            _moved(path, self.folder / DONE / raw.name, self.name)
        else:
            self.finished[raw.name] = state

    def _complete(self, states: dict[Path, State], now: datetime) -> list[Path]:
        """Those untouched for long enough. A young one gets that long; a clock that runs ahead makes it look young."""
        oldest = now.timestamp() - self.settle_seconds
        young = {path for path, (changed, *_) in states.items() if changed / 1e9 > oldest}
        if young:
            self.wait(self.settle_seconds)
        return [path for path, state in states.items() if path not in young or _state(path) == state]

    def _read(self, path: Path, settled: State) -> RawFile | None:
        name = self._name(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            return RawFile(name, b"", f"The file could not be opened: {error.strerror}.") if path.exists() else None
        if _state(path) != settled:
            log.info("%s: still being written, left for the next time", name)
            return None
        self.given[name] = settled
        return RawFile(name, content)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def open_source(told: SourceSettings) -> CsvFolder:
    if told.path is None:
        raise SettingsError(f"source {told.name}: a csv source needs the path of its folder.")
    try:
        known_encoding(told.encoding)
    except IntakeError as error:
        raise SettingsError(f"source {told.name}: {error}") from None
    return CsvFolder(told.name, told.path, told.after == "move", told.settle_seconds)


def tried(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName]) -> list[str]:
    """What is in the folder, in one sentence; none is read. Raises SourceError where it cannot be looked at."""
    folder = told.path
    if folder is None or not folder.is_dir():
        raise SourceError(f"source {told.name}: the folder {folder} does not exist; make it, or mend its path.")
    moving = told.after == "move"
    if not os.access(folder, os.R_OK | os.X_OK | (os.W_OK if moving else 0)):
        wanted = "read and written, since files are moved when they are done with" if moving else "read"
        raise SourceError(f"source {told.name}: the folder {folder} may not be {wanted}; mend its permissions.")
    found = {path: state for path in csv_files(folder, [folder / DONE]) if (state := _state(path))}
    if closed := sum(not _opens(path) for path in found):
        held = f"{closed} of the {counted(len(found), 'file')} in {folder} cannot be opened"
        raise SourceError(f"source {told.name}: {held}; let whoever runs maswatch read what is put there.")
    states = list(found.values())
    if not states:
        return [f"{folder} can be read and holds no file."]
    hours = max(0.0, now.timestamp() - max(changed for changed, *_ in states) / 1e9) / 3600
    files = counted(len(states), "file")
    return [f"{folder} holds {files}, the newest written {span(hours)} ago."]


def _state(path: Path) -> State | None:
    """None where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _opens(path: Path) -> bool:
    """Whoever left it may have kept it to themselves; a file that is gone meanwhile was taken in."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _moved(path: Path, aim: Path, source: str) -> None:
    """Into done/, beside an earlier file of the same name, never over it."""
    free = aim
    count = 1
    while free.exists():
        free = aim.with_name(f"{aim.stem}.{count}{aim.suffix}")
        count += 1
    try:
        free.parent.mkdir(parents=True, exist_ok=True)
        path.rename(free)
    except OSError as error:
        raise SourceError(f"source {source}: {path} is taken in but cannot be moved: {error.strerror}.") from None
