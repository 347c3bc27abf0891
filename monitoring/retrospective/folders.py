"""Which research database a folder is, and what it holds as raw files, so many patients at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from monitoring.raw_files import RawFile
from monitoring.retrospective import clif_folder, meds_folder
from monitoring.retrospective.databases import Database

FORMS = {module.FORM: module for module in (clif_folder, meds_folder)}
PATIENTS_AT_ONCE = 1000


def database(folder: Path) -> Database | None:
    """None where the folder is none of them."""
    if not folder.is_dir():
        return None
    return next((told for form in FORMS.values() if (told := form.found(folder)) is not None), None)


def raws(told: Database, at_once: int = PATIENTS_AT_ONCE) -> Iterator[RawFile]:
    """Everything, of so many patients at a time. Raises SourceError."""
    patients = patients_of(told)
    if len(patients) <= at_once:
        yield from FORMS[told.form].raws(told)
        return
    with tempfile.TemporaryDirectory() as place:
        for number, part in enumerate(parted(told, patients, Path(place), at_once)):
            shown = database(part)
            if shown is not None:
                named = (replace(raw, name=f"{raw.name}/{number + 1}") for raw in FORMS[told.form].raws(shown))
                yield from named


def patients_of(told: Database) -> list[str]:
    """Everybody the database knows, in order."""
    return sorted(FORMS[told.form].whose(told).unique())


def parted(told: Database, patients: Sequence[str], place: Path, at_once: int) -> list[Path]:
    """
    The database as several of the same form below `place`, each of so many patients of those given, in their order.

    What belongs to none of them stands in the first.
    """
    part = pd.Series([number // at_once for number in range(len(patients))], index=list(patients))
    owners = FORMS[told.form].whose(told)
    of_key = {False: part, True: owners.map(part)}
    places = [place / f"{number:06d}" for number in range(int(part.max()) + 1 if len(part) else 1)]
    for folder in places:
        folder.mkdir()
        _copy_whole(told, folder)
    for table, key in told.keys.items():
        told.copied(table, of_key[key != clif_folder.PERSON], places)
    return places


def _copy_whole(told: Database, folder: Path) -> None:
    """Tables that are about codes, not about patients."""
    for table in told.tables.keys() - told.keys.keys():
        (folder / "metadata").mkdir(exist_ok=True)
        shutil.copyfile(told.tables[table][0], folder / "metadata" / f"{table}.parquet")
