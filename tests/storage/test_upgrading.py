"""A store as an earlier program left it is brought up to date, and keeps everything it holds."""

from __future__ import annotations

import pytest
from alembic import command

from storage import queries, schema
from storage.engine import Store, open_store, schema_state, upgrade
from storage.errors import StoreBehind
from storage.writes import acknowledge, snooze
from tests.storage.facts import HOUR, LATER, MORNING, lab, tell


def taken_back_to(store: Store, revision: str) -> None:
    """The store with the tables of an earlier program, and facts that this program wrote."""
    tell(store, lab(1, 12_000))
    acknowledge(store, "P1", "ferritin_rising", seq=0, at=MORNING, by="Dr Sommer", reason="known")
    with store.writing() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    store.close()


def holds_what_it_held_and_can_snooze(store: Store) -> bool:
    kept = len(queries.observations(store, as_of=LATER)), len(queries.acknowledgements(store, as_of=LATER))
    asleep = queries.snoozes(store, as_of=LATER)
    until = MORNING + HOUR
    snooze(store, "P1", "ferritin_rising", seq=0, at=MORNING, until=until, by="Dr Sommer", reason="waiting")
    return kept == (1, 1) and asleep.empty and len(queries.snoozes(store, as_of=LATER)) == 1


def test_a_store_of_the_first_revision_is_upgraded_on_opening_with_all_it_holds(url: str) -> None:
    taken_back_to(open_store(url), "0001")
    assert schema_state(url)["state"] == "behind"
    opened = open_store(url)
    assert schema_state(url)["state"] == "current"
    assert holds_what_it_held_and_can_snooze(opened)
    opened.close()


@pytest.mark.postgresql
def test_a_server_store_of_the_first_revision_is_upgraded_when_asked_for_with_all_it_holds(server_url: str) -> None:
    upgrade(server_url)
    taken_back_to(open_store(server_url), "0001")
    with pytest.raises(StoreBehind, match="maswatch db upgrade"):
        open_store(server_url)
    assert upgrade(server_url)["state"] == "current"
    opened = open_store(server_url)
    assert holds_what_it_held_and_can_snooze(opened)
    opened.close()
