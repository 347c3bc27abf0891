"""HL7 v2 over MLLP, by itself; `maswatch serve` does the same where a source listens."""

from __future__ import annotations

import click

from monitoring.commands.site import Asked, asked


@click.command()
@click.option("--host", help="Address to listen on, else that of the source that listens, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Else that of the source, else 2575; 0 takes a free one.")
@asked
def receive(asked: Asked, host: str | None, port: int | None) -> None:
    """
    Receive HL7 v2 messages over MLLP, until SIGTERM or Ctrl-C.

    Every source of kind "hl7" with `listen` is listened for; where there is none, one called "hl7". Each message is
    acknowledged once it is stored, and read at once.
    """
    from monitoring.logs import set_up
    from monitoring.receiving import asked_for, check
    from monitoring.receiving import receive as received
    from monitoring.sources import open_sources

    settings = asked_for(asked.settings, host, port)
    set_up(settings.log_file, form=settings.log.format)
    asked.store.close()  # opened and brought up to date once, here, where a fault ends with a sentence
    open_sources(settings)
    _ = asked.catalog
    check(settings, _say)
    received(settings, say=_say)


def _say(line: str) -> None:
    click.echo(line, err=True)
