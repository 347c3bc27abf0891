"""Trajectories for research."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from monitoring.commands.site import Asked, asked, moment

STDOUT = "-"
FORMATS = ("csv", "parquet", "meds", "clif", "omop")
HOURS = click.FloatRange(min=1, max=720)


@click.command()
@click.argument("out", metavar="OUT")
@click.option("--format", "how", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@click.option("--patient", "patients", multiple=True, metavar="ID", help="Only this one; may be repeated.")
@click.option("--analyte", "analytes", multiple=True, metavar="CODE", help="Only this one; may be repeated.")
@click.option("--from", "start", metavar="TIME", help="Collected then or later.")
@click.option("--to", "end", metavar="TIME", help="Collected then or earlier.")
@click.option("--align", type=click.Choice(["steroid", "first"]), help="Only what has hours since that.")
@click.option("--grid", "grid_hours", type=HOURS, default=12.0, show_default=True, help="Hours between panel rows.")
@click.option("--carry", "carry_hours", type=HOURS, default=24.0, show_default=True, help="Hours a value is carried.")
@click.option("--versions", is_flag=True, help="Also every version of every value, with when it became known.")
@click.option("--identified", is_flag=True, help="With the hospital's identifiers and true dates.")
@click.option("--as-of", "as_of", metavar="TIME", help="As it was known then; default: now.")
@asked
def export(asked: Asked, out: str, how: str, **told: Any) -> None:
    """Write courses into the folder OUT, or the labs to stdout for "-"; pseudonymous, dates shifted."""
    from monitoring.cycle import wall_clock
    from monitoring.disguise import own_key
    from monitoring.exporting import Wanted, write_export, write_labs
    from storage.writes import record_access

    now, settings = wall_clock(), asked.settings
    known = _known_analytes(asked, told["analytes"])
    wanted = Wanted(
        as_of=_time(asked, told["as_of"]) or now, patients=told["patients"], analytes=known,
        start=_time(asked, told["start"]), end=_time(asked, told["end"]), align=told["align"] or "",
        key=None if told["identified"] else own_key(settings.data_dir), grid_hours=told["grid_hours"],
        carry_hours=told["carry_hours"], versions=told["versions"],
    )  # fmt: skip
    if wanted.start and wanted.end and wanted.start > wanted.end:
        raise click.UsageError("--from lies after --to.")
    record_access(asked.store, now, "command line", f"export {out}", told["patients"] or ["*"])
    if out == STDOUT:
        if how != FORMATS[0]:
            raise click.UsageError(f"{STDOUT} takes the laboratory values as csv; for {how} name a folder.")
        write_labs(asked.store, asked.catalog, wanted, sys.stdout)
        return
    rows = write_export(asked.store, asked.catalog, wanted, Path(out), how)
    click.echo(f"Written to {out}: " + ", ".join(f"{count} {name}" for name, count in rows.items()) + ".", err=True)


def _time(asked: Asked, text: str | None) -> datetime | None:
    return moment(text, asked) if text else None


def _known_analytes(asked: Asked, told: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in told if name not in asked.catalog.analytes]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is no analyte code; there are {', '.join(asked.catalog.analytes)}.")
    return told
