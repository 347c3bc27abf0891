"""Trajectories for research: the rows of the screen, tidy, pseudonymous and date-shifted unless asked otherwise."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

import pandas as pd

from monitoring.disguise import pseudonyms
from monitoring.errors import ExportError
from monitoring.exports import about as provenance
from monitoring.exports import judging
from monitoring.exports.about import About, write_about
from monitoring.exports.anonymity import Groups, write_privacy
from monitoring.exports.cells import as_cells
from monitoring.exports.early import Early
from monitoring.exports.facts import Crew, fact_parts, labs_parts
from monitoring.exports.fields import layout
from monitoring.exports.lines import Lines
from monitoring.exports.making import FRAMES, Order
from monitoring.exports.reading import ARROW, LINES
from monitoring.exports.sizing import FIRST
from monitoring.exports.tables import Frames
from monitoring.exports.wanted import Wanted
from monitoring.profiles import profiles
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import Store

__all__ = ["Wanted", "exported", "labs_table", "write_export", "write_labs", "write_parts"]

Progress = Callable[[int], None]
FORMS = {"csv": LINES, "parquet": ARROW}


def unheard(rows: int) -> None:
    """Nobody asks how far it is."""


def exported(store: Store, catalog: Catalog, wanted: Wanted, only: Collection[str] = ()) -> Iterator[Frames]:
    """
    The tables of some patients at a time, columns and types as knowledge/export.toml names them; moments are moments.
    `only`: "patients" and those wanted beside it; empty: all.

    In the order of the identifiers, or of the pseudonyms where nobody is named: their own order would tell.
    """
    return judging.parts(store, Order(catalog, wanted, tuple(only)), _chosen(store, wanted), workers=1)


def write_export(
    store: Store, catalog: Catalog, wanted: Wanted, folder: Path, how: str, *, progress: Progress = unheard,
    crew: Crew | None = None, workers: int = 1,
) -> dict[str, int]:  # fmt: skip
    """
    The files of one profile, with what goes with them; rows by table. An earlier export in `folder` is replaced.
    `progress` is told how many laboratory values each part has; `crew`: reading processes that were started already;
    `workers`: how many processes judge, where there are patients enough.

    Raises ExportError where the folder holds anything else.
    """
    _emptied(folder)
    try:
        parts = _heard(_asked(store, catalog, wanted, how, (crew, workers)), progress)
        return write_parts(parts, folder, About(wanted, catalog, how))
    except BaseException as error:
        # half an export helps nobody, and may name people; all that lies there was written just now
        for path in provenance.written(folder):
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise ExportError(f"There is no space left for {folder}: free some, or choose another place.") from None
        raise


def _asked(store: Store, catalog: Catalog, wanted: Wanted, how: str, by: tuple[Crew | None, int]) -> Iterator[Frames]:
    form, (crew, workers) = FORMS.get(how), by
    if not wanted.facts:
        order = Order(catalog, wanted, profiles()[how].NEEDS, form or FRAMES)
        return judging.parts(store, order, _chosen(store, wanted), workers=workers)
    if form is None:
        raise ExportError(f"Facts alone are written as csv or parquet; {how} also tells what was judged.")
    return fact_parts(store, catalog, wanted, _chosen(store, wanted), form=form, crew=crew)


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
    parts = [as_cells(frames["labs"]) for frames in exported(store, catalog, wanted, ("labs",))]
    return pd.concat(parts, ignore_index=True)


def write_labs(
    store: Store, catalog: Catalog, wanted: Wanted, out: IO[bytes], *, progress: Progress = unheard,
    crew: Crew | None = None, workers: int = 1, begun: bool = False, told: Collection[str] = (),
) -> int:  # fmt: skip
    """
    The labs as CSV, part by part and from the first second; the number of rows. `begun`: the header stands there;
    `told`: and the rows of these, who are the first (monitoring.exports.foremost).
    """
    table = layout(catalog).asked(facts=wanted.facts, versions=False)["labs"]
    early = Early(table)
    if not begun:
        out.write(table.header)
        out.flush()
    rows = 0
    for frames in _heard(_labs(store, catalog, wanted, told, (crew, workers)), progress):
        lines = frames["labs"]
        for piece in (lines if isinstance(lines, Lines) else early.led(lines)).pieces:
            out.write(piece)
        out.flush()
        rows += len(lines)
    return rows


def _labs(
    store: Store, catalog: Catalog, wanted: Wanted, told: Collection[str], by: tuple[Crew | None, int]
) -> Iterator[Frames]:
    """The first of them as soon as can be."""
    (crew, workers), leads = by, not told
    chosen = [patient for patient in _chosen(store, wanted) if patient not in told]
    if told and not chosen:
        return iter(())
    if wanted.facts:
        return labs_parts(store, catalog, wanted, chosen, crew, leads)
    order = Order(catalog, wanted, ("labs",), LINES)
    return judging.parts(store, order, chosen, workers=workers, first=FIRST if leads else 0, leads=leads)


def _heard(parts: Iterable[Frames], progress: Progress) -> Iterator[Frames]:
    for frames in parts:
        yield frames
        progress(len(frames.get("labs", ())))


def _chosen(store: Store, wanted: Wanted) -> list[str]:
    """Patients in the order of the export."""
    known = queries.names(store, as_of=wanted.as_of)
    asked = _read_under(store, wanted)
    chosen = [patient for patient in known if not asked or patient in asked]
    if wanted.cohort is not None:
        inside = set(wanted.cohort.patients)
        chosen = [patient for patient in chosen if patient in inside]
    if wanted.key is not None:
        chosen.sort(key=pseudonyms(chosen, wanted.key).__getitem__)
    return chosen


def _read_under(store: Store, wanted: Wanted) -> set[str]:
    """Those asked for by any of their identifiers."""
    if not wanted.patients:
        return set()
    into = merges.merged(store, as_of=wanted.as_of).into
    return {into.get(name, name) for name in wanted.patients}
