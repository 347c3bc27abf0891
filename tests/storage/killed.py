"""What the killed process does: takes the same twenty batches in, from the first on, again and again."""

from __future__ import annotations

from storage.engine import open_store
from storage.writes import Batch, append, record_run
from tests.storage.facts import HOUR, MORNING, batch, dose, lab

BATCHES = 20
LABS = 60


def made(number: int) -> Batch:
    """Sixty labs, of which every third retells one of the batch before with another value; doses and what not."""
    labs = [
        lab(number * LABS + n - LABS * (n % 3 == 0), 100 * number + n, hours=number - (n % 3 == 0), patient=f"P{n % 7}")
        for n in range(LABS)
    ]
    aside = [{"id": str(number), "kind": "labs", "origin": "-", "reason": "no_time", "sentence": "-", "raw": "-"}]
    run = {"run_id": f"run-{number}", "source": "drop", "kind": "cycle", "started_at": MORNING + number * HOUR}
    return batch(
        number, observations=labs, doses=[dose(number, 60, hours=number)], set_aside=aside,
        taken_file=(f"file {number}", "labs.csv"), run=run | {"finished_at": MORNING + number * HOUR, "read": LABS + 2},
    )  # fmt: skip


def take_in(url: str) -> None:
    store = open_store(url)
    for number in range(BATCHES):
        told = made(number)
        record_run(store, {"run_id": told.run_id, "source": "drop", "kind": "cycle", "started_at": told.received_at})
        append(store, told)
    store.close()


def for_ever(url: str) -> None:
    while True:
        take_in(url)
