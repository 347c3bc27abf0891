"""Joining two records that are one patient's, and parting them again."""

from __future__ import annotations

import click

from monitoring.commands.site import Asked, asked


@click.command()
@click.argument("patient_id", metavar="FROM")
@click.argument("into", metavar="INTO")
@click.option("--by", required=True, help="Who says so.")
@click.option("--reason", default="", help="How it is known that both are one patient.")
@click.option("--undo", is_flag=True, help="Take the merge back: both are patients of their own again.")
@asked
def merge(asked: Asked, patient_id: str, into: str, *, by: str, reason: str, undo: bool) -> None:
    """
    Read all that came under FROM as of INTO, from now on.

    What was judged before stays as it was; --undo takes the merge back, and everything stands where it came from.
    """
    from monitoring.clock import wall_clock
    from monitoring.merging import Joining, join, part
    from monitoring.runs import new_run_id
    from monitoring.state import judge_and_record

    if not by.strip() or not (undo or reason.strip()):
        raise click.UsageError("--by and --reason need a word each: who says so, and how it is known.")
    now = wall_clock()
    told = Joining(patient_id.strip(), into.strip(), by.strip(), reason.strip(), new_run_id(now))
    (part if undo else join)(asked.store, told, now=now)
    judge_and_record(asked.store, asked.catalog, as_of=now, run_id=told.run_id, patients=[told.patient, told.into])
    words = "is a patient apart from {} again" if undo else "is read as {} from now on"
    click.echo(f"{told.patient} {words.format(told.into)}, said {told.by}.", err=True)
