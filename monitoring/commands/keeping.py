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


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@asked
def backup(asked: Asked, file: Path, overwrite: bool) -> None:
    """Copy the store into FILE, while it is at work; the copy is checked."""
    from storage.backups import backup as copied

    copied(asked.store, file, overwrite=overwrite)
    click.echo(f"The store stands in {file}.", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace what is in the store now.")
@asked
def restore(asked: Asked, file: Path, overwrite: bool) -> None:
    """Put the copy in FILE in place of the store; a running dashboard shows it from then on."""
    from storage.backups import restore as put_back

    put_back(file, asked.settings.database_url, overwrite=overwrite)
    click.echo(f"The store is as it was when {file} was written.", err=True)
