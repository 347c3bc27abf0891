"""The rounds on paper: a sheet a patient, a ward as one PDF."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from monitoring.commands.site import Asked, asked, moment
from monitoring.sentences import counted

SHEETS = "dashboard.paper_of_ward"  # named, not imported: this room knows no screen and no paper


@click.command()
@click.argument("out", metavar="OUT.pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ward", default="", metavar="NAME", help="Only this ward; default: all.")
@click.option("--patient", default="", metavar="ID", help="Only this patient.")
@click.option("--paper", type=click.Choice(["A4", "Letter"]), default="A4", show_default=True)
@click.option("--units", type=click.Choice(["conventional", "us", "si"]), help="Default: the site's.")
@click.option("--as-of", "as_of", metavar="TIME", help="As it was known then; default: now.")
@asked
def rounds(asked: Asked, out: Path, as_of: str | None, units: str | None, **told: Any) -> None:
    """Write the rounds sheets of a ward into the PDF OUT, one page a patient, in the order of the beds."""
    from storage.writes import record_access

    now = datetime.now(UTC)  # the cycle's own clock would bring every feed's reader along, for nothing on this paper
    at: datetime = moment(as_of, asked) if as_of else now
    sheets = importlib.import_module(SHEETS)
    shown = units or asked.settings.dashboard.units
    made = sheets.made(asked.store, asked.catalog, asked.settings.zone, as_of=at, units=shown, **told)
    if not made.patients:
        raise click.UsageError(_nobody(made.wards, **told))
    record_access(asked.store, now, "command line", f"rounds {out}", made.patients)
    try:
        out.write_bytes(made.content)
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written: {error.strerror}.") from None
    pages = counted(len(made.patients), "page")
    click.echo(f"Written to {out}: {pages}, as known at {at.astimezone(asked.settings.zone).isoformat()}.", err=True)


def _nobody(wards: list[str], *, ward: str, patient: str, paper: str) -> str:
    if patient:
        return f"No patient {patient!r} is on rounds{f' on ward {ward!r}' if ward else ''}."
    if ward and wards:
        return f"Nobody is on a ward {ward!r}; there are {', '.join(wards)}."
    return "Nobody is on the ward, so there is no sheet to write."
