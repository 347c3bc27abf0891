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
from monitoring.commands.site import Asked, asked
from monitoring.commands.stopping import stopped

if TYPE_CHECKING:
    from monitoring.commands.beginning import Begun
    from monitoring.exports.wanted import OfCohort

STDOUT = "-"
WHO = "command line"
FORMATS = ("csv", "parquet", "meds", "clif", "omop")
PARTITIONS = ("patient-bucket", "year")
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
        from monitoring.commands.beginning import begun

        found = begun(asked, out, how, told)
        count = _foremost(found)
        from monitoring.exports.crew import crew

    with stopped(), crew() if found.long else nullcontext() as started:
        with memory.loading():  # they get ready while this process does
            import monitoring.exporting  # noqa: F401
        _export(asked, out, how, found, told["cohort"], started, count)


def _foremost(found: Begun) -> int:
    """The first rows, before anything that reaches a store is loaded; how many."""
    if found.first is None:
        return 0
    from monitoring.exports.foremost import foremost

    lines, stdout = foremost(found.first, found.catalog, found.wanted), whole(sys.stdout.buffer)
    for piece in lines.pieces:
        stdout.write(piece)
    stdout.flush()
    return len(lines)


def _export(asked: Asked, out: str, how: str, found: Begun, cohort: str | None, started: Any, count: int) -> None:
    from monitoring.commands.beginning import doing
    from monitoring.commands.progress import Progress
    from monitoring.exporting import write_export, write_labs
    from monitoring.parallel import cores
    from storage.engine import open_store
    from storage.writes import record_access

    asked.catalog, asked.store = found.catalog, open_store(found.url)
    wanted = replace(found.wanted, cohort=of_cohort(asked, cohort, found.wanted.as_of) if cohort else None)
    if found.first is None:
        record_access(asked.store, datetime.now(UTC), WHO, doing(out, wanted), wanted.patients or ["*"])
    by = {"crew": started, "workers": cores()}
    with Progress("values written") as shown:
        if out == STDOUT:
            shown.add(count)
            told = found.first.patients if found.first else ()
            stdout = whole(sys.stdout.buffer)
            write_labs(asked.store, asked.catalog, wanted, stdout, progress=shown.add, begun=True, told={*told}, **by)
            return
        rows = write_export(asked.store, asked.catalog, wanted, Path(out), how, progress=shown.add, **by)
    click.echo(f"Written to {out}: " + ", ".join(f"{count} {name}" for name, count in rows.items()) + ".", err=True)


def of_cohort(asked: Asked, name: str, as_of: datetime) -> OfCohort:
    """Evaluated now; one with nobody in it is refused."""
    from monitoring.commands.cohorts import found
    from monitoring.exports.wanted import OfCohort

    told = found(asked, name, as_of)
    if not told.patients:
        raise click.UsageError(f"Nobody is in the cohort {told.cohort.called}; `maswatch cohort count` says why.")
    cohort, steps = told.cohort, tuple((step.words, step.left) for step in told.steps)
    return OfCohort(cohort.called, cohort.title, cohort.question, told.patients, steps)
