"""A copy of the store in one file, looked over, and put back. The key of the pseudonyms goes its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitoring.commands.site import Asked, Printer, asked, prints
from monitoring.sentences import counted

if TYPE_CHECKING:
    from storage.copying import Told

KEY_APART = (
    "The key of the pseudonyms ({}) is not in it: keep a copy apart, or say --with-key; without it the same patients "
    "get other pseudonyms after a loss."
)
OTHER_KEY = "The key of the pseudonyms here is another than that of the backup: it stays; {} holds the backup's."


class OrFile(click.Group):
    """`backup FILE` writes one; a first word that is no command is the file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["into", *args]
        return super().parse_args(ctx, args)


@click.group(cls=OrFile, subcommand_metavar="FILE [--overwrite] [--with-key] | verify FILE")
def backup() -> None:
    """Copy the store into FILE while it is at work, or look such a file over."""


@backup.command("into")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--with-key", is_flag=True, help="Put the key of the pseudonyms beside it, in FILE.key.")
@asked
def into(asked: Asked, file: Path, overwrite: bool, with_key: bool) -> None:
    """Copy the store into FILE, while it is at work; the copy is checked."""
    from monitoring.disguise import KEY_FILE, own_key
    from storage.backups import backup as copied

    told = copied(asked.store, file, overwrite=overwrite)
    click.echo(f"The store stands in {file}: {_size(told)}.", err=True)
    if with_key:
        _written(_beside(file), own_key(asked.settings.data_dir))
        click.echo(f"The key of the pseudonyms stands in {_beside(file)}: whoever has it can link exports.", err=True)
    elif (asked.settings.data_dir / KEY_FILE).exists():
        click.echo(KEY_APART.format(asked.settings.data_dir / KEY_FILE), err=True)


def _size(tables: Sequence[Told]) -> str:
    return f"{counted(sum(table.rows for table in tables), 'row')} in {counted(len(tables), 'table')}"


@backup.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@prints
def verify(printer: Printer, file: Path) -> None:
    """Read every page and row of FILE and compare with what was written: rows and hash of each table."""
    from storage.backups import verify as verified

    told = verified(file)
    printer.rows([asdict(table) for table in told], ("table", "rows", "sha256"))
    click.echo(f"{file} is whole: {_size(told)}.", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace what is in the store now.")
@asked
def restore(asked: Asked, file: Path, overwrite: bool) -> None:
    """Put the copy in FILE in place of the store; a running dashboard shows it from then on."""
    from storage.backups import restore as put_back

    aside = put_back(file, asked.settings.database_url, overwrite=overwrite)
    click.echo(f"The store is as it was when {file} was written.", err=True)
    if aside:
        click.echo(f"The damaged one lies in {aside}: start again whatever runs on this store.", err=True)
    if _beside(file).exists():
        _key_put_back(asked, file)


def _key_put_back(asked: Asked, file: Path) -> None:
    """Where there is none yet; one that is there has made pseudonyms already."""
    from monitoring.disguise import KEY_FILE

    own, key = asked.settings.data_dir / KEY_FILE, _beside(file).read_bytes()
    if not own.exists():
        asked.settings.data_dir.mkdir(parents=True, exist_ok=True)
        _written(own, key)
        click.echo(f"The key of the pseudonyms is back in {own}.", err=True)
    elif own.read_bytes() != key:
        click.echo(OTHER_KEY.format(_beside(file)), err=True)


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.key")


def _written(path: Path, key: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key)
