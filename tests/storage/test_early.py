"""What is read straight from the driver is what queries give, on either engine; and where it is not, nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from storage import merges, queries
from storage.accesses import accesses
from storage.early import early
from storage.engine import Store
from storage.framed import framed, people
from storage.frames import DOSES, FINDINGS, OBSERVATIONS
from storage.revisions import head
from storage.writes import append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

BORN = [
    {"patient_id": "P1", "birth_date": "2019", "admitted_at": MORNING, "weight_kg": 14.5},
    {"patient_id": "Pä", "sex": "female", "context": "sJIA"},
]
ORDER = {"observation": "collected_at", "dose": "started_at", "finding": "observed_at"}


def filled(store: Store) -> None:
    tell(store, lab(1, 900.0, issued=1), lab(2, 0.1, hours=6, method='"µ'), lab(3, 5.0, patient="Pä"))
    tell(store, lab(1, 950.0, issued=2), at=3)
    append(store, batch(4, patients=BORN, doses=[dose(4, 30.0)], findings=[finding(5, "yes", patient="Pä")]))
    append(store, batch(5, patients=[{"patient_id": "P1", "birth_date": "2019-03-09"}]))


@pytest.mark.parametrize("hours", [3, 4, 400])
def test_the_frames_are_those_of_queries(any_store: Store, hours: int) -> None:
    filled(any_store)
    as_of, names = MORNING + hours * HOUR, ["P1", "Pä"]
    with early(any_store.url) as store:
        assert store
        told = {table: store.facts(table, names, as_of, (time, "ref", "version")) for table, time in ORDER.items()}
        said = store.facts("patient", names, as_of)
        assert (sorted(store.names(as_of)[0]), store.how_many(names)) == (queries.names(any_store, as_of=as_of), 4)
    asked = {"as_of": as_of, "patients": names}
    pd.testing.assert_frame_equal(people(said), queries.patients(any_store, **asked))
    pd.testing.assert_frame_equal(framed(told["observation"], OBSERVATIONS), queries.observations(any_store, **asked))
    pd.testing.assert_frame_equal(framed(told["dose"], DOSES), queries.doses(any_store, **asked))
    pd.testing.assert_frame_equal(framed(told["finding"], FINDINGS), queries.findings(any_store, **asked))


def test_whose_history_is_read_under_another_s_is_known(any_store: Store) -> None:
    tell(any_store, *(lab(number, 900.0, patient=f"P{number}") for number in range(1, 5)))
    said = [("P3", "P2"), ("P2", "P1"), ("P4", "P1"), ("P4", "")]
    for hours, (name, into) in enumerate(said):
        at = MORNING + hours * HOUR
        merges.say(any_store, name, into, at=at, by="Dr Weber", reason="one", source="hand", run_id="m")
    for hours in range(len(said)):
        as_of = MORNING + hours * HOUR
        with early(any_store.url) as store:
            assert store
            assert store.names(as_of)[1] == merges.merged(any_store, as_of=as_of).into.to_dict()


def test_an_access_is_noted_as_always(any_store: Store) -> None:
    with early(any_store.url) as store:
        assert store
        store.note(LATER, "command line", "export -", ["P1", "P2"])
    told = accesses(any_store)
    assert [tuple(row) for row in told.sort_values("patient_id").to_numpy().tolist()] == [
        (pd.Timestamp(LATER), "command line", "export -", name) for name in ("P1", "P2")
    ]


def test_a_store_of_another_schema_is_left_to_the_ordinary_way(any_store: Store) -> None:
    with _schema_of(any_store, "9999"), early(any_store.url) as store:
        assert store is None
    with early(any_store.url) as store:
        assert store


@contextmanager
def _schema_of(store: Store, revision: str) -> Iterator[None]:
    """For a while: a server's store is there for other tests too."""
    change = text("UPDATE alembic_version SET version_num = :revision")
    with store.writing() as connection:
        connection.execute(change, {"revision": revision})
    try:
        yield
    finally:
        with store.writing() as connection:
            connection.execute(change, {"revision": head()})


def test_several_hosts_are_left_to_the_ordinary_way() -> None:
    for hosts in ("host=a:5432&host=b:5432", "host=a,b", "port=1&host=a&host=b"):
        with early(f"postgresql+psycopg://ward@/ward?{hosts}") as store:
            assert store is None


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="unable to open"), early(f"sqlite:///{tmp_path / 'none.db'}"):
        pass
    assert [*tmp_path.iterdir()] == []
