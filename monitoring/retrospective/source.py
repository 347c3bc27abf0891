"""A folder with a research database as a feed: given once, and again when any of its files has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from monitoring.errors import SettingsError, SourceError
from monitoring.raw_files import RawFile
from monitoring.retrospective import folders
from monitoring.retrospective.databases import Database
from monitoring.sentences import counted
from monitoring.settings import SourceSettings

State = tuple[tuple[str, int, int], ...]


@dataclass
class ResearchFolder:
    """`given`: the state that was given out, `finished`: the one of which everything is stored."""

    name: str
    form: str
    folder: Path
    left: set[str] = field(default_factory=set)
    given: State = ()
    finished: State = ()

    def fetch(self, now: datetime) -> Iterator[RawFile]:
        """Patients first, table by table. Raises SourceError."""
        database = opened(self.name, self.form, self.folder)
        state = _state(database)
        if state == self.finished:
            return
        self.left = set()
        for raw in folders.raws(database):
            self.left.add(raw.name)
            yield raw
        self.given = state
        self._close()

    def done(self, raw: RawFile) -> None:
        self.left.discard(raw.name)
        self._close()

    def _close(self) -> None:
        if self.given and not self.left:
            self.finished = self.given


def open_folder(told: SourceSettings, form: str) -> ResearchFolder:
    if told.path is None:
        raise SettingsError(f"source {told.name}: a {form} source needs the path of its folder.")
    return ResearchFolder(told.name, form, told.path)


def try_folder(told: SourceSettings, form: str) -> list[str]:
    """What is in the folder, in one sentence; nothing is stored. Raises SourceError where it cannot be read."""
    database = opened(told.name, form, told.path or Path())
    tables = ", ".join(sorted(database.tables))
    return [f"{told.path} holds {form.upper()} of {counted(len(folders.patients_of(database)), 'patient')}: {tables}."]


def opened(name: str, form: str, folder: Path) -> Database:
    """Raises SourceError."""
    if not folder.is_dir():
        raise SourceError(f"source {name}: the folder {folder} does not exist; make it, or mend its path.")
    found = folders.FORMS[form].found(folder)
    if found is None:
        raise SourceError(f"source {name}: {folder} holds no {form.upper()} tables; {NEEDED[form]}.")
    return found


NEEDED = {
    "clif": "there must be clif_hospitalization and one of labs, vitals and medications, as Parquet or CSV",
    "meds": "there must be Parquet files below data with the columns subject_id, time and code",
}


def _state(database: Database) -> State:
    files = [file for files in database.tables.values() for file in files]
    return tuple(sorted((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files))
