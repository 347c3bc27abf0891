"""Trajectories for research."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitoring import memory
from monitoring.commands.outlet import whole
from monitoring.commands.site import Asked, asked, moment

if TYPE_CHECKING:
    from monitoring.exports.wanted import OfCohort, Wanted

STDOUT = "-"
FORMATS = ("csv", "parquet", "meds", "clif", "omop")
PARTITIONS = ("patient-bucket", "year")
LARGE = 16 << 20  # bytes of a store that holds some ten thousands of values
HOURS = click.FloatRange(min=1, max=720)


@click.command()
@click.argument("out", metavar="OUT")
@click.option("--format", "how", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@click.option("--patient", "patients", multiple=True, metavar="ID", help="Only this one; may be repeated.")
@click.option("--analyte", "analytes", multiple=True, metavar="CODE", help="Only this one; may be repeated.")
@click.option("--from", "start", metavar="TIME", help="Collected then or later.")
@click.option("--to", "end", metavar="TIME", help="Collected then or earlier.")
@click.option(
    "--align", metavar="WHAT", help="Hour 0: steroid, first, admission, line:2 or flag:CODE; others left out."
)
@click.option("--cohort", "cohort", metavar="NAME", help="Only patients of a saved NAME[@VERSION] or a cohort file.")
@click.option("--grid", "grid_hours", type=HOURS, help="Hours between panel rows; default: the catalog's.")
@click.option("--carry", "carry_hours", type=HOURS, help="Hours a value is carried; default: the catalog's.")
@click.option("--versions", is_flag=True, help="Also every version of every value, with when it became known.")
@click.option("--facts", is_flag=True, help="What was reported and given alone, nothing judged; for millions of rows.")
@click.option("--partition", type=click.Choice(PARTITIONS), help="Parquet in folders, for cluster engines.")
@click.option("--identified", is_flag=True, help="With the hospital's identifiers and true dates.")
@click.option("--as-of", "as_of", metavar="TIME", help="As it was known then; default: now.")
@asked
def export(asked: Asked, out: str, how: str, **told: Any) -> None:
    """Write courses into the folder OUT, or the labs to stdout for "-"; pseudonymous, dates shifted."""
    with memory.loading():
        from monitoring.exports.crew import crew

        is_long = _is_long(asked, told)
    with crew() if is_long else nullcontext() as started:  # first: they get ready while this process does
        with memory.loading():
            _brought()
        _export(asked, out, how, told | {"crew": started})


def _brought() -> None:
    """What an export needs, which is most of the time in which a small one is made."""
    import monitoring.exporting  # noqa: F401


def _is_long(asked: Asked, told: dict[str, Any]) -> bool:
    """Whether reading takes longer than starting processes for it; a server's store is taken for a large one."""
    from storage.place import bytes_at

    size = bytes_at(asked.settings.database_url)
    return told["facts"] and not told["patients"] and (size is None or size > LARGE)


def _export(asked: Asked, out: str, how: str, told: dict[str, Any]) -> None:
    from monitoring.commands.progress import Progress
    from monitoring.disguise import own_key
    from monitoring.exporting import Wanted, write_export, write_labs
    from monitoring.exports.alignment import checked
    from storage.writes import record_access

    now, settings = datetime.now(UTC), asked.settings  # the cycle's clock would bring all that judges
    as_of = _time(asked, told["as_of"]) or now
    known = _known_analytes(asked, told["analytes"])
    if told["identified"]:
        _owned(asked)
    align = checked(told["align"] or "", asked.catalog)
    wanted = Wanted(
        as_of=as_of, patients=told["patients"], analytes=known,
        start=_time(asked, told["start"]), end=_time(asked, told["end"]), align=align,
        key=None if told["identified"] else own_key(settings.data_dir), grid_hours=told["grid_hours"],
        carry_hours=told["carry_hours"], versions=told["versions"], facts=told["facts"],
        partition=told["partition"] or "", cohort=of_cohort(asked, told["cohort"], as_of) if told["cohort"] else None,
    )  # fmt: skip
    _fits(wanted, out, how)
    what = f"export {out}" + (" with names" if told["identified"] else "")
    record_access(asked.store, now, "command line", what, told["patients"] or ["*"])
    with Progress("values written") as shown:
        if out == STDOUT:
            stdout = whole(sys.stdout.buffer)
            write_labs(asked.store, asked.catalog, wanted, stdout, progress=shown.add, crew=told["crew"])
            return
        rows = write_export(asked.store, asked.catalog, wanted, Path(out), how, progress=shown.add, crew=told["crew"])
    click.echo(f"Written to {out}: " + ", ".join(f"{count} {name}" for name, count in rows.items()) + ".", err=True)


def _fits(wanted: Wanted, out: str, how: str) -> None:
    """Whether what was asked for goes together."""
    if wanted.facts and wanted.align not in ("", "first"):
        raise click.UsageError("--align rests on judgements, and --facts leaves them out; use one of the two.")
    if wanted.partition and how != "parquet":
        raise click.UsageError("--partition splits Parquet files: add --format parquet.")
    if out == STDOUT and how != FORMATS[0]:
        raise click.UsageError(f"{STDOUT} takes the laboratory values as csv; for {how} name a folder.")
    if wanted.start and wanted.end and wanted.start > wanted.end:
        raise click.UsageError("--from lies after --to.")


def _owned(asked: Asked) -> None:
    """Names go to whoever owns the data folder; others need the dashboard, where a person's role is known."""
    import os

    folder = asked.settings.data_dir
    if hasattr(os, "getuid") and folder.exists() and os.getuid() not in (0, folder.stat().st_uid):
        raise click.UsageError(
            f"--identified is for the owner of {folder}; ask them, or an admin on the Research view."
        )


def of_cohort(asked: Asked, name: str, as_of: datetime) -> OfCohort:
    """Evaluated now; one with nobody in it is refused."""
    from monitoring.commands.cohorts import found
    from monitoring.exports.wanted import OfCohort

    told = found(asked, name, as_of)
    if not told.patients:
        raise click.UsageError(f"Nobody is in the cohort {told.cohort.called}; `maswatch cohort count` says why.")
    cohort, steps = told.cohort, tuple((step.words, step.left) for step in told.steps)
    return OfCohort(cohort.called, cohort.title, cohort.question, told.patients, steps)


def _time(asked: Asked, text: str | None) -> datetime | None:
    return moment(text, asked) if text else None


def _known_analytes(asked: Asked, told: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in told if name not in asked.catalog.analytes]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is no analyte code; there are {', '.join(asked.catalog.analytes)}.")
    return told
