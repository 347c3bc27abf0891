"""What runs for long: the demo, the dashboard with its job, the job alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from monitoring.commands.site import Asked, Printer, asked, prints
from monitoring.sentences import counted

if TYPE_CHECKING:
    from monitoring.settings import Settings

host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port = click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)


@click.command()
@host
@port
@click.option("--no-schedule", is_flag=True, help="Without the 12-hour job; it runs elsewhere.")
@asked
def serve(asked: Asked, host: str, port: int, no_schedule: bool) -> None:
    """Serve the dashboard and run the 12-hour job, until SIGTERM or Ctrl-C."""
    from monitoring.logs import set_up
    from monitoring.receiving import check
    from monitoring.serving import refuse_exposed
    from monitoring.serving import serve as served
    from monitoring.sources import open_sources
    from storage.integrity import sound

    refuse_exposed(asked.settings, host)
    set_up(asked.settings.log_file, form=asked.settings.log.format)
    sound(asked.store)
    asked.store.close()  # opened and brought up to date once, here, where a fault ends with a sentence
    open_sources(asked.settings)
    check(asked.settings, _say)
    _ = asked.catalog
    served(asked.settings, host, port, schedule=not no_schedule, say=_say)


@click.command()
@click.option("--once", is_flag=True, help="Run one cycle now, and end.")
@click.option("--strict", is_flag=True, help="With --once: exit 1 when a source failed.")
@prints
def schedule(printer: Printer, once: bool, strict: bool) -> None:
    """Run the 12-hour job alone; with --once, one cycle now."""
    if once:
        return _once(printer, strict)
    return scheduled(printer.asked.settings)


@click.command()
@host
@port
@click.option("--serve/--no-serve", "serving", default=True, hidden=True)
@asked
def demo(asked: Asked, host: str, port: int, serving: bool) -> None:
    """Show published patients and a simulated ward, in a folder of their own."""
    from monitoring.clock import wall_clock
    from monitoring.demo_ward import prepared
    from monitoring.serving import free_port
    from monitoring.serving import serve as served

    if serving:
        free_port(host, port)
    settings = prepared(asked.settings, clock=wall_clock, say=_say)
    if serving:
        served(settings, host, port, schedule=True, say=_say)


def scheduled(settings: Settings) -> None:
    """The 12-hour job until SIGTERM, in this process."""
    from monitoring.catalog import load_catalog
    from monitoring.clock import wall_clock
    from monitoring.cycle import Site
    from monitoring.judges import Judges
    from monitoring.logs import set_up
    from monitoring.parallel import give_way
    from monitoring.schedule import Rota
    from monitoring.serving import stopping
    from monitoring.sources import open_sources
    from storage.engine import open_store

    give_way()
    set_up(settings.log_file, form=settings.log.format)
    open_sources(settings)
    store, catalog = open_store(settings.database_url), load_catalog(settings.site_catalog)
    with stopping() as stop, Judges(store, catalog, settings.schedule) as judges:
        judges.begin(wall_clock())
        Rota(Site(settings, store, catalog, judge=judges.judged)).run(stop)


def _once(printer: Printer, strict: bool) -> None:
    from monitoring.clock import wall_clock
    from monitoring.cycle import run_cycle
    from monitoring.lease import the_right
    from monitoring.parallel import give_way

    asked = printer.asked
    give_way()
    with asked.judging() as site, the_right(asked.store, asked.settings.data_dir, clock=wall_clock):
        told = run_cycle(asked.settings, asked.store, asked.catalog, judge=site.judge)
    failed = [f"{name}: {part['error']}" for name, part in told.items() if isinstance(part, dict) and "error" in part]
    failed += [f"judging: {told['error']}"] if "error" in told else []
    _show(printer, told)
    for line in failed:
        click.echo(line, err=True)
    if failed and strict:
        click.get_current_context().exit(1)


def _show(printer: Printer, told: dict[str, object]) -> None:
    """JSON as it is; to read, a line a source."""
    if printer.how == "json":
        return printer.one(told)
    parts = [{"source": name, **part} for name, part in told.items() if isinstance(part, dict)]
    columns = ["source", "run_id", "read", "new", "unchanged", "corrected", "set_aside", "seconds", "error"]
    printer.rows(parts, columns)
    click.echo(f"{counted(int(str(told['assessed'])), 'patient')} judged.", err=True)
    return None


def _say(line: str) -> None:
    click.echo(line, err=True)
