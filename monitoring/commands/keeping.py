"""Care of the store: its schema, a copy of it, and a copy put in its place."""

from __future__ import annotations

from pathlib import Path

import click

from monitoring.commands.site import Asked, Printer, asked, prints


@click.group()
def db() -> None:
    """The schema of the store."""


@db.command()
@asked
def upgrade(asked: Asked) -> None:
    """Bring the store's schema up to this version of maswatch."""
    from storage.engine import upgrade as upgraded

    told = upgraded(asked.settings.database_url)
    click.echo(f"The store is at {told['at']}, which is the newest this maswatch knows.", err=True)


@db.command()
@prints
def status(printer: Printer) -> None:
    """Where the store's schema stands; changes nothing."""
    from storage.engine import schema_state

    printer.one(schema_state(printer.asked.settings.database_url))
