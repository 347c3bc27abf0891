"""The schema holds to what Citus and TimescaleDB ask for, and a server that has neither says so and is not changed."""

from __future__ import annotations

import pytest
from sqlalchemy import UniqueConstraint

from storage.distributing import BY_PATIENT, BY_TIME, distribute
from storage.engine import Store
from storage.errors import StoreError
from storage.tables import METADATA


def unique_keys(name: str) -> list[set[str]]:
    table = METADATA.tables[name]
    rules = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    indexes = [index for index in table.indexes if index.unique]
    return [{column.name for column in each.columns} for each in (table.primary_key, *rules, *indexes)]


@pytest.mark.parametrize("name", BY_PATIENT)
def test_every_unique_key_of_a_table_shared_out_by_patient_holds_the_patient(name: str) -> None:
    assert all("patient_id" in key for key in unique_keys(name))


@pytest.mark.parametrize("name", BY_TIME)
def test_every_unique_key_of_a_table_shared_out_by_time_holds_that_time(name: str) -> None:
    assert all(BY_TIME[name] in key for key in unique_keys(name))


def test_every_table_whose_key_begins_with_the_patient_and_grows_with_the_labs_is_shared_out() -> None:
    assert {"observation", "dose", "finding", "patient", "flag_change"} <= set(BY_PATIENT)


@pytest.mark.postgresql
def test_a_server_with_neither_extension_says_so_and_stays_as_it_is(server_store: Store) -> None:
    with pytest.raises(StoreError, match="neither Citus nor TimescaleDB, so nothing was changed"):
        distribute(server_store)


@pytest.mark.sqlite
def test_an_sqlite_store_is_not_shared_out(store: Store) -> None:
    with pytest.raises(StoreError, match="maswatch db copy"):
        distribute(store)
