"""Patients' rows that waited: what was said since stays, whatever they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.overtaken import not_overtaken
from storage import queries
from storage.engine import Store, open_store
from storage.writes import Batch, append
from tests.storage.facts import LATER, MORNING

FHIR = "fhir"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/maswatch.db")) as opened:
        yield opened


def told(context: str | None, name: str = "c1") -> pd.DataFrame:
    return pd.DataFrame({"patient_id": ["P1"], "source_id": [name], "context": [context], "told_at": pd.NaT})


def waited(store: Store, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is left of a row that came the day before."""
    came = pd.DataFrame({"received_at": [pd.Timestamp(MORNING - timedelta(days=1))], "file": ["f"], "line": [1]})
    return not_overtaken(store, LATER, {"patients": frame}, came)[0]


def taken(store: Store, frame: pd.DataFrame, run: str) -> str:
    append(store, Batch(run, FHIR, LATER if run == "later" else MORNING, patients=frame))
    return str(queries.patients(store, as_of=LATER).iloc[0]["context"])


def test_a_diagnosis_that_waited_does_not_take_back_what_it_was_told_anew_as(store: Store) -> None:
    assert taken(store, told("sJIA"), "now") == "sJIA"
    left = waited(store, told("infection"))
    assert left == {}


def test_one_that_waited_is_taken_where_nobody_said_a_context_since(store: Store) -> None:
    bed = pd.DataFrame({"patient_id": ["P1"], "bed": ["7"]})
    append(store, Batch("now", FHIR, MORNING, patients=bed))
    left = waited(store, told("infection"))
    assert taken(store, left["patients"], "later") == "infection"
