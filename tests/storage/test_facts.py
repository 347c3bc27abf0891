"""Observations read column by column for exports are those that a query gives, on either engine."""

from __future__ import annotations

import numpy as np

from storage import facts, queries
from storage.engine import Store
from tests.storage.facts import LATER, lab, tell


def test_every_version_of_the_patients_asked_for_and_known_by_then(any_store: Store) -> None:
    tell(any_store, lab(1, 900.0), lab(2, 0.1 + 0.2, hours=6), lab(3, 5.0, patient='P,"2\n'))
    told = queries.observations(any_store, as_of=LATER)
    as_of = int(np.datetime64(LATER.replace(tzinfo=None), "us").astype("int64"))
    with facts.reading(facts.door(any_store), alone=False) as reader:
        read = reader.table(["P1", 'P,"2\n'], as_of).to_pandas()
        few = reader.table(["P1"], as_of, ["patient_id", "value"])
        nobody = reader.table(["P1"], 0)
    columns = ["patient_id", "ref", "version", "analyte", "value", "comparator", "unit", "value_text", "status"]
    left, right = (frame[columns].sort_values(["patient_id", "ref"], ignore_index=True) for frame in (told, read))
    assert left.to_dict("records") == right.to_dict("records")
    assert sorted(few.to_pylist(), key=lambda row: row["value"]) == [
        {"patient_id": "P1", "value": 0.1 + 0.2},
        {"patient_id": "P1", "value": 900.0},
    ]
    assert (len(nobody), nobody.schema) == (0, facts.COLUMNS)
