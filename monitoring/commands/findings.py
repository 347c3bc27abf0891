"""What was looked at here and what was found, as doctor and verify tell it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from monitoring.commands.site import Printer

Finding = tuple[str, str, str]  # what was looked at, "ok" or "look here" or "wrong", a sentence
OK, LOOK, WRONG = "ok", "look here", "wrong"
COLUMNS = ["checked", "state", "sentence"]


def tell(printer: Printer, findings: Iterable[Finding], *, strict: bool) -> None:
    """Prints them; with `strict` the command ends with 1 where anything is wrong."""
    found = [dict(zip(COLUMNS, finding, strict=True)) for finding in findings]
    if printer.how == "table":
        for one in found:
            click.echo(f"{one['state']:9}  {one['checked']}: {one['sentence']}")
    else:
        printer.rows(found, COLUMNS)
    if strict and any(one["state"] == WRONG for one in found):
        click.get_current_context().exit(1)
