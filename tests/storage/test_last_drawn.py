"""When each analyte of a patient was last drawn: as it was known then, of values that stand."""

from __future__ import annotations

import pandas as pd
import pytest

from storage.engine import Store
from storage.last_drawn import last_drawn, newest
from tests.storage.facts import HOUR, LATER, MORNING, lab, tell


def test_the_newest_value_that_stands_counts_however_long_ago(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=48), lab(3, 100, hours=72), at=80)
    tell(any_store, lab(4, 100, hours=90, patient="P2"), at=91)
    tell(any_store, lab(3, 100, hours=72, status="entered-in-error", digest=1), at=95)
    tell(any_store, lab(2, 100, hours=36, digest=1), at=100)  # it was drawn earlier than was told at first
    assert last_drawn(any_store, "P1", as_of=MORNING + 90 * HOUR) == {"ferritin": pd.Timestamp(MORNING + 72 * HOUR)}
    assert last_drawn(any_store, "P1", as_of=MORNING + 96 * HOUR) == {"ferritin": pd.Timestamp(MORNING + 48 * HOUR)}
    assert last_drawn(any_store, "P1", as_of=LATER) == {"ferritin": pd.Timestamp(MORNING + 36 * HOUR)}
    assert last_drawn(any_store, "nobody", as_of=LATER) == {}


@pytest.mark.parametrize(("without", "hours"), [((), 48), (("crp",), 24), (("crp", "ferritin"), None)])
def test_the_newest_within_a_stretch_is_of_any_analyte_but_those_named(
    any_store: Store, without: tuple[str, ...], hours: int | None
) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 5, hours=48, analyte="crp"), lab(3, 100, hours=72), at=80)
    until = MORNING + 60 * HOUR
    stretch = pd.DataFrame({"patient_id": ["P1"], "since": [pd.Timestamp(MORNING)], "until": [pd.Timestamp(until)]})
    told = newest(any_store, stretch, as_of=LATER, without=without)
    wanted = [] if hours is None else [["P1", pd.Timestamp(MORNING + hours * HOUR)]]
    assert told.to_numpy().tolist() == wanted
