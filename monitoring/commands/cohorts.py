"""Cohorts: a question to the store, saved under a name and a version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Asked, Printer, asked, prints

if TYPE_CHECKING:
    from monitoring.cohorts import Members

HERE = "command line"
COLUMNS = ["name", "version", "title", "at", "by"]


@click.group()
def cohort() -> None:
    """Patients by context, drug, line, flag, response, score, days, completeness, sex or age."""


@cohort.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", default=HERE, show_default=True, help="Who asks.")
@asked
def save(asked: Asked, file: Path, by: str) -> None:
    """Keep the question of a cohort file under its name and version; what is saved is never changed."""
    from monitoring import cohorts
    from monitoring.clock import wall_clock
    from monitoring.cohort_file import read_cohort

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"{file} cannot be read as a text file in UTF-8.") from None
    told = read_cohort(text, asked.catalog, asked.settings.zone)
    new = cohorts.save(asked.store, told, at=wall_clock(), by=by)
    click.echo(f"{told.called} {'is saved' if new else 'was saved before, with the same question'}.", err=True)


@cohort.command("list")
@prints
def listing(printer: Printer) -> None:
    """What is saved."""
    from storage.cohorts import cohorts

    told = cohorts(printer.asked.store, as_of=printer.as_of)
    printer.rows(told[COLUMNS].to_dict("records"), COLUMNS)


@cohort.command()
@click.argument("name")
@prints
def show(printer: Printer, name: str) -> None:
    """The question of NAME, NAME@VERSION or a file, word for word."""
    from monitoring.cohorts import find

    site = printer.asked
    told = find(site.store, site.catalog, name, as_of=printer.as_of, zone=site.settings.zone)
    printer.one({"name": told.name, "version": told.version, "title": told.title, "question": told.question})


@cohort.command()
@click.argument("name")
@prints
def count(printer: Printer, name: str) -> None:
    """How many patients are left after each criterion; a few are told as a few, more to the nearest five."""
    from monitoring.cohorts import few

    told = found(printer.asked, name, printer.as_of)
    rows = [{"criterion": one.words, "patients": few(one.left, printer.asked.catalog)} for one in told.steps]
    printer.rows(rows, ["criterion", "patients"])


def found(asked: Asked, name: str, as_of: Any) -> Members:
    """Who is in a cohort, with how far that is on stderr where it takes long."""
    from monitoring.cohorts import find, members
    from monitoring.commands.progress import Progress

    cohort = find(asked.store, asked.catalog, name, as_of=as_of, zone=asked.settings.zone)
    with Progress("patients looked at") as shown:
        return members(asked.store, asked.catalog, cohort, as_of=as_of, progress=shown.of)
