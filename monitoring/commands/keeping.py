"""Care of the store: its schema, and moving it."""

from __future__ import annotations

from dataclasses import asdict

import click

from monitoring.commands.site import Asked, Printer, asked, prints
from monitoring.sentences import counted

TAKES_TIME = (
    "From {at} to {head}: a store of many millions of rows takes minutes, in which nobody else can use it. "
    "Broken off, it is as it was before."
)


@click.group()
def db() -> None:
    """The store as a whole: its schema, and moving it."""


@db.command()
@asked
def upgrade(asked: Asked) -> None:
    """Bring the store's schema up to this version of maswatch."""
    from storage.engine import schema_state
    from storage.engine import upgrade as upgraded

    before = schema_state(asked.settings.database_url)
    if before["state"] == "behind":
        click.echo(TAKES_TIME.format(**before), err=True)
    told = upgraded(asked.settings.database_url)
    click.echo(f"The store is at {told['at']}, which is the newest this maswatch knows.", err=True)


@db.command()
@prints
def status(printer: Printer) -> None:
    """Where the store's schema stands; changes nothing."""
    from storage.engine import schema_state

    printer.one(schema_state(printer.asked.settings.database_url))


@db.command("copy")
@click.option(
    "--to", "target", required=True, metavar="URL", help="An empty database, or a file that is not there yet."
)
@prints
def copy_store(printer: Printer, target: str) -> None:
    """Copy the whole store into another, SQLite or PostgreSQL, and check it; this one stays as it is."""
    from storage.copying import copy_into

    told = copy_into(printer.asked.store, target)
    printer.rows([asdict(table) for table in told], ("table", "rows", "sha256"))
    rows = sum(table.rows for table in told)
    click.echo(f"{counted(rows, 'row')} in {counted(len(told), 'table')} stand in the copy as they do here.", err=True)


@db.command()
@asked
def distribute(asked: Asked) -> None:
    """Share the large tables out, by patient (Citus) or by time (TimescaleDB), where the server has that."""
    from storage.distributing import distribute as shared_out

    told = shared_out(asked.store)
    click.echo(f"Shared out: {', '.join(told)}." if told else "All of them are shared out already.", err=True)
