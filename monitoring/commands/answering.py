"""Answering a flag: taking notice of it, or being left alone with it for a while; and taking either back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Asked, asked, moment

if TYPE_CHECKING:
    from monitoring.answering import Standing

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
    from monitoring import answering

    _in_words(by, reason, undo)
    found = _standing(asked, patient_id, flag, by)
    if undo:
        _take_back(found, "acknowledged", reason)
        return
    answering.acknowledge(found, reason)
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
    from monitoring import answering

    _in_words(by, reason, undo)
    if (until is not None) + (hours is not None) != (not undo):
        raise click.UsageError("Give either --until TIME or --hours H, or --undo alone.")
    found = _standing(asked, patient_id, flag, by)
    if undo:
        _take_back(found, "snoozed", reason)
        return
    span = hours if until is None else (moment(until, asked) - found.now) / timedelta(hours=1)
    told = (
        answering.snooze(found, reason, hours=span or 0.0)
        .astimezone(asked.settings.zone)
        .isoformat(sep=" ", timespec="minutes")
    )
    click.echo(f"{flag} of {patient_id} snoozed by {by} until {told}.", err=True)


def _in_words(by: str, reason: str, undo: bool) -> None:
    if not by.strip():
        raise click.UsageError("--by needs a word: who says so.")
    if not (undo or reason.strip()):
        raise click.UsageError("--reason needs a word: what was decided, or what is being waited for.")


def _standing(asked: Asked, patient_id: str, flag: str, by: str) -> Standing:
    from monitoring.answering import standing
    from monitoring.clock import wall_clock

    return standing(asked.store, asked.catalog, (patient_id, flag), by=by, now=wall_clock())


def _take_back(found: Standing, answer: str, reason: str) -> None:
    from monitoring.answering import take_back

    take_back(found, answer, reason)
    patient_id, flag = found.key
    click.echo(f"{flag} of {patient_id} is no longer {answer}; taken back by {found.by}.", err=True)
