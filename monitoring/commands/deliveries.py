"""What sources sent, as it came: listed, shown, read once more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.outlet import whole
from monitoring.commands.site import Asked, Printer, asked, prints

if TYPE_CHECKING:
    from storage.deliveries import Kept

COLUMNS = ["id", "source", "name", "size", "received_at", "read_at", "kept"]
SHORT = 12


@click.group()
def deliveries() -> None:
    """What sources sent, kept as it came for as long as the site says."""


@deliveries.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many, the newest first.")
@prints
def listing(printer: Printer, limit: int) -> None:
    """The last deliveries; one without read_at waits to be read, one not kept was let go after its time."""
    from storage.deliveries import listed

    found = listed(printer.asked.store, limit=limit)
    found = found.assign(kept=found["there"].astype(bool))
    if printer.how == "table":
        found = found.assign(id=found["id"].str[:SHORT])
    printer.rows(found[COLUMNS].to_dict("records"), COLUMNS)


@deliveries.command()
@click.argument("wanted", metavar="ID")
@asked
def show(asked: Asked, wanted: str) -> None:
    """The bytes of one, as they came; the beginning of its ID is enough."""
    found = one(asked, wanted)
    if found.content is None:
        raise click.UsageError(f"{wanted!r} was let go after its time; that it came is all that is still known.")
    sys.stdout.flush()
    out = whole(sys.stdout.buffer)
    out.write(found.content)
    out.flush()


@deliveries.command("read-again")
@click.argument("wanted", metavar="ID...", nargs=-1, required=True)
@prints
def read_again(printer: Printer, wanted: tuple[str, ...]) -> None:
    """Read these once more now, and judge everybody; what is known already adds nothing."""
    from monitoring.cycle import run_by_hand
    from monitoring.runs import new_run_id
    from storage.deliveries import read_again as again

    told = [one(printer.asked, name) for name in wanted]
    gone = [kept.id[:SHORT] for kept in told if kept.content is None]
    if gone:
        raise click.UsageError(f"{', '.join(gone)} was let go after its time and cannot be read again.")
    again(printer.asked.store, [kept.id for kept in told])
    with printer.asked.judging() as site:
        names = sorted({kept.source for kept in told})
        counts = [run_by_hand(site, _Waiting(name), new_run_id(site.clock())) for name in names]
    printer.one(_sum(counts))


def one(asked: Asked, wanted: str) -> Kept:
    """The only delivery whose id begins so."""
    from storage.deliveries import delivery

    found = delivery(asked.store, wanted.strip()) if wanted.strip() else []
    if len(found) != 1:
        many = "more than one delivery begins" if found else "no delivery begins"
        raise click.UsageError(f"{many} with {wanted!r}; `maswatch deliveries list` shows the ids.")
    return found[0]


class _Waiting:
    """A source that is not asked for more than what already waits."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fetch(self, now: object) -> tuple[()]:
        return ()

    def done(self, raw: object) -> None:
        """Nothing was given."""


def _sum(counts: list[dict[str, Any]]) -> dict[str, Any]:
    """Several sources' counts as one; the number judged is everybody's, each time."""
    names = ("read", "new", "unchanged", "corrected", "set_aside")
    told = {name: sum(each[name] for each in counts) for name in names}
    return {"run_id": counts[-1]["run_id"], **told, "assessed": max(each["assessed"] for each in counts)}
