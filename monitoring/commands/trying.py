"""Courses outside the store: judged as at the time, or made up."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from monitoring.commands.site import Printer, prints
from monitoring.sentences import counted

UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


class Hours(click.ParamType):
    """A span like 12h, 30m or 1d, in hours."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd]?)", str(value).strip())
        if not found or not float(found[1]):
            self.fail(f"{value!r} is no span of time; write one like 12h.", param, ctx)
        return float(found[1]) * UNITS[found[2] or "h"]


class Workers(click.ParamType):
    """A number of processes, or None for all cores."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        text = str(value).strip().casefold()
        if text != "all" and not (text.isascii() and text.isdigit() and int(text)):
            self.fail(f"{value!r} is no number of processes; write one like 2, or all.", param, ctx)
        return None if text == "all" else int(text)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--every", type=Hours(), default="12h", show_default=True, help="Time between two judgements.")
@click.option("--workers", type=Workers(), default="all", show_default=True, help="Processes that judge, or all cores.")
@click.option("--engine", type=click.Choice(["cores", "dask"]), default="cores", show_default=True, help="Who judges.")
@click.option("--scheduler", default="", metavar="ADDRESS", help="With dask: its scheduler; default: one of its own.")
@prints
def replay(printer: Printer, folder: Path, out: Path, **asked: Any) -> None:
    """
    Judge the courses recorded in DIR as they would have been judged at the time; no store is touched.

    DIR holds CSV files, HL7 messages or FHIR resources as they are taken in, tables of CLIF 2.1, or MEDS data.
    """
    from monitoring.replaying import on_cores, on_dask
    from monitoring.replaying import replay as replayed

    workers, on = asked["workers"], printer.asked
    if asked["scheduler"] and asked["engine"] != "dask":
        raise click.UsageError("--scheduler names one of Dask; add --engine dask.")
    engine = on_dask(asked["scheduler"], workers) if asked["engine"] == "dask" else on_cores(workers)
    found, counts = replayed(
        folder, out, catalog=on.catalog, settings=on.settings, every_hours=asked["every"], now=printer.as_of,
        engine=engine,
    )  # fmt: skip
    printer.rows(found.rows(), list(found.kinds.columns))
    told = f"{counted(found.patients, 'patient')}, {found.patient_days:.1f} patient-days"
    aside = counted(counts["set_aside"], "row or kind of rows", "rows or kinds of rows")
    click.echo(f"{told}, judged every {asked['every']:g} h; {aside} not read.", err=True)
    click.echo(f"Written: flags.csv, responses.csv and burden.csv in {out}.", err=True)


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
    click.echo(f"{counted(patients, 'patient')} written to {folder}.", err=True)
