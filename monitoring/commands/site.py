"""What the commands share: the site they work on, opened when first asked for, and the options that print results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitoring.cycle import Site
    from monitoring.settings import Settings
    from monitoring.state import Judged
    from monitoring.terms import Catalog
    from storage.engine import Store

FORMATS = ("table", "json", "csv")


class Asked:
    """The global options, and what follows from them."""

    def __init__(self, config: Path | None, data_dir: Path | None, database_url: str | None, debug: bool) -> None:
        self.told = {"config": config, "data_dir": data_dir, "database_url": database_url}
        self.debug = debug

    @cached_property
    def settings(self) -> Settings:
        from monitoring.settings import load_settings

        return load_settings(**self.told)  # type: ignore[arg-type]

    @cached_property
    def catalog(self) -> Catalog:
        from monitoring.catalog import load_catalog

        return load_catalog(self.settings.site_catalog)

    @cached_property
    def store(self) -> Store:
        from storage.engine import open_store

        return open_store(self.settings.database_url)

    def close(self) -> None:
        """At the end of the command: what was opened is closed, so that nothing is left in the store's log."""
        if "store" in self.__dict__:
            self.store.close()

    @property
    def site(self) -> Site:
        from monitoring.cycle import Site

        return Site(self.settings, self.store, self.catalog)

    @contextmanager
    def judging(self) -> Iterator[Site]:
        """The site, for a command that ends with a judgement: of a large ward by all cores."""
        from monitoring.judges import Judges

        site = self.site
        with Judges(site.store, site.catalog, site.settings.schedule, kept=False) as judges:
            judges.begin(site.clock())  # the less this process holds and does, the cheaper a copy of it

            def judge(store: Store, catalog: Catalog, *, as_of: datetime, **told: Any) -> Judged:
                judges.begin(as_of)  # of a first import the patients are known only now
                return judges.judged(store, catalog, as_of=as_of, **told)

            yield replace(site, judge=judge)


asked = click.make_pass_decorator(Asked)


class Printer:
    """How a command prints: the format asked for, times in ward time, JSON to stdout alone."""

    def __init__(self, asked: Asked, how: str, as_of: str | None) -> None:
        self.asked, self.how, self.told_as_of = asked, how, as_of

    @cached_property
    def as_of(self) -> datetime:
        from monitoring.clock import wall_clock

        return moment(self.told_as_of, self.asked) if self.told_as_of else wall_clock()

    def rows(self, told: Sequence[Mapping[Any, Any]], columns: Sequence[str], *, brief: Sequence[str] = ()) -> None:
        """Many of a kind. `columns`: of CSV; `brief`: those that a table to read has."""
        from monitoring.printing import as_csv, as_json, as_table, plain

        rows = plain(list(told), self.asked.settings.zone)
        shapes = {"json": lambda: as_json(rows), "csv": lambda: as_csv(rows, columns)}
        click.echo(shapes.get(self.how, lambda: as_table(rows, brief or columns))())

    def one(self, told: Mapping[Any, Any]) -> None:
        """A single object."""
        from monitoring.printing import as_csv, as_json, as_list, plain

        row = plain(told, self.asked.settings.zone)
        shapes = {"json": lambda: as_json(row), "csv": lambda: as_csv([row], list(row))}
        click.echo(shapes.get(self.how, lambda: as_list(row))())


def prints(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command `--format` and `--as-of`, and a Printer as its first argument."""

    @click.option("--format", "how", type=click.Choice(FORMATS), default="table", help="How to print the result.")
    @click.option("--as-of", "as_of", metavar="TIME", help="As it was known then (ISO 8601); default: now.")
    @asked
    @wraps(command)
    def printing(asked: Asked, *args: Any, how: str, as_of: str | None, **options: Any) -> Any:
        return command(Printer(asked, how, as_of), *args, **options)

    return printing


def moment(text: str, asked: Asked) -> datetime:
    """An ISO 8601 time; without an offset it is ward time."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no time; write one like 2026-11-22T06:00+01:00.") from None
    return told if told.tzinfo else told.replace(tzinfo=asked.settings.zone)
