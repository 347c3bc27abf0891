"""Two identifiers of one person: what is read moves, what is stored does not, and all of it can be undone."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from storage import merges, queries
from storage.engine import Store
from storage.versions import current
from storage.writes import append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

OLD, NEW = "P099", "P100"


def hour(at: float) -> datetime:
    return MORNING + at * HOUR


def told(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([(*pair, "ADT A40") for pair in pairs], columns=["patient_id", "into", "reason"], dtype="str")


def merge(store: Store, *pairs: tuple[str, str], at: float) -> Any:
    return append(store, batch(at, merges=told(*pairs)))["merges"]


def by_hand(store: Store, patient: str, into: str, *, at: float) -> None:
    merges.say(store, patient, into, at=hour(at), by="Dr A", reason="same child", source="by hand", run_id="run")


def values(store: Store, *, at: float = 1000, **asked: Any) -> list[tuple[str, float]]:
    found = current(queries.observations(store, as_of=hour(at), **asked))
    return list(found[["patient_id", "value"]].itertuples(index=False, name=None))


def standing(store: Store, *, at: float = 1000) -> dict[str, str]:
    return {str(name): str(into) for name, into in merges.merged(store, as_of=hour(at)).into.items()}


def test_a_merge_moves_the_history_from_when_it_was_known(any_store: Store) -> None:
    tell(any_store, lab(1, 700, patient=OLD), lab(2, 900, hours=1, patient=NEW), at=2)
    before = [(OLD, 700.0), (NEW, 900.0)]
    counts = merge(any_store, (OLD, NEW), at=4)
    assert (counts.new, counts.unchanged) == (1, 0)
    assert values(any_store) == [(NEW, 700.0), (NEW, 900.0)]
    assert values(any_store, at=3) == before
    assert values(any_store, apart=True) == before


def test_whoever_asks_for_either_is_told_of_both(any_store: Store) -> None:
    tell(any_store, lab(1, 700, patient=OLD), lab(2, 900, hours=1, patient=NEW), lab(3, 5, patient="P200"))
    merge(any_store, (OLD, NEW), at=4)
    for name in (OLD, NEW):
        assert values(any_store, patients=[name]) == [(NEW, 700.0), (NEW, 900.0)]
    assert values(any_store, patients=[OLD], at=3) == [(OLD, 700.0)]


def test_doses_and_findings_move_too(any_store: Store) -> None:
    append(any_store, batch(doses=[dose(1, 30, patient=OLD)], findings=[finding(1, "yes", patient=OLD)]))
    merge(any_store, (OLD, NEW), at=4)
    for read in (queries.doses, queries.findings):
        assert read(any_store, as_of=LATER)["patient_id"].tolist() == [NEW]
        assert read(any_store, as_of=hour(3))["patient_id"].tolist() == [OLD]


def test_what_comes_later_under_the_old_number_lands_with_the_one_who_stays(any_store: Store) -> None:
    tell(any_store, lab(1, 700, patient=OLD))
    merge(any_store, (OLD, NEW), at=4)
    tell(any_store, lab(2, 800, hours=5, patient=OLD), at=6)
    assert values(any_store) == [(NEW, 700.0), (NEW, 800.0)]


def test_an_undone_merge_leaves_everything_where_it_came_from(any_store: Store) -> None:
    tell(any_store, lab(1, 700, patient=OLD), lab(2, 900, hours=1, patient=NEW))
    merge(any_store, (OLD, NEW), at=4)
    by_hand(any_store, OLD, "", at=6)
    assert values(any_store) == [(OLD, 700.0), (NEW, 900.0)]
    assert values(any_store, at=5) == [(NEW, 700.0), (NEW, 900.0)]
    assert merges.merged(any_store, as_of=LATER).parted == {NEW}


def test_the_same_telling_again_does_not_overrule_a_person(any_store: Store) -> None:
    merge(any_store, (OLD, NEW), at=4)
    by_hand(any_store, OLD, "", at=6)
    counts = merge(any_store, (OLD, NEW), at=8)
    assert (counts.new, counts.unchanged) == (0, 1)
    assert standing(any_store) == {}


def test_one_merge_after_the_other_leads_to_the_last(any_store: Store) -> None:
    tell(any_store, lab(1, 700, patient="A"))
    merge(any_store, ("A", "B"), at=1)
    merge(any_store, ("B", "C"), ("C", "D"), at=2)
    assert values(any_store) == [("D", 700.0)]
    assert values(any_store, at=1) == [("B", 700.0)]
    by_hand(any_store, "B", "", at=3)
    assert standing(any_store) == {"A": "B", "C": "D"}


def test_of_two_merges_that_lead_in_a_circle_the_newer_counts(any_store: Store) -> None:
    merge(any_store, ("A", "B"), at=1)
    merge(any_store, ("B", "A"), at=2)
    assert standing(any_store) == {"B": "A"}
    merge(any_store, ("A", "C"), at=3)
    merge(any_store, ("C", "B"), at=4)
    assert standing(any_store) == {"A": "B", "C": "B"}


def test_a_second_merge_of_one_record_takes_the_place_of_the_first(any_store: Store) -> None:
    merge(any_store, ("A", "B"), at=1)
    assert merge(any_store, ("A", "C"), at=2).corrected == 1
    assert standing(any_store) == {"A": "C"}


def test_a_result_told_under_both_numbers_counts_once(any_store: Store) -> None:
    tell(any_store, lab(7, 700, patient=OLD), at=1)
    tell(any_store, lab(7, 700, patient=NEW), at=2)
    tell(any_store, lab(7, 7000, patient=OLD), at=3)
    merge(any_store, (OLD, NEW), at=4)
    found = queries.observations(any_store, as_of=LATER)
    assert found["version"].tolist() == [1, 2, 3]
    assert values(any_store) == [(NEW, 7000.0)]
    assert sorted(values(any_store, at=3)) == [(OLD, 7000.0), (NEW, 700.0)]


def test_a_result_withdrawn_under_the_old_number_is_withdrawn(any_store: Store) -> None:
    tell(any_store, lab(7, 700, patient=NEW), at=1)
    tell(any_store, lab(7, 700, patient=OLD), at=2)
    tell(any_store, lab(7, 1, patient=OLD, status="entered-in-error"), at=3)
    merge(any_store, (OLD, NEW), at=4)
    assert values(any_store) == []


def test_the_one_who_stays_is_believed_and_the_other_fills_gaps(any_store: Store) -> None:
    first: Any = [{"patient_id": NEW, "sex": "female", "ward": "PICU"}]
    append(any_store, batch(1, patients=first))
    append(any_store, batch(2, patients=[{"patient_id": OLD, "sex": "male", "birth_date": "2015-03-04", "bed": "9"}]))
    merge(any_store, (OLD, NEW), at=4)
    (row,) = queries.patients(any_store, as_of=LATER).to_dict("records")
    assert (row["patient_id"], row["sex"], row["birth_date"]) == (NEW, "female", "2015-03-04")
    assert (row["ward"], row["bed"]) == ("PICU", "")  # the other's bed is no bed in this one's ward
    assert queries.patients(any_store, as_of=hour(3))["patient_id"].tolist() == [OLD, NEW]
    assert queries.names(any_store, as_of=LATER) == [NEW]
    assert queries.names(any_store, as_of=hour(3)) == [OLD, NEW]
    assert queries.names(any_store, as_of=hour(1)) == [NEW]
    assert queries.names(any_store, as_of=hour(0)) == []


def test_what_is_said_under_the_old_number_after_the_merge_is_news_of_the_one_who_stays(any_store: Store) -> None:
    append(any_store, batch(1, patients=[{"patient_id": NEW, "ward": "PICU"}, {"patient_id": OLD, "ward": "B2"}]))
    merge(any_store, (OLD, NEW), at=4)
    append(any_store, batch(5, patients=[{"patient_id": OLD, "ward": "ICU"}]))
    assert queries.patients(any_store, as_of=LATER)["ward"].tolist() == ["ICU"]
    assert queries.patients(any_store, as_of=hour(4))["ward"].tolist() == ["PICU"]


def test_a_merge_is_a_change_that_a_page_sees(store: Store) -> None:
    before = queries.mark(store)
    by_hand(store, OLD, NEW, at=4)
    assert queries.mark(store) != before


def test_a_merge_of_numbers_joins_the_patients_that_they_mean(any_store: Store) -> None:
    for ref, whose in ((1, "NORTH"), (2, "SOUTH")):
        tell(any_store, lab(ref, ref, patient=OLD, authority=whose), at=ref)
    numbers = {"patient_id": [OLD], "authority": [""], "into": [NEW], "into_authority": ["SOUTH"], "reason": ["A40"]}
    append(any_store, batch(4, merges=pd.DataFrame(numbers, dtype="str")))
    assert values(any_store) == [(OLD, 1.0), (NEW, 2.0)]  # a number without authority is of the other's, where known


NAMES = st.sampled_from("ABCD")
FACTS = st.lists(st.tuples(NAMES, st.integers(1, 4), st.integers(1, 900)), min_size=1, max_size=8)
PAIRS = st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] != pair[1])


def test_a_merge_taken_back_reads_as_before(store: Store) -> None:
    wards = count()

    @settings(max_examples=8, deadline=None, database=None, derandomize=True)
    @given(facts=FACTS, joined=PAIRS)
    def holds(facts: list[tuple[str, int, int]], joined: tuple[str, str]) -> None:
        ward = f"{next(wards)}-"
        _merged_and_parted(store, [(ward + name, ref, value) for name, ref, value in facts], (ward, *joined))

    holds()


def _merged_and_parted(store: Store, facts: list[tuple[str, int, int]], ward: tuple[str, str, str]) -> None:
    everyone, (old, new) = [ward[0] + name for name in "ABCD"], (ward[0] + ward[1], ward[0] + ward[2])
    for at, some in enumerate((facts[::2], facts[1::2])):
        rows = [lab(ref, value, hours=ref, patient=patient) for patient, ref, value in some]
        said = [{"patient_id": patient, "weight_kg": float(value)} for patient, _, value in some]
        append(store, batch(at, observations=rows, patients=said) if some else batch(at))
    before = [read(store, as_of=hour(50), patients=everyone) for read in (queries.observations, queries.patients)]
    merge(store, (old, new), at=60)
    during = queries.observations(store, as_of=hour(65), patients=everyone)
    assert old not in set(during["patient_id"])
    assert len(during) == len(before[0])
    assert not during.duplicated(["patient_id", "ref", "version"]).any()
    by_hand(store, old, "", at=70)
    for at in (50, 80):
        assert_frame_equal(queries.observations(store, as_of=hour(at), patients=everyone), before[0])
        assert_frame_equal(queries.patients(store, as_of=hour(at), patients=everyone), before[1])


@pytest.mark.parametrize("into", ["", NEW])
def test_a_word_said_at_the_same_moment_takes_the_place_of_the_other(any_store: Store, into: str) -> None:
    by_hand(any_store, OLD, "P7", at=1)
    by_hand(any_store, OLD, into, at=1)
    assert standing(any_store) == ({OLD: NEW} if into else {})
