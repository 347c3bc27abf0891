"""A folder of CLIF 2.1 tables: which it holds, and their rows with whose each is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from monitoring.raw_files import RawFile
from monitoring.retrospective.databases import FORMATS, Database, files_of, rows_in
from monitoring.retrospective.slices import Slice, as_raw

log = logging.getLogger(__name__)
FORM = "clif"
PREFIX = "clif_"
PERSON, STAY = "patient_id", "hospitalization_id"
STAYS = "hospitalization"
READ = {
    "patient": PERSON, STAYS: PERSON, "adt": STAY, "vitals": STAY, "labs": STAY, "labs_next": STAY,
    "medication_admin_intermittent": STAY, "medication_admin_continuous": STAY,
}  # fmt: skip
FACTS = ("medication_admin_intermittent", "medication_admin_continuous", "vitals", "labs", "labs_next")
GIVEN = ("admin_dttm", "med_category")
NEEDED = {
    STAYS: (STAY, "admission_dttm"), "adt": ("in_dttm", "location_category"),
    "vitals": ("recorded_dttm", "vital_category", "vital_value"),
    "labs": ("lab_collect_dttm", "lab_category", "lab_value"),
    "labs_next": ("lab_collect_dttm", "lab_category", "lab_value"),
    "medication_admin_intermittent": GIVEN, "medication_admin_continuous": GIVEN,
}  # fmt: skip
MEASURED = ("weight_kg", "height_cm")
VITALS = (*MEASURED, "temp_c")


def found(folder: Path) -> Database | None:
    """None where the folder holds no table of hospitalisations."""
    tables = {name: files for path in sorted(folder.iterdir()) if (name := _name(path)) and (files := files_of(path))}
    known = {name: files for name, files in tables.items() if name in READ}
    if STAYS not in known or known.keys() <= {STAYS, "patient"}:
        return None
    return Database(FORM, folder, known, {name: READ[name] for name in known})


def unread(folder: Path) -> dict[str, int]:
    """Tables of CLIF that say nothing of what is judged here, and how many rows they have."""
    tables = {name: path for path in sorted(folder.glob(f"{PREFIX}*")) if (name := _name(path)) and name not in READ}
    return {name: rows_in(files) for name, path in tables.items() if (files := files_of(path))}


def whose(database: Database) -> pd.Series:
    """Stay -> patient."""
    stays = database.frame(STAYS, [STAY, PERSON]).dropna().astype("str")
    return stays.drop_duplicates(STAY).set_index(STAY)[PERSON]


def raws(database: Database) -> Iterator[RawFile]:
    """All of the database, who the patients are first. Raises SourceError."""
    if left := unread(database.folder):
        log.info("not read: %s", ", ".join(f"{name} ({count} rows)" for name, count in left.items()))
    for table in database.tables:
        database.check(table, {database.keys[table], *NEEDED.get(table, ())})
    owners = whose(database)
    yield as_raw(_called(database, "patient"), Slice(FORM, "patients", _people(database, owners)))
    for table in FACTS:
        if database.has(table):
            yield _part(database, table, owners)


def _part(database: Database, table: str, owners: pd.Series) -> RawFile:
    """A table as one slice, since the stop of an infusion may stand far from its start."""
    rows = _owned(database, table, owners)
    aside: dict[str, int] = {}
    if table == "vitals":
        wanted = rows["vital_category"].isin(VITALS)
        aside = {str(name): int(count) for name, count in rows.loc[~wanted, "vital_category"].value_counts().items()}
        rows = rows[wanted]
    return as_raw(_called(database, table), Slice(FORM, table, rows, aside))


def _owned(database: Database, table: str, owners: pd.Series) -> pd.DataFrame:
    rows = database.frame(table)
    owner = rows[STAY].astype("str").map(owners).astype(object)
    known = owner.where(owner.notna(), "")  # a stay that nobody told of: its rows are set aside, nobody's
    return rows.drop(columns=[PERSON], errors="ignore").assign(**{PERSON: known})


def _people(database: Database, owners: pd.Series) -> pd.DataFrame:
    """One row a patient, of the newest stay: CLIF columns of several tables side by side."""
    stays = database.frame(STAYS, [PERSON, "admission_dttm", "discharge_dttm"])
    people = stays.sort_values("admission_dttm", kind="stable").drop_duplicates(PERSON, keep="last")
    people = people.assign(**{PERSON: people[PERSON].astype("str")}).set_index(PERSON)
    if database.has("patient"):
        told = database.frame("patient", [PERSON, "birth_date", "sex_category"]).dropna(subset=[PERSON])
        told = told.assign(**{PERSON: told[PERSON].astype("str")}).drop_duplicates(PERSON, keep="last")
        people = people.join(told.set_index(PERSON), how="outer")
    more = {name: _measured(database, owners, name) for name in MEASURED} if database.has("vitals") else {}
    if database.has("adt"):
        more["location_category"] = _last(database, "adt", owners, ("in_dttm", "location_category"))
    return people.join(pd.DataFrame(more)).rename_axis(PERSON).sort_index().reset_index()


def _last(database: Database, table: str, owners: pd.Series, columns: tuple[str, str]) -> pd.Series:
    """Per patient the newest that was told. `columns`: its time, and what it says."""
    at, column = columns
    rows = database.frame(table, [STAY, at, column]).dropna()
    return _newest(rows.assign(**{PERSON: rows[STAY].astype("str").map(owners)}), at, column)


def _measured(database: Database, owners: pd.Series, name: str) -> pd.Series:
    columns = [STAY, "recorded_dttm", "vital_category", "vital_value"]
    pieces = [piece.select(columns).to_pandas() for piece in database.pieces("vitals", columns)]
    told = [piece[piece["vital_category"].eq(name)] for piece in pieces]
    rows = pd.concat(told) if told else pd.DataFrame(columns=columns)
    rows = rows.assign(**{name: pd.to_numeric(rows["vital_value"], errors="coerce")})
    rows = rows[rows[name] > 0].assign(**{PERSON: rows[STAY].astype("str").map(owners)})
    return _newest(rows, "recorded_dttm", name)


def _newest(rows: pd.DataFrame, at: str, column: str) -> pd.Series:
    told = rows.sort_values(at, kind="stable").drop_duplicates(PERSON, keep="last")
    return told.dropna(subset=[PERSON]).set_index(PERSON)[column]


def _called(database: Database, table: str) -> str:
    return database.tables[table][0].name if database.has(table) else table


def _name(path: Path) -> str:
    """The table that a file or folder is; "" where it is none."""
    if path.is_file() and path.suffix.casefold() not in FORMATS:
        return ""
    return (path.stem if path.is_file() else path.name).casefold().removeprefix(PREFIX)
