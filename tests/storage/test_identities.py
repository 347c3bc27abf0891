"""Numbers of several authorities: the same number of two is two patients; a source's own names mean who was said."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from storage import identities, queries
from storage.engine import Store
from storage.identities import local
from storage.writes import append
from tests.storage.facts import LATER, MORNING, batch, frame, lab


def told(store: Store, ref: int, number: str, authority: str = "", *, at: float = 0) -> None:
    append(store, batch(at, observations=[lab(ref, ref * 100, patient=number, authority=authority)]))


def patients(store: Store) -> dict[float, str]:
    """Value -> whose it is."""
    values = queries.observations(store, as_of=LATER)
    return dict(zip(values["value"].tolist(), values["patient_id"].tolist(), strict=True))


def said(*pairs: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["patient_id", "authority", "alias", "alias_authority"], dtype="str")


def test_one_authority_knows_its_patients_by_the_bare_number(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    told(any_store, 2, "100", "NORTH", at=1)
    assert patients(any_store) == {100: "100", 200: "100"}


def test_the_same_number_of_two_authorities_is_two_patients(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    told(any_store, 2, "100", "SOUTH", at=1)
    told(any_store, 3, "100", "NORTH", at=2)
    told(any_store, 4, "100", "SOUTH", at=3)
    assert patients(any_store) == {100: "100", 200: "100@SOUTH", 300: "100", 400: "100@SOUTH"}


def test_two_authorities_in_one_batch_stay_apart_too(any_store: Store) -> None:
    rows = [lab(1, 100, patient="100", authority="SOUTH"), lab(2, 200, patient="100", authority="NORTH")]
    append(any_store, batch(observations=rows))
    assert patients(any_store) == {100: "100@SOUTH", 200: "100"}


def test_who_names_no_authority_means_the_only_one_of_that_number(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    told(any_store, 2, "100", at=1)
    assert patients(any_store) == {100: "100", 200: "100"}


def test_an_authority_takes_over_a_number_that_nobody_had_assigned(any_store: Store) -> None:
    told(any_store, 1, "100")
    told(any_store, 2, "100", "NORTH", at=1)
    told(any_store, 3, "100", "SOUTH", at=2)
    told(any_store, 4, "100", at=3)
    assert patients(any_store) == {100: "100", 200: "100", 300: "100@SOUTH", 400: "100"}


def test_a_number_of_several_without_an_authority_is_a_patient_apart(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    told(any_store, 2, "100", "SOUTH", at=1)
    told(any_store, 3, "100", at=2)
    assert patients(any_store) == {100: "100", 200: "100@SOUTH", 300: "100@?"}


def test_a_number_that_looks_like_a_name_given_here_is_not_taken_for_it(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    told(any_store, 2, "100", "SOUTH", at=1)
    told(any_store, 3, "100@SOUTH", "NORTH", at=2)
    assert patients(any_store)[200] == "100@SOUTH"
    assert patients(any_store)[300] not in ("100", "100@SOUTH")


def test_a_source_s_own_names_mean_whom_it_said_they_mean(any_store: Store) -> None:
    own = local("lis")
    append(any_store, batch(identifiers=said(("P100", "urn:mrn", "7", own))))
    told(any_store, 1, "7", own, at=1)
    told(any_store, 2, "P100", "urn:mrn", at=2)
    assert patients(any_store) == {100: "P100", 200: "P100"}


def test_a_source_s_own_names_never_meet_the_numbers_of_others(any_store: Store) -> None:
    own = local("lis")
    told(any_store, 1, "7")
    append(any_store, batch(1, identifiers=said(("P100", "urn:mrn", "7", own), ("8", own, "8", own))))
    told(any_store, 2, "7", at=2)
    told(any_store, 3, "8", own, at=3)
    told(any_store, 4, "8", at=4)
    assert patients(any_store) == {100: "7", 200: "7", 300: "8@lis", 400: "8"}


def test_a_patient_who_gets_a_number_later_stays_the_same(any_store: Store) -> None:
    own = local("lis")
    append(any_store, batch(identifiers=said(("7", own, "7", own))))
    told(any_store, 1, "7", own, at=1)
    append(any_store, batch(2, identifiers=said(("P100", "urn:mrn", "7", own))))
    told(any_store, 2, "P100", "urn:mrn", at=3)
    assert patients(any_store) == {100: "7@lis", 200: "7@lis"}


def test_what_a_number_means_is_known_from_when_it_was_told(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH", at=1)
    known: Any = identities.of_patients(any_store, ["100"], as_of=LATER).to_dict("records")
    assert known == [{"number": "100", "authority": "NORTH", "patient_id": "100"}]
    assert identities.of_patients(any_store, ["100"], as_of=MORNING).empty


def test_nothing_is_written_by_asking_whom_a_number_would_mean(any_store: Store) -> None:
    told(any_store, 1, "100", "NORTH")
    asked = frame(lab(1, 1, patient="100", authority="SOUTH"), lab(2, 2, patient="100"))
    assert identities.resolved(any_store, asked)["patient_id"].tolist() == ["100@SOUTH", "100@?"]
    assert len(identities.of_numbers(any_store, ["100"])) == 1


@pytest.mark.parametrize("count", [3, 700])
def test_many_patients_of_a_batch_are_found_again(store: Store, count: int) -> None:
    rows = [lab(place, place, patient=f"N{place}", authority="NORTH") for place in range(count)]
    for at in (0, 1):
        counts = append(store, batch(at, observations=rows))["observations"]
        assert (counts.new, counts.unchanged) == ((count, 0) if at == 0 else (0, count))
    assert len(identities.of_numbers(store, [row["patient_id"] for row in rows])) == count
