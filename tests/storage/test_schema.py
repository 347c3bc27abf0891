from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import UniqueConstraint, inspect, select

from storage import schema
from storage.engine import Store
from storage.reading import key
from storage.tables import METADATA, Observation

LARGE = ["observation", "dose", "finding", "patient", "flag_change", "acknowledgement", "snooze", "answer_end"]


def test_the_migrations_make_exactly_the_tables_that_the_program_knows(any_store: Store) -> None:
    with any_store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_migrations_make_the_same_columns_keys_and_indexes_as_the_tables(any_store: Store) -> None:
    with any_store.reading() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}
            key = found.get_pk_constraint(table.name)
            assert key["constrained_columns"] == [column.name for column in table.primary_key.columns]
            assert key["name"] == table.primary_key.name
            indexes = {index["name"]: index["column_names"] for index in found.get_indexes(table.name)}
            assert indexes == {index.name: [column.name for column in index.columns] for index in table.indexes}


def test_the_revisions_read_from_the_files_are_those_of_alembic_oldest_first() -> None:
    found = [script.revision for script in ScriptDirectory.from_config(schema._config()).walk_revisions()]
    assert [*schema.revisions()] == found[::-1]
    assert schema.head() == found[0]


def test_the_revision_of_a_store_is_what_alembic_reads_there(any_store: Store) -> None:
    with any_store.reading() as connection:
        assert schema.revision(connection) == MigrationContext.configure(connection).get_current_revision()


@pytest.mark.parametrize("name", LARGE)
def test_every_unique_key_of_a_large_table_contains_the_patient_and_the_clustered_one_begins_with_it(name: str) -> None:
    table = METADATA.tables[name]
    unique = [list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    unique += [list(index.columns) for index in table.indexes if index.unique]
    assert all("patient_id" in {column.name for column in columns} for columns in unique)
    assert next(iter(table.primary_key.columns)).name == "patient_id"
    assert table.dialect_options["sqlite"]["with_rowid"] is False


@pytest.mark.parametrize(
    ("name", "when"), [("observation", "collected_at"), ("dose", "started_at"), ("finding", "observed_at")]
)
def test_a_fact_is_kept_next_to_those_of_the_same_patient_and_time(name: str, when: str) -> None:
    assert [column.name for column in METADATA.tables[name].primary_key.columns][:2] == ["patient_id", when]


@pytest.mark.sqlite
def test_large_tables_are_clustered_by_their_key_in_sqlite(store: Store) -> None:
    with store.reading() as connection:
        made = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all())
    assert all("WITHOUT ROWID" in made[name] for name in LARGE)


@pytest.mark.sqlite
def test_the_columns_of_a_key_stand_first_since_sqlite_calls_a_clustered_table_damaged_else(store: Store) -> None:
    """Its integrity check would call a sound store damaged."""
    with store.reading() as connection:
        for name in METADATA.tables:
            columns = connection.exec_driver_sql(f'PRAGMA table_info("{name}")').all()
            key = sorted((column.pk, column.cid) for column in columns if column.pk)
            assert [place for _, place in key] == list(range(len(key))), name


@pytest.mark.postgresql
def test_moments_carry_their_zone_on_a_server(server_store: Store) -> None:
    with server_store.reading() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public' "
            "AND column_name LIKE '%%\\_at'"
        ).all()
    assert kinds == [("timestamp with time zone",)]


COLLATIONS = """
    SELECT DISTINCT o.collname FROM pg_collation AS o WHERE o.oid IN (
      SELECT a.attcollation FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version' AND c.relkind {kind}
      AND a.attnum > 0)"""


@pytest.mark.postgresql
@pytest.mark.parametrize("kind", ["= 'r'", "= 'i' AND c.relname <> 'alembic_version_pkc'"], ids=["tables", "indexes"])
def test_a_server_compares_every_text_byte_by_byte_whatever_its_language(server_store: Store, kind: str) -> None:
    with server_store.reading() as connection:
        assert connection.exec_driver_sql(COLLATIONS.format(kind=kind)).scalars().all() == ["C"]


@pytest.mark.postgresql
def test_rows_of_a_server_come_out_of_the_key_in_the_order_in_which_they_are_wanted(server_store: Store) -> None:
    with server_store.writing() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        wanted = select(Observation).order_by(*key(connection, Observation))
        statement = str(wanted.compile(connection))
        plan = [str(line) for line in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}").scalars()]
    assert plan == ["Index Scan using pk_observation on observation"]


def test_going_back_to_nothing_and_forward_again_leaves_the_same_schema(store: Store) -> None:
    from alembic import command

    with store.writing() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        schema.migrate(connection)
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
