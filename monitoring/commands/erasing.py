"""Removing a patient for good."""

from __future__ import annotations

import click

from monitoring.commands.site import Printer, prints
from monitoring.sentences import counted

LEFT = (
    "Still theirs: backups and exports made before, files in the drop folders, and what a source sends from now on. "
    "Deliveries that named the patient lost their bytes as they came; what was read of others in them stays."
)
UNCLEAR = (
    "{} of nobody whose it is, and a number as short as this one stands there, by chance perhaps: nothing of that "
    "is removed; `maswatch set-aside list` shows it."
)


@click.command()
@click.argument("patient", metavar="PATIENT", required=False)
@click.option("--by", help="Who removes.")
@click.option("--reason", help="Why; kept, and must not name the patient.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.option("--list", "listing", is_flag=True, help="What was removed so far, by whom, when and why.")
@prints
def erase(
    printer: Printer, patient: str | None, by: str | None, reason: str | None, *, yes: bool, listing: bool
) -> None:
    """
    Remove a patient's results, treatments, findings, flags, answers and raw input for good.

    Records joined with this one go with it. What stays is who removed, when, why, how many rows, and a keyed hash of
    the number.
    """
    if listing:
        return _listed(printer)
    from monitoring.clock import wall_clock
    from monitoring.forgetting import forget

    if not patient or not (by or "").strip() or not (reason or "").strip():
        raise click.UsageError("Say PATIENT, --by and --reason: whom, who says so, and why.")
    if not yes:
        click.confirm(
            "All that is stored of this patient goes, and cannot be brought back. Go on?", abort=True, err=True
        )
    asked = printer.asked
    told = forget(
        asked.store,
        patient.strip(),
        asked.settings.data_dir,
        by=str(by).strip(),
        reason=str(reason).strip(),
        now=wall_clock(),
    )
    printer.one(told)
    click.echo(LEFT, err=True)
    if told.get("unclear"):
        click.echo(UNCLEAR.format(counted(told["unclear"], "row set aside says", "rows set aside say")), err=True)
    return None


def _listed(printer: Printer) -> None:
    from storage.erasing import erasures

    rows = erasures(printer.asked.store)
    printer.rows(rows.to_dict("records"), list(rows.columns), brief=["at", "by", "reason", "token"])
