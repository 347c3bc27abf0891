"""Observations read column by column for exports are those that a query gives, on either engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from storage import facts, queries
from storage.engine import Store
from tests.storage.facts import LATER, lab, tell

NAMES = ["P1", 'P,"2\n']
WORDS = ["analyte", "comparator", "unit", "unit_text", "method", "status", "version"]


def microseconds(moment: datetime) -> int:
    return int(np.datetime64(moment.replace(tzinfo=None), "us").astype("int64"))


def whole(told: facts.Facts, names: Sequence[str] = NAMES) -> pd.DataFrame:
    """The rows with their patient and the words of their kind, as a query gives them."""
    rows, kinds = told.rows.to_pandas(), told.kinds.to_pandas()
    beside = kinds.loc[rows["kind"]].reset_index(drop=True)
    return pd.concat([rows, beside], axis=1).assign(patient_id=[names[place] for place in rows["patient"]])


def test_every_version_of_the_patients_asked_for_and_known_by_then(any_store: Store) -> None:
    odd = {"method": '","]\\ \x1f', "unit_text": 'µg/"L"'}
    tell(any_store, lab(1, 900.0), lab(2, 0.1 + 0.2, hours=6, **odd), lab(3, 5.0, patient=NAMES[1]))
    asked = queries.observations(any_store, as_of=LATER)
    as_of = microseconds(LATER)
    with facts.reading(facts.door(any_store), alone=False) as reader:
        read = reader.facts(NAMES, as_of)
        few = reader.facts(NAMES[:1], as_of, ["value"])
        nobody = reader.facts(NAMES[:1], 0)
    columns = ["patient_id", "ref", "value", "value_text", *WORDS]
    left, right = (
        frame[columns].sort_values(["patient_id", "ref"], ignore_index=True) for frame in (asked, whole(read))
    )
    assert left.to_dict("records") == right.to_dict("records")
    assert sorted(zip(few.rows["patient"].to_pylist(), few.rows["value"].to_pylist(), strict=True)) == [
        (0, 0.1 + 0.2),
        (0, 900.0),
    ]
    assert few.rows.column_names == ["patient", "kind", "value"]
    assert (len(nobody.rows), len(nobody.kinds), nobody.kinds.schema) == (0, 0, facts.KINDS)


def test_what_is_measured_alike_is_said_once(any_store: Store) -> None:
    tell(any_store, *(lab(number, 900.0 + number, hours=number) for number in range(1, 6)), lab(9, 3.0, unit="g/L"))
    as_of = microseconds(LATER)
    with facts.reading(facts.door(any_store), alone=False) as reader:
        told = reader.facts(["P1"], as_of)
    assert (len(told.rows), len(told.kinds)) == (6, 2)


def read_alone(place: facts.Door, as_of: int) -> tuple[facts.Facts, bool]:
    """In a process of its own; whether polars, which the driver's DB-API takes where it is there, was loaded for it."""
    with facts.reading(place, alone=True) as reader:
        reader.facts(["nobody"], as_of)
        return reader.facts(NAMES, as_of), "polars" in sys.modules


@pytest.mark.parametrize("without", ["FALSE", "ref = 2", "TRUE"])
def test_the_arrow_driver_brings_the_same_and_nothing_that_is_not_needed(any_store: Store, without: str) -> None:
    """Also of rows that have no number for their words: of none, of some, of all."""
    odd = {"method": '","]\\ \x1f', "unit_text": 'µg/"L"', "reference_high": 400.5}
    tell(any_store, lab(1, 900.0), lab(2, 0.1 + 0.2, hours=6, issued=7, **odd), lab(3, 5.0, patient=NAMES[1]))
    as_of = microseconds(LATER)
    with any_store.writing() as connection:
        connection.execute(text(f"UPDATE observation SET kind = NULL WHERE {without}"))
    place = facts.door(any_store)
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        read, polars = apart.submit(read_alone, place, as_of).result()
    with facts.reading(place, alone=False) as reader:
        here = reader.facts(NAMES, as_of)
    assert read.rows.schema == here.rows.schema
    left, right = (whole(told).sort_values("ref", ignore_index=True).drop(columns="kind") for told in (read, here))
    pd.testing.assert_frame_equal(left, right)
    assert left["reference_high"].tolist()[1] == 400.5
    assert len(left) == 3
    assert not polars
