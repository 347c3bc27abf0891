"""Results of one number have the same words, in whatever way they were written, and are read as those without one."""

from __future__ import annotations

from itertools import count
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from storage import facts, kinds, merges
from storage.copying import copy_into
from storage.engine import Store, open_store
from storage.integrity import row_faults
from storage.tables import METADATA, SHARED
from storage.writes import append
from tests.storage.facts import HOUR, LATER, MORNING, batch, lab, tell
from tests.storage.test_facts import microseconds, whole

TABLE = METADATA.tables["observation"]
NAMES = ["P1", "P2", "P3"]
WORDS: dict[str, Any] = {
    "analyte": ["ferritin", "crp"],
    "comparator": ["", "<"],
    "unit": ["ug/L", "mg/L"],
    "unit_text": ["ng/mL", 'µg/"L"', ""],
    "loinc": ["", "2276-4"],
    "method": ["", "1", '","]\\ \x1f'],
    "specimen": ["", "serum"],
    "status": ["final", "entered-in-error"],
}
TOLD = some.lists(
    some.fixed_dictionaries(
        {name: some.sampled_from(words) for name, words in WORDS.items()}
        | {"ref": some.integers(1, 6), "patient": some.sampled_from(NAMES), "value": some.integers(1, 9)}
    ),
    max_size=8,
)
DELIVERIES = some.lists(some.tuples(some.sampled_from(["lab", "ward"]), TOLD), max_size=4)
LEFT = ["FALSE", "ref % 2 = 0", "TRUE"]  # of whom the number is taken away, one after the other


def combinations(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        rows = connection.execute(text(f"SELECT DISTINCT kind, {', '.join(SHARED)} FROM observation"))
        return [tuple(row) for row in rows]


def taken_away(store: Store, of: str) -> None:
    with store.writing() as connection:
        connection.execute(text(f"UPDATE observation SET kind = NULL WHERE {of}"))


def read(store: Store) -> pd.DataFrame:
    with facts.reading(facts.door(store), alone=False) as reader:
        told = whole(reader.facts(NAMES, microseconds(LATER)), NAMES).drop(columns="kind")
    return told.sort_values(["patient_id", "ref", "version"], ignore_index=True)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(deliveries=DELIVERIES)
def test_rows_of_one_number_have_the_same_words_however_they_were_written(
    any_store: Store, deliveries: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    with any_store.writing() as connection:
        connection.execute(TABLE.delete())
    for at, (source, rows) in enumerate(deliveries):
        told = [lab(**row, hours=row["ref"], digest=number) for number, row in enumerate(rows, at * 100)]
        if told:
            append(any_store, batch(at, observations=told, source=source))
    found = combinations(any_store)
    assert len({kind for kind, *_ in found} - {None}) == len(found)
    assert row_faults(any_store) == []
    before = read(any_store)
    for of in LEFT:
        taken_away(any_store, of)
        pd.testing.assert_frame_equal(read(any_store), before)


@given(rows=some.lists(some.tuples(some.text(max_size=3), some.text(max_size=1), some.integers(1, 2)), min_size=1))
@settings(deadline=None)
@pytest.mark.parametrize("most", [kinds.MOST, 4], ids=["enough", "counted anew on the way"])
def test_many_rows_at_once_get_the_numbers_that_each_would_get(most: int, rows: list[tuple[str, str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kinds, "MOST", most)
        columns = {name: pa.array(column) for name, column in zip("abc", zip(*rows, strict=True), strict=True)}
        told = kinds.numbers("abcd", columns, {"d": "same"}, len(rows))
    numbers = told.to_pylist() if isinstance(told, pa.Array) else [told] * len(rows)
    assert numbers == [kinds.number([*row, "same"]) for row in rows]


def test_words_that_would_run_together_have_numbers_of_their_own() -> None:
    told = [["a", "b"], ["ab", ""], ["", "ab"], ['a","b', ""], ["a", "b", ""], ["1", ""], [1, ""]]
    numbers = {kinds.number(words) for words in told}
    assert len(numbers) == len(told)
    assert all(-(2**63) <= number < 2**63 for number in numbers)


def test_what_is_moved_to_another_store_keeps_its_numbers_and_those_that_have_none(
    any_store: Store, tmp_path: Any
) -> None:
    tell(any_store, lab(1, 900), lab(2, 800, hours=1), lab(1, 700, digest=1))
    merges.say(any_store, "P1", "P2", at=MORNING + HOUR, by="A", reason="one", source="", run_id="m")
    taken_away(any_store, "ref = 2")
    copy_into(any_store, f"sqlite:///{tmp_path}/copy.db")
    copy = open_store(f"sqlite:///{tmp_path}/copy.db")
    assert sorted(combinations(copy), key=str) == sorted(combinations(any_store), key=str)
    assert {kind is None for kind, *_ in combinations(copy)} == {True, False}
    pd.testing.assert_frame_equal(read(copy), read(any_store))
    copy.close()


def test_the_words_of_every_number_are_asked_for_once(any_store: Store) -> None:
    tell(any_store, *(lab(number, 900, hours=number, patient=NAMES[number % 3]) for number in range(1, 10)))
    with facts.reading(facts.door(any_store), alone=False) as reader:
        asked, words = count(), reader._way.words
        reader._way = facts._Way(reader._way.rows, lambda of: (next(asked), *words(of))[1:], reader._way.moment)
        for name in NAMES:
            reader.facts([name], microseconds(LATER))
    assert next(asked) == 1
