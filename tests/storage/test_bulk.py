"""Very many rows as columns: each row arrives whole, whatever its place and however many one statement takes."""

from __future__ import annotations

import sqlite3
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Column, Float, MetaData, Table, Text

from storage import bulk
from storage.columns import Rows, coded, listed, rows_of
from storage.engine import Store
from storage.tables import METADATA, Observation
from tests.storage.facts import MORNING

TABLE = METADATA.tables["observation"]
NAMES = ["patient_id", "ref", "analyte", "value", "source_id", "reference_low", "resulted_at"]
STAMP = {"received_at": MORNING, "source": "lab's", "run_id": "r", "version": 1, "collected_at": MORNING}


def told(many: int, *, first: int = 0) -> pd.DataFrame:
    """Every third without a value, every fifth without a time; one limit for all, which is no whole number."""
    numbers = range(first, first + many)
    return pd.DataFrame(
        {
            "patient_id": [f"P{number % 7}" for number in numbers],
            "ref": [*numbers],
            "analyte": [("ferritin", "crp")[number % 2] for number in numbers],
            "value": [None if number % 3 == 0 else number / 8 for number in numbers],
            "source_id": [f"L'{number}" for number in numbers],
            "reference_low": 0.5,
            "resulted_at": [None if number % 5 == 0 else MORNING + pd.Timedelta(minutes=number) for number in numbers],
            "digest": 1,
        }
    ).astype({"resulted_at": "datetime64[us, UTC]", "value": "float64"})


def stored(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        rows = connection.execute(TABLE.select().with_only_columns(*(TABLE.c[name] for name in NAMES)))
        return sorted((tuple(row) for row in rows), key=lambda row: row[1])


def wanted(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = frame[NAMES].astype(object).where(frame[NAMES].notna(), None)
    return [tuple(row) for row in rows.itertuples(index=False)]


@pytest.mark.parametrize("many", [1, bulk.TOGETHER - 1, bulk.TOGETHER, 2 * bulk.TOGETHER + 1])
def test_however_many_there_are_each_row_arrives_whole(any_store: Store, many: int) -> None:
    with any_store.writing() as connection:
        assert bulk.insert_new(connection, rows_of(told(many), Observation, STAMP)) == many
    assert stored(any_store) == wanted(told(many))


def test_of_rows_that_are_there_already_none_is_counted_or_changed(any_store: Store) -> None:
    many = 2 * bulk.TOGETHER + 1
    with any_store.writing() as connection:
        assert bulk.insert(connection, rows_of(told(many), Observation, STAMP)) == many
        others = told(many, first=many - 10).assign(analyte="d_dimer")
        assert bulk.insert(connection, rows_of(others, Observation, STAMP)) == many - 10
    assert [row[2] for row in stored(any_store)] == [*told(many)["analyte"], *["d_dimer"] * (many - 10)]


def test_a_long_text_that_is_the_same_in_all_is_no_too_long_statement(any_store: Store) -> None:
    long = told(bulk.TOGETHER + 2).assign(analyte="ferritin " * 150_000)
    with any_store.writing() as connection:
        assert bulk.insert_new(connection, rows_of(long, Observation, STAMP)) == len(long)
    assert stored(any_store) == wanted(long)


def test_rows_that_are_all_alike_are_put_as_often_as_they_are(any_store: Store) -> None:
    """In a table without a key of its own, as those that are laid beside the others."""
    many = 2 * bulk.TOGETHER + 1
    with any_store.writing() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE alike (name varchar, value double precision, missing varchar)")
        table = Table("alike", MetaData(), Column("name", Text), Column("value", Float), Column("missing", Text))
        rows = Rows(table, many, {}, {"name": "it's", "value": 0.5, "missing": None})
        assert bulk.insert_new(connection, rows) == many
        asked = "SELECT name, value, missing, count(*) FROM alike GROUP BY 1, 2, 3"
        assert [tuple(row) for row in connection.exec_driver_sql(asked)] == [("it's", 0.5, None, many)]


@pytest.mark.sqlite
def test_a_store_that_takes_few_values_a_statement_is_given_few(store: Store) -> None:
    with store.writing() as connection:
        driver: Any = connection.connection.driver_connection
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 30)
        assert bulk.insert_new(connection, rows_of(told(250), Observation, STAMP)) == 250
    assert stored(store) == wanted(told(250))


@pytest.mark.parametrize("texts", [["ä", "", "ä", "x" * 9], ["only"] * 3, [], ["a", "b", "c"], ["a", None, "a", "a"]])
def test_texts_that_stand_once_are_listed_as_they_were(texts: list[str | None]) -> None:
    assert listed(coded(pa.array(texts, pa.large_string()))) == texts


def test_what_repeats_stands_once_and_what_differs_stays_as_it_is() -> None:
    assert coded(pa.array(["a", "b"] * 3, pa.large_string())).dictionary.to_pylist() == ["a", "b"]
    for other in (pa.array(["a", "b", "c"], pa.large_string()), pa.array([1, 1, 1])):
        assert coded(other) is other
