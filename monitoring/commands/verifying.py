"""Whether what is stored is whole, and whether what was said of flags follows from the facts."""

from __future__ import annotations

from collections.abc import Iterator

import click

from monitoring.commands.findings import LOOK, OK, WRONG, Finding, tell
from monitoring.commands.site import Asked, Printer, prints
from monitoring.sentences import counted

NAMED = 20
LAST = 100
AHEAD = (
    "{} a time to come, so a clock was once ahead: nothing of that plays a part before its time ({}); set the clock, "
    "and where that time is far, put back a backup of before and take the raw files in again."
)
OLDER = "{} written while other rules were in force, and those of now would not have said the same: nothing to mend."
SAYS = "{one.patient_id}, {one.flag} number {one.seq}, of {one.recorded_at:%Y-%m-%d %H:%M %Z}: {one.found}"


@click.command()
@click.option("--last", type=click.IntRange(min=1), default=LAST, show_default=True, help="How many past judgements.")
@click.option("--all", "every", is_flag=True, help="Every past judgement.")
@click.option("--strict", is_flag=True, help="Exit 1 when anything is wrong.")
@prints
def verify(printer: Printer, last: int, every: bool, strict: bool) -> None:
    """
    Read the whole store, and judge again what was said of flags from the facts known at the time.

    Nothing is changed.
    """
    tell(printer, checked(printer.asked, last=None if every else last), strict=strict)


def checked(asked: Asked, *, last: int | None) -> Iterator[Finding]:
    """The file first: rows of a damaged one are not looked at."""
    from storage.integrity import damage

    broken = damage(asked.store, deep=True)
    yield ("file", WRONG, broken) if broken else ("file", OK, _whole(asked))
    if not broken:
        yield from _rows(asked)
        yield from clock(asked)
        yield from _judged(asked, last)


def _whole(asked: Asked) -> str:
    if asked.store.dialect == "sqlite":
        return "every page and index was read and is whole."
    return "a server looks after its own pages; `pg_amcheck` reads them all."


def _rows(asked: Asked) -> Iterator[Finding]:
    from storage.integrity import row_faults

    faults = row_faults(asked.store)
    for fault in faults:
        yield "rows", WRONG, f"{fault.what}: {fault.count}."
    if not faults:
        yield "rows", OK, "versions, flag history and deliveries are whole, and bytes are those that came."


def clock(asked: Asked) -> Iterator[Finding]:
    """What carries a time to come, if anything does."""
    from monitoring.clock import wall_clock
    from storage.integrity import ahead

    early = ahead(asked.store, now=wall_clock())
    if early:
        rows = counted(sum(fault.count for fault in early), "row carries", "rows carry")
        yield "clock", WRONG, AHEAD.format(rows, ", ".join(f"{fault.what} {fault.count}" for fault in early))


def _judged(asked: Asked, last: int | None) -> Iterator[Finding]:
    from monitoring.clock import wall_clock
    from monitoring.verifying import verified

    told = verified(asked.store, asked.catalog, last=last, now=wall_clock())
    differing = told.differing
    for one in differing.head(NAMED).itertuples():
        yield "judgements", WRONG, SAYS.format(one=one) + "."
    if len(differing) > NAMED:
        yield "judgements", WRONG, f"and {len(differing) - NAMED} more."
    others = (
        f"; {told.other_version} are of another version of their rule and were left out" if told.other_version else ""
    )
    if told.other_catalog:
        changes = counted(told.other_catalog, "change was", "changes were")
        yield "judgements", LOOK, OLDER.format(changes)
    state = "follow from the facts" if differing.empty else "were judged again"
    yield (
        "judgements",
        OK if differing.empty else LOOK,
        f"{counted(told.changes, 'change')} at {counted(told.moments, 'moment')} {state}{others}.",
    )
