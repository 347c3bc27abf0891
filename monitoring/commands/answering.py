"""Answering a flag: taking notice of it, or being left alone with it for a while; and taking either back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from monitoring.commands.site import Asked, asked, moment

flag_asked = [
    click.argument("patient_id", metavar="PATIENT"),
    click.argument("flag"),
    click.option("--by", required=True, help="Who says so."),
    click.option("--undo", is_flag=True, help="Take back what was said before."),
]


def of_flag(command: Any) -> Any:
    for option in reversed(flag_asked):
        command = option(command)
    return command


@click.command()
@of_flag
@click.option("--reason", default="", help="What was decided, or why nothing has to be.")
@asked
def ack(asked: Asked, patient_id: str, flag: str, *, by: str, undo: bool, reason: str) -> None:
    """Acknowledge an active flag. It is open again when the flag worsens or a new line of treatment begins."""
    from storage.writes import acknowledge

    _in_words(by, reason, undo)
    now, found = _active(asked, patient_id, flag)
    if undo:
        _take_back(asked, found, "acknowledged", at=now, by=by, reason=reason)
        return
    acknowledge(asked.store, patient_id, flag, seq=int(found["seq"]), at=now, by=by, reason=reason)
    click.echo(f"{flag} of {patient_id} acknowledged by {by}.", err=True)


@click.command()
@of_flag
@click.option("--until", metavar="TIME", help="When it is to be open again (ISO 8601).")
@click.option("--hours", type=float, help="The same as so many hours from now.")
@click.option("--reason", default="", help="What is being waited for.")
@asked
def snooze(
    asked: Asked,
    patient_id: str,
    flag: str,
    *,
    by: str,
    undo: bool,
    until: str | None,
    hours: float | None,
    reason: str,
) -> None:
    """Quieten an active flag for some hours. It stays listed, and is open again when it worsens or a line begins."""
    from storage.writes import snooze as put_off

    _in_words(by, reason, undo)
    if (until is not None) + (hours is not None) != (not undo):
        raise click.UsageError("Give either --until TIME or --hours H, or --undo alone.")
    now, found = _active(asked, patient_id, flag)
    if undo:
        _take_back(asked, found, "snoozed", at=now, by=by, reason=reason)
        return
    end = _end(asked, now, found["severity"], hours=hours, until=until)
    put_off(asked.store, patient_id, flag, seq=int(found["seq"]), at=now, until=end, by=by, reason=reason)
    told = end.astimezone(asked.settings.zone).isoformat(sep=" ", timespec="minutes")
    click.echo(f"{flag} of {patient_id} snoozed by {by} until {told}.", err=True)


def _in_words(by: str, reason: str, undo: bool) -> None:
    if not by.strip():
        raise click.UsageError("--by needs a word: who says so.")
    if not (undo or reason.strip()):
        raise click.UsageError("--reason needs a word: what was decided, or what is being waited for.")


def _active(asked: Asked, patient_id: str, flag: str) -> tuple[datetime, Any]:
    """Now, and the flag as it stands; it is written down first, so that the answer has its question."""
    from monitoring.cycle import new_run_id, wall_clock
    from monitoring.state import judge_and_record, state

    now = wall_clock()
    judge_and_record(asked.store, asked.catalog, as_of=now, run_id=new_run_id(now), patients=[patient_id])
    found = state(asked.store, asked.catalog, as_of=now, patients=[patient_id]).flags
    active = found[found["flag"].eq(flag) & found["state"].eq("active")]
    if active.empty:
        raise click.UsageError(f"Patient {patient_id} has no active flag {flag}; `maswatch flags` lists what there is.")
    return now, active.iloc[0]


def _take_back(asked: Asked, found: Any, answer: str, *, at: datetime, by: str, reason: str) -> None:
    from storage.writes import end_answer

    patient_id, flag = found["patient_id"], found["flag"]
    if found[answer] is None:
        raise click.UsageError(f"{flag} of {patient_id} is not {answer}; there is nothing to take back.")
    end_answer(asked.store, patient_id, flag, seq=int(found["seq"]), answer=answer, at=at, by=by, reason=reason)
    click.echo(f"{flag} of {patient_id} is no longer {answer}; taken back by {by}.", err=True)


def _end(asked: Asked, now: datetime, severity: str, *, hours: float | None, until: str | None) -> datetime:
    """The end of the snooze asked for; refused when it is over already or further off than the catalog allows."""
    from monitoring.analysis.answers import longest_hours

    end = None if until is None else moment(until, asked)
    span = hours if end is None else (end - now) / timedelta(hours=1)
    longest = longest_hours(severity, asked.catalog)
    if span is None or not span > 0:
        raise click.UsageError("A snooze ends later than now.")
    if span > longest:
        raise click.UsageError(f"A flag of severity {severity} can be snoozed for at most {longest:g} h at a time.")
    return end or now + timedelta(hours=span)
