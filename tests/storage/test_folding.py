"""Facts kept in memory get the versions and counts that a store gives them."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from storage import queries
from storage.engine import Store
from storage.folding import Fold
from storage.frames import OBSERVATIONS
from storage.writes import Batch, append
from tests.storage.facts import LATER, batch, dose, finding, lab

VALUES = [100.0, 200.0, 300.0]
ISSUED = [None, 1, 2]
READS = {"observations": queries.observations, "doses": queries.doses, "findings": queries.findings}


def deliveries(seed: int) -> list[Batch]:
    """Files that repeat, correct and contradict each other, some of them delivered again."""
    dice = random.Random(seed)
    made: list[Batch] = []
    for place in range(8):
        labs = [
            lab(dice.randrange(4), dice.choice(VALUES), patient=dice.choice("AB"), issued=dice.choice(ISSUED))
            for _ in range(dice.randrange(1, 7))
        ]
        more = {"doses": [dose(dice.randrange(2), 500.0 + place)], "findings": [finding(1, dice.choice(["yes", "no"]))]}
        told = batch(place, observations=labs, taken_file=(f"digest {place}", "labs.csv"), **more)
        made.append(dice.choice([told, told, *made]))
    return made


@pytest.mark.parametrize("seed", range(10))
def test_any_deliveries_are_kept_in_memory_as_in_a_store(store: Store, seed: int) -> None:
    fold = Fold()
    for told in deliveries(seed):
        assert fold.add(told) == append(store, told)
    for name, read in READS.items():
        pd.testing.assert_frame_equal(fold.frame(name), read(store, as_of=LATER))
    assert fold.named() == set(queries.patients(store, as_of=LATER)["patient_id"])


def test_nothing_told_is_an_empty_frame_of_the_promised_shape() -> None:
    assert Fold().frame("observations").dtypes.astype(str).to_dict() == OBSERVATIONS
    assert Fold().named() == set()
