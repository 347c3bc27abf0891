"""Courses outside the store: judged as at the time, or made up."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click

from monitoring.commands.site import Asked, asked

UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


class Hours(click.ParamType):
    """A span like 12h, 30m or 1d, in hours."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd]?)", str(value).strip())
        if not found or not float(found[1]):
            self.fail(f"{value!r} is no span of time; write one like 12h.", param, ctx)
        return float(found[1]) * UNITS[found[2] or "h"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--every", type=Hours(), default="12h", show_default=True, help="Time between two judgements.")
@asked
def replay(asked: Asked, folder: Path, out: Path, every: float) -> None:
    """Judge the courses recorded in DIR as they would have been judged at the time; no store is touched."""
    from monitoring.cycle import wall_clock
    from monitoring.replaying import replay as replayed

    found, counts = replayed(
        folder, out, catalog=asked.catalog, settings=asked.settings, every_hours=every, now=wall_clock()
    )
    told = f"{found.patients} patients judged {found.steps} times, {counts['set_aside']} rows not readable"
    click.echo(f"{told}; written: {out / 'flags.csv'} and {out / 'responses.csv'}.", err=True)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--patients", type=click.IntRange(1), default=30, show_default=True)
@click.option("--days", type=click.IntRange(1), default=7, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same ward.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="Day of the first draws, at 06:00 UTC.")
def simulate(folder: Path, patients: int, days: int, seed: int, start: datetime | None) -> None:
    """Write believable courses in the CSV contract into DIR, with truth.csv."""
    from monitoring.simulate import DEFAULT_START
    from monitoring.simulate import simulate as simulated

    first = DEFAULT_START if start is None else datetime.combine(start, DEFAULT_START.timetz())
    simulated(folder, patients=patients, days=days, seed=seed, start=first)
    click.echo(f"{patients} patients written to {folder}.", err=True)
