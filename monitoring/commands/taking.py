"""Taking in by hand, and looking after what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitoring.commands.site import Printer, prints

if TYPE_CHECKING:
    from monitoring.raw_files import RawFile
    from monitoring.settings import Settings

BY_HAND = "ingest"
LISTED = ["id", "source", "origin", "reason", "sentence", "raw"]
LISTED_BRIEF = ["id", "origin", "reason", "sentence"]
GROUPED = ["source", "reason", "code", "count", "patients", "sentence"]


@dataclass
class Named:
    """Files a person names, as a source like any other."""

    name: str
    raws: Iterable[RawFile]

    def fetch(self, now: datetime) -> Iterable[RawFile]:
        return self.raws

    def done(self, raw: RawFile) -> None:
        """They stay where they are."""


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "source", metavar="NAME", help="Whose files these are; default: see below.")
@click.option("--strict", is_flag=True, help="Exit 1 when anything had to be set aside.")
@prints
def ingest(printer: Printer, paths: tuple[Path, ...], source: str | None, strict: bool) -> None:
    """
    Take in files or folders now.

    Files below the folder of a configured source are that source's, so that taking them in twice adds nothing; others
    belong to a source called "ingest".
    """
    from monitoring.cycle import run_by_hand
    from monitoring.raw_files import read_paths
    from monitoring.runs import new_run_id

    asked = printer.asked
    raws = read_paths(paths)  # a slip of the pen ends here, before it becomes a failed run
    named = Named(source or owner(paths, asked.settings), raws)
    with asked.judging() as site:
        told = run_by_hand(site, named, new_run_id(site.clock()))
    printer.one(told)
    if strict and told["set_aside"]:
        click.get_current_context().exit(1)


def owner(paths: tuple[Path, ...], settings: Settings) -> str:
    """The configured source below whose folder all of `paths` lie."""
    real = [path.resolve() for path in paths]
    for source in settings.source:
        if source.path and all(path.is_relative_to(source.path.resolve()) for path in real):
            return source.name
    return BY_HAND


@click.group("set-aside")
def set_aside() -> None:
    """What was received and could not be read; nothing of it is lost."""


@set_aside.command("list")
@click.option("--grouped", is_flag=True, help="By source, reason and code, with counts.")
@prints
def listing(printer: Printer, grouped: bool) -> None:
    """What is set aside and was not read since, with reason and original."""
    from monitoring import set_aside as kept

    if grouped:
        return printer.rows(kept.groups(printer.asked.store), GROUPED)
    return printer.rows(kept.listed(printer.asked.store), LISTED, brief=LISTED_BRIEF)


@set_aside.command()
@click.argument("wanted", metavar="ID")
@prints
def show(printer: Printer, wanted: str) -> None:
    """One of them whole; the beginning of its ID is enough."""
    from monitoring import set_aside as kept

    printer.one(kept.shown(printer.asked.store, wanted))


@set_aside.command()
@click.argument("wanted", metavar="[ID...]", nargs=-1)
@prints
def retry(printer: Printer, wanted: tuple[str, ...]) -> None:
    """Read all, or those with these IDs, again after the catalog or a setting was mended."""
    from monitoring.cycle import run_again
    from monitoring.runs import new_run_id

    with printer.asked.judging() as site:
        told = run_again(site, wanted, new_run_id(site.clock()))
    printer.one(told)
