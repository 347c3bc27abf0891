"""What is told again is found again: by the name that its source gave it, wherever its time went, else by its time."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from storage import known, queries
from storage.columns import UNKNOWN
from storage.engine import Store
from storage.tables import METADATA
from storage.versioning import UNCHANGED, judged
from storage.writes import Counts, append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

OBSERVATION = METADATA.tables["observation"]


def drawn(store: Store) -> list[tuple[str, int, int, float]]:
    """Of everything stored the patient, ref, version and hour."""
    told = queries.observations(store, as_of=LATER)
    hours = ((told["collected_at"] - MORNING) / HOUR).tolist()
    return sorted(zip(told["patient_id"], told["ref"].tolist(), told["version"].tolist(), hours, strict=True))


def test_a_named_value_is_found_whatever_time_it_was_moved_to(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 50, hours=24))
    assert tell(any_store, lab(1, 100, hours=30, digest=1), at=40) == Counts(corrected=1)
    assert tell(any_store, lab(1, 100, hours=2, digest=2), at=50) == Counts(corrected=1)
    assert tell(any_store, lab(1, 100, hours=2, digest=2), at=60) == Counts(unchanged=1)
    assert drawn(any_store) == [("P1", 1, 1, 24), ("P1", 1, 2, 30), ("P1", 1, 3, 2), ("P1", 2, 1, 24)]


def test_what_has_no_name_is_found_by_its_time(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24, source_id=""), lab(2, 50, hours=24, source_id=""))
    assert tell(any_store, lab(1, 120, hours=24, source_id=""), at=40) == Counts(corrected=1)
    assert tell(any_store, lab(2, 50, hours=24, source_id=""), at=40) == Counts(unchanged=1)
    given, seen = {**dose(3, 40), "source_id": ""}, {**finding(4, "yes"), "source_id": ""}
    first = append(any_store, batch(50, doses=[given], findings=[seen]))
    assert first == {"doses": Counts(new=1), "findings": Counts(new=1)}
    again = append(any_store, batch(60, doses=[{**given, "digest": 1}], findings=[seen]))
    assert again == {"doses": Counts(corrected=1), "findings": Counts(unchanged=1)}


def test_two_sources_may_use_one_name_and_one_name_may_stand_for_a_panel(any_store: Store) -> None:
    tell(any_store, *(lab(ref, ref, source_id="A7") for ref in range(1, 31)))
    assert tell(any_store, lab(100, 5, source_id="A7"), lab(7, 8, source_id="A7"), at=9) == Counts(new=1, corrected=1)


# longer, other alphabets, and more tellings than are looked for at once; a server may sort words otherwise
NAMES = [f"L{number}" for number in range(9_950, 10_080)] + ["a", "B", "Ä-1", "z", "ñ", "l-2", "L-3", "", "\U0001f9ea"]


def test_names_of_any_kind_are_found_among_many_in_any_order(any_store: Store) -> None:
    rows = [lab(ref, 10 + ref, hours=ref % 5, source_id=name) for ref, name in enumerate(NAMES, 1)]
    assert tell(any_store, *rows) == Counts(new=len(NAMES))
    some_moved = [{**row, "digest": -row["ref"]} if row["ref"] % 10 == 0 else row for row in reversed(rows)]
    assert tell(any_store, *some_moved, at=12) == Counts(corrected=13, unchanged=len(NAMES) - 13)


def test_a_name_with_what_a_server_cannot_hold_is_found_as_it_was_kept(any_store: Store) -> None:
    tell(any_store, lab(1, 100, source_id="A\x001"))
    assert tell(any_store, lab(1, 120, source_id="A\x001"), at=12) == Counts(corrected=1)


class Told(NamedTuple):
    patient: str
    ref: int
    named: bool
    hour: int
    digest: int


tellings = some.lists(
    some.builds(
        Told, some.sampled_from(["P1", "P2"]), some.integers(1, 4), some.booleans(), some.integers(0, 2),
        some.integers(1, 3),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
example = count()


@given(some.lists(tellings, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_versions_are_those_that_a_look_through_everything_gives(store: Store, told: list[list[Told]]) -> None:
    ward = f"ward {next(example)} "  # other patients for each example, in one store
    held: list[dict[str, Any]] = []
    for at, rows in enumerate(told):
        labs = [_row(ward, one) for one in rows]
        held += _news(held, labs)
        tell(store, *labs, at=at)
    stored = [row for row in drawn(store) if row[0].startswith(ward)]
    assert stored == sorted((row["patient_id"], row["ref"], row["version"], row["hour"]) for row in held)


def _row(ward: str, one: Told) -> dict[str, Any]:
    """What has no name has its time in its `ref`."""
    ref = one.ref if one.named else 10 * one.ref + one.hour
    more = {} if one.named else {"source_id": ""}
    return lab(ref, 1, hours=one.hour, patient=ward + one.patient, digest=one.digest, hour=one.hour, **more)


def _news(held: list[dict[str, Any]], labs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ["patient_id", "ref", "digest", "version"]
    past = pd.DataFrame(held, columns=names).astype({"patient_id": "str", "ref": "int64", "digest": "int64"})
    now = pd.DataFrame(labs, columns=names).astype({"patient_id": "str"})
    verdict, version = judged(now.assign(resulted_at=UNKNOWN), past.assign(resulted_at=UNKNOWN), taken=False)
    return [labs[place] | {"version": int(version[place])} for place in np.flatnonzero(verdict != UNCHANGED)]


WANTED = pd.DataFrame(
    {"patient_id": ["P1", "P1"], "ref": [1, 2], "source_id": ["R1", ""], "at": [int(MORNING.timestamp()) * 10**6] * 2}
).astype({"patient_id": "str", "source_id": "str"})


def plans(store: Store, monkeypatch: pytest.MonkeyPatch, explain: str) -> list[str]:
    """How the store goes about each look-up of a value with a name and of one without."""
    tell(store, lab(1, 100), lab(2, 100, source_id=""))
    read, found = known.bulk.looked_up, []

    def told(cursor: Any, dialect: str, statement: str) -> list[tuple[Any, ...]]:
        found.append("\n".join(str(row[-1]) for row in cursor.execute(f"{explain} {statement}")))
        return read(cursor, dialect, statement)

    monkeypatch.setattr(known.bulk, "looked_up", told)
    with store.writing() as connection:
        if store.dialect != "sqlite":  # of two rows it would read the table
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        assert known.versions_of(connection, OBSERVATION, WANTED, "collected_at")["ref"].tolist() == [1, 2]
    return found


@pytest.mark.sqlite
def test_sqlite_looks_for_names_and_times_along_an_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    near_name, name, near_time, time = plans(store, monkeypatch, "EXPLAIN QUERY PLAN")
    assert "USING COVERING INDEX ix_observation_source (patient_id=? AND source_id>? AND source_id<?)" in near_name
    assert "USING INDEX ix_observation_source (patient_id=? AND source_id=? AND ref=?)" in name
    assert "USING PRIMARY KEY (patient_id=? AND collected_at>? AND collected_at<?)" in near_time
    assert "USING PRIMARY KEY (patient_id=? AND collected_at=? AND ref=?)" in time


@pytest.mark.postgresql
def test_a_server_looks_for_names_and_times_along_an_index(
    server_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    near_name, name, _, time = plans(server_store, monkeypatch, "EXPLAIN (COSTS OFF)")
    for plan in (near_name, name):
        assert "using ix_observation_source" in plan
        assert "source_id" in plan.partition("Index Cond")[2]
    assert "using pk_observation" in time
