"""A store as an earlier program left it is brought up to date, and keeps everything it holds."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import inspect

from storage import engine, facts, queries, schema
from storage.engine import Store, open_store, schema_state, upgrade
from storage.errors import StoreBehind
from storage.integrity import row_faults
from storage.writes import acknowledge, snooze
from tests.storage.every_table import ROWS, fill
from tests.storage.facts import HOUR, LATER, MORNING, lab, tell

Columns = dict[str, list[str]]


def taken_back_to(store: Store, revision: str) -> None:
    """The store with the tables of an earlier program, and facts that this program wrote."""
    tell(store, lab(1, 12_000))
    acknowledge(store, "P1", "ferritin_rising", seq=0, at=MORNING, by="Dr Sommer", reason="known")
    downgraded(store, revision)


def downgraded(store: Store, revision: str) -> None:
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


@pytest.mark.sqlite  # a server never is on opening
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


def unopened(url: str) -> Store:
    """As it stands, not brought up to date."""
    return Store(url, engine._engine(engine._parsed(url)))


def columns(store: Store) -> Columns:
    with store.reading() as connection:
        found = inspect(connection)
        tables = sorted({*found.get_table_names()} - {"alembic_version"})
        return {table: sorted(str(column["name"]) for column in found.get_columns(table)) for table in tables}


def rows(store: Store, of: Columns) -> dict[str, list[str]]:
    """Every row of these columns, as text."""
    with store.reading() as connection:
        read = {
            table: "SELECT " + ", ".join(f'"{name}"' for name in names) + f" FROM {table}"
            for table, names in of.items()
        }
        return {
            table: sorted(str(tuple(row)) for row in connection.exec_driver_sql(sql)) for table, sql in read.items()
        }


def test_every_row_of_every_table_of_the_first_revision_is_there_after_the_upgrade(any_url: str) -> None:
    upgrade(any_url)
    opened = open_store(any_url)
    fill(opened)
    downgraded(opened, "0001")
    old = unopened(any_url)
    first = columns(old)
    before = rows(old, first)
    old.close()
    assert len(first) > 10
    assert {len(held) for held in before.values()} == {ROWS}
    assert upgrade(any_url)["state"] == "current"
    new = open_store(any_url)
    assert rows(new, first) == before
    assert len(columns(new)) > len(first)
    new.close()


def test_results_of_before_there_were_numbers_for_their_words_have_none_and_are_read_beside_new_ones(
    any_url: str,
) -> None:
    upgrade(any_url)
    taken_back_to(open_store(any_url), "0015")
    upgrade(any_url)
    new = open_store(any_url)
    tell(new, lab(2, 900, hours=1, unit="g/L"), at=1)
    with new.reading() as connection:
        told = connection.exec_driver_sql("SELECT ref, kind IS NULL FROM observation ORDER BY ref").all()
    assert [(ref, bool(without)) for ref, without in told] == [(1, True), (2, False)]
    with facts.reading(facts.door(new), alone=False) as reader:
        read = reader.facts(["P1"], 2**60, ["ref"])
    units = read.kinds["unit"].take(read.rows["kind"]).to_pylist()
    assert dict(zip(read.rows["ref"].to_pylist(), units, strict=True)) == {1: "ug/L", 2: "g/L"}
    assert row_faults(new) == []
    new.close()


KNOWN_OF_PATIENTS = "SELECT n_distinct FROM pg_stats WHERE tablename = 'observation' AND attname = 'patient_id'"
BY_SOURCE = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_observation_source'"


@pytest.mark.postgresql
def test_a_server_compares_bytes_after_the_upgrade_and_knows_at_once_what_the_tables_hold(server_url: str) -> None:
    upgrade(server_url)
    taken_back_to(open_store(server_url), "0012")
    old = unopened(server_url)
    with old.reading() as connection:
        assert 'source_id COLLATE "C"' in connection.exec_driver_sql(BY_SOURCE).scalar_one()
        assert connection.exec_driver_sql(KNOWN_OF_PATIENTS).all() == []
    old.close()
    upgrade(server_url)
    new = open_store(server_url)
    with new.reading() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND table_name <> 'alembic_version' AND data_type IN ('text', 'character varying')"
        )
        assert kinds.scalars().all() == ["C"]
        assert connection.exec_driver_sql(KNOWN_OF_PATIENTS).scalars().all() == [-1]  # one patient, one row
    new.close()
