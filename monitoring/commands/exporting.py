"""Trajectories for research."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitoring import memory
from monitoring.commands.outlet import whole
from monitoring.commands.site import Asked, asked, moment
from monitoring.commands.stopping import stopped

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
    with memory.loading(), stopped():
        wanted = _wanted(asked, out, how, told)
        if out == STDOUT:  # before anything large is loaded
            _begin(asked, wanted)
        from monitoring.exports.crew import crew

    with stopped(), crew() if _is_long(asked, wanted) else nullcontext() as started:
        with memory.loading():  # they get ready while this process does
            import monitoring.exporting  # noqa: F401
        _export(asked, out, how, wanted, told["cohort"], started)


def _wanted(asked: Asked, out: str, how: str, told: dict[str, Any]) -> Wanted:
    """All but the key and the cohort, which want more than the options to be known."""
    from monitoring.exports.wanted import Wanted, checked

    if told["identified"]:
        _owned(asked)
    wanted = Wanted(
        as_of=_time(asked, told["as_of"]) or datetime.now(UTC),  # the cycle's clock would bring all that judges
        patients=told["patients"], analytes=_known_analytes(asked, told["analytes"]),
        start=_time(asked, told["start"]), end=_time(asked, told["end"]),
        align=checked(told["align"] or "", asked.catalog), key=None if told["identified"] else b"",
        grid_hours=told["grid_hours"], carry_hours=told["carry_hours"], versions=told["versions"], facts=told["facts"],
        partition=told["partition"] or "",
    )  # fmt: skip
    _fits(wanted, out, how)
    return wanted


def _begin(asked: Asked, wanted: Wanted) -> None:
    """The header, so that whoever reads it goes on."""
    from monitoring.exports.layouts import layout

    stdout = whole(sys.stdout.buffer)
    stdout.write(layout(asked.catalog).asked(facts=wanted.facts, versions=False)["labs"].header)
    stdout.flush()


def _is_long(asked: Asked, wanted: Wanted) -> bool:
    """Whether reading takes longer than starting processes for it; a server's store is taken for a large one."""
    if not wanted.facts or wanted.patients:
        return False
    from storage.place import bytes_at

    size = bytes_at(asked.settings.database_url)
    return size is None or size > LARGE


def _export(asked: Asked, out: str, how: str, wanted: Wanted, cohort: str | None, started: Any) -> None:
    from monitoring.commands.progress import Progress
    from monitoring.disguise import own_key
    from monitoring.exporting import write_export, write_labs
    from monitoring.parallel import cores
    from storage.writes import record_access

    identified = wanted.key is None
    wanted = replace(
        wanted,
        key=None if identified else own_key(asked.settings.data_dir),
        cohort=of_cohort(asked, cohort, wanted.as_of) if cohort else None,
    )
    what = f"export {out}" + (" with names" if identified else "")
    record_access(asked.store, datetime.now(UTC), "command line", what, wanted.patients or ["*"])
    by = {"crew": started, "workers": cores()}
    with Progress("values written") as shown:
        if out == STDOUT:
            stdout = whole(sys.stdout.buffer)
            write_labs(asked.store, asked.catalog, wanted, stdout, progress=shown.add, begun=True, **by)
            return
        rows = write_export(asked.store, asked.catalog, wanted, Path(out), how, progress=shown.add, **by)
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
