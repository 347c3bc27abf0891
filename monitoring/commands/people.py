"""Who may use the dashboard and what they may do there; who saw or took away which patient."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Printer, moment, prints

if TYPE_CHECKING:
    from monitoring.people import Member

COLUMNS = ["name", "role", "subject", "by", "at"]
SEEN = ["at", "who", "subject", "what", "patient_id"]
HERE = "command line"
role = click.option(
    "--role", "roles", multiple=True, help="viewer, clinician, researcher or admin; several by saying it again."
)
by = click.option("--by", default=HERE, show_default=True, help="Who says so.")


@click.group()
def people() -> None:
    """Who may use the dashboard, signed in through the provider, and what they may do there."""


@people.command("list")
@click.option("--history", "everything", is_flag=True, help="Everything that was ever said of anybody.")
@prints
def listing(printer: Printer, everything: bool) -> None:
    """Who has a role now."""
    from monitoring.people import history, members

    store = printer.asked.store
    told = history(store) if everything else [one for one in members(store, as_of=printer.as_of) if one.role]
    printer.rows([_row(one) for one in told], COLUMNS)


@people.command()
@click.argument("name")
@click.option("--subject", default="", help="What the provider calls them, its `sub` or the claim the site chose.")
@click.option("--email", default="", help="Or an e-mail address that the provider has verified.")
@role
@by
@prints
def add(printer: Printer, name: str, subject: str, email: str, *, roles: tuple[str, ...], by: str) -> None:
    """Let somebody in: `maswatch people add "Dr Ada Sommer" --email ada@hospital.example --role clinician`."""
    from monitoring.people import add as added

    if bool(subject) == bool(email):
        raise click.UsageError("Say what the provider knows them by: --subject, or --email; one of the two.")
    store = printer.asked.store
    printer.one(_row(added(store, subject or email, name=name, role=" ".join(roles), by=by, now=_now())))


@people.command()
@click.argument("who", metavar="NAME|SUBJECT")
@click.option("--name", default="", help="What they are called from now on.")
@role
@by
@prints
def change(printer: Printer, who: str, name: str, *, roles: tuple[str, ...], by: str) -> None:
    """Another name or other roles; it counts on every page at once."""
    from monitoring.people import change as changed

    told = changed(printer.asked.store, who, name=name, role=" ".join(roles), by=by, now=_now())
    printer.one(_row(told))


@people.command()
@click.argument("who", metavar="NAME|SUBJECT")
@by
@prints
def remove(printer: Printer, who: str, by: str) -> None:
    """Take every role away; what they did stays under their name."""
    from monitoring.people import remove as removed

    printer.one(_row(removed(printer.asked.store, who, by=by, now=_now())))


@click.command()
@click.option("--patient", default="", metavar="ID", help="Only of this patient; lists of everybody are left out.")
@click.option("--person", default="", metavar="NAME|SUBJECT", help="Only what this person saw or took away.")
@click.option("--since", default=None, metavar="TIME", help="From then on (ISO 8601).")
@click.option("--most", type=click.IntRange(1), default=None, help="At most so many, the newest.")
@prints
def access(printer: Printer, patient: str, person: str, since: str | None, *, most: int | None) -> None:
    """Who saw, searched, printed or took away what, of which patient, and when; newest first."""
    from monitoring.seeing import SeenAsked, seen

    asked = printer.asked
    wanted = SeenAsked(patient, person, moment(since, asked) if since else None)
    printer.rows(seen(asked.store, wanted, now=printer.as_of, most=most), SEEN)


def _now() -> datetime:
    """What is said is said now, whatever moment is asked about."""
    from monitoring.clock import wall_clock

    return wall_clock()


def _row(one: Member) -> dict[str, Any]:
    return {name: getattr(one, name) for name in COLUMNS}
