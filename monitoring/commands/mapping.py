"""What a source means by its own codes: said, taken back, listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Printer, prints

if TYPE_CHECKING:
    from monitoring.site_map import Word

COLUMNS = ["source", "code", "analyte", "unit", "by", "at"]


@click.command("map")
@click.argument("source", required=False)
@click.argument("code", required=False)
@click.argument("analyte", required=False)
@click.option("--unit", default="", help="The unit to read where the source sends none.")
@click.option("--by", default="", help="Who says so.")
@click.option("--undo", is_flag=True, help="Take back what was said of this code.")
@prints
def map_command(
    printer: Printer, source: str | None, code: str | None, analyte: str | None, unit: str, by: str, undo: bool
) -> None:
    """
    Say which ANALYTE the SOURCE ("*": every one) means by CODE; what waits under it is read at once.

    With --undo the word is taken back, and what was read by it is withdrawn and waits again. Without anything: lists
    what counts now.
    """
    if source is None:
        return printer.rows(listed(printer), COLUMNS)
    if code is None or (analyte is None) != undo:
        raise click.UsageError(
            "Say `maswatch map SOURCE CODE ANALYTE --by NAME`, or `maswatch map SOURCE CODE --undo --by NAME`."
        )
    if not by.strip():
        raise click.UsageError("--by needs a word: who says so.")
    return printer.one(_said(printer, source, code, analyte=analyte or "", unit=unit, by=by))


def listed(printer: Printer) -> list[dict[str, Any]]:
    """Every code that means something now, with who says so."""
    from monitoring.site_map import in_force

    asked = printer.asked
    words = in_force(asked.store, asked.settings, asked.catalog)
    over = {word.key for word in words if word.by}
    return [_row(word) for word in words if word.by or word.key not in over]


def _row(word: Word) -> dict[str, Any]:
    return {name: getattr(word, name) for name in COLUMNS} | {"by": word.by or "site file"}


def _said(printer: Printer, source: str, code: str, *, analyte: str, unit: str, by: str) -> dict[str, int]:
    from monitoring.mapping import map_code, take_back

    site = printer.asked.site
    if not analyte:
        return take_back(site, source, code, by=by, now=site.clock())
    return map_code(site, source, code, analyte, unit=unit, by=by, now=site.clock())
