"""A folder of MEDS data: events in data/, what their codes mean in metadata/, and their rows with whose each is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.raw_files import RawFile
from monitoring.retrospective.databases import Database, distinct, files_of
from monitoring.retrospective.slices import Slice, as_raw
from monitoring.retrospective.texts import said_as

FORM = "meds"
EVENTS, CODES, NAMES = "data", "codes", "subjects"
SUBJECT, PERSON = "subject_id", "patient_id"
NEEDED = {SUBJECT, "time", "code"}
COLUMNS = (SUBJECT, "time", "code", "numeric_value", "text_value")


def found(folder: Path) -> Database | None:
    """None where the folder holds no events."""
    events = files_of(folder / EVENTS) if (folder / EVENTS).is_dir() else ()
    if not events or not _has_events(events[0]):
        return None
    tables = {EVENTS: events}
    for name in (CODES, NAMES):
        if (path := folder / "metadata" / f"{name}.parquet").is_file():
            tables[name] = (path,)
    return Database(FORM, folder, tables, {EVENTS: SUBJECT})


def raws(database: Database) -> Iterator[RawFile]:
    """All events as one slice. Raises SourceError."""
    rows = database.frame(EVENTS, COLUMNS)
    numbers = rows[SUBJECT].astype("str")
    owner = said_as(numbers, _names(database))
    words = {code: parents for code, parents in _parents(database).items() if parents}
    used = {code: words[code] for code in rows["code"].dropna().unique() if code in words}
    yield as_raw(database.tables[EVENTS][0].name, Slice(FORM, EVENTS, rows.assign(**{PERSON: owner}), words=used))


def _has_events(file: Path) -> bool:
    from pyarrow import parquet as pq  # only here: every folder is asked whether it is a research database

    try:
        return set(pq.read_schema(file).names) >= NEEDED
    except (pa.ArrowInvalid, OSError):
        return False


def _names(database: Database) -> Mapping[str, str]:
    """Number -> the patient it stands for, where the folder says so: our own exports of named patients do."""
    if not database.has(NAMES):
        return {}
    told = database.frame(NAMES, [SUBJECT, PERSON]).dropna()
    return dict(zip(told[SUBJECT].astype("str"), told[PERSON].astype("str"), strict=True))


def _parents(database: Database) -> Mapping[str, list[str]]:
    if not database.has(CODES):
        return {}
    told = database.frame(CODES, ["code", "parent_codes"])
    return {code: [str(one) for one in _listed(parents)] for code, parents in told.to_numpy().tolist()}


def _listed(parents: object) -> list[object]:
    return list(parents) if hasattr(parents, "__iter__") and not isinstance(parents, str) else []


def whose(database: Database) -> pd.Series:
    """Subject -> the same: a subject is a patient."""
    subjects = distinct(database, EVENTS)
    return pd.Series(subjects, index=subjects, dtype="str")
