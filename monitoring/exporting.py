"""Trajectories for research: the rows of the screen, tidy, pseudonymous and date-shifted unless asked otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import pandas as pd

from monitoring.disguise import pseudonyms
from monitoring.errors import ExportError
from monitoring.exports import about as provenance
from monitoring.exports.about import About, write_about
from monitoring.exports.anonymity import Groups, write_privacy
from monitoring.exports.cells import as_text
from monitoring.exports.fields import cast, layout
from monitoring.exports.hiding import hidden, plain
from monitoring.exports.tables import Frames, tables
from monitoring.exports.wanted import Wanted
from monitoring.profiles import profiles
from monitoring.state import state, told
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import Store

__all__ = ["Wanted", "exported", "labs_table", "write_export", "write_labs", "write_parts"]

AT_ONCE = 150  # patients judged together: memory stays the same however many there are


def exported(store: Store, catalog: Catalog, wanted: Wanted) -> Iterator[Frames]:
    """
    The tables of some patients at a time, columns and types as knowledge/export.toml names them; moments are moments.

    In the order of the identifiers, or of the pseudonyms where nobody is named: their own order would tell.
    """
    for part in _parts(store, wanted):
        yield _tables(store, catalog, wanted, part)


def _tables(store: Store, catalog: Catalog, wanted: Wanted, part: list[str]) -> Frames:
    """A function of its own, so that nothing of a part is held while the next one is judged."""
    laid = layout(catalog)
    ward = state(store, catalog, as_of=wanted.as_of, patients=part)
    versions = told(store, as_of=wanted.as_of, patients=part) if wanted.versions else None
    frames = tables(ward, versions, wanted)
    shown = plain(frames, laid) if wanted.key is None else hidden(frames, laid, wanted.key, wanted.as_of)
    return {name: cast(frame, laid.tables[name]) for name, frame in shown.items()}


def write_export(store: Store, catalog: Catalog, wanted: Wanted, folder: Path, how: str) -> dict[str, int]:
    """
    The files of one profile, with what goes with them; rows by table. An earlier export in `folder` is replaced.

    Raises ExportError where the folder holds anything else.
    """
    _emptied(folder)
    try:
        return write_parts(exported(store, catalog, wanted), folder, About(wanted, catalog, how))
    except BaseException:  # half an export helps nobody, and may name people; all that lies there was written just now
        for path in provenance.written(folder):
            path.unlink(missing_ok=True)
        raise


def write_parts(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    """The same of tables that were read already, into an empty folder."""
    groups = Groups(about.layout.settings["quasi_identifiers"])
    rows = profiles()[about.profile].write(groups.seen(parts), folder, about)
    if about.wanted.versions and "labs_versions" not in rows:
        about.notes.append("Versions were asked for; of the formats csv and parquet alone tell them.")
    if not about.identified:
        write_privacy(groups, about, folder)
    write_about(about, folder, rows)
    return rows


def _emptied(folder: Path) -> None:
    """Only what the earlier export lists is removed."""
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for path in provenance.earlier(folder):
        path.unlink(missing_ok=True)
    if any(path.is_file() for path in folder.rglob("*")):
        raise ExportError(f"{folder} holds files that are no earlier export; name an empty folder or a new one.")


def labs_table(store: Store, catalog: Catalog, wanted: Wanted) -> pd.DataFrame:
    """All values at once as text and numbers, for the preview and download of a screen."""
    parts = [as_text(frames["labs"]) for frames in exported(store, catalog, wanted)]
    return pd.concat(parts, ignore_index=True)


def write_labs(store: Store, catalog: Catalog, wanted: Wanted, out: IO[str]) -> int:
    """The labs as CSV, part by part; the number of rows."""
    rows = 0
    for place, frames in enumerate(exported(store, catalog, wanted)):
        as_text(frames["labs"]).to_csv(out, index=False, header=place == 0, lineterminator="\n")
        rows += len(frames["labs"])
    return rows


def _parts(store: Store, wanted: Wanted) -> Iterator[list[str]]:
    """At least one part, so that every table has its columns also when nobody is in it."""
    known = queries.patients(store, as_of=wanted.as_of)["patient_id"].sort_values().tolist()
    into = merges.merged(store, as_of=wanted.as_of).into
    asked = {into.get(name, name) for name in wanted.patients}
    chosen = [patient for patient in known if not asked or patient in asked]
    if wanted.key is not None:
        chosen.sort(key=pseudonyms(chosen, wanted.key).__getitem__)
    for first in range(0, max(len(chosen), 1), AT_ONCE):
        yield chosen[first : first + AT_ONCE]
