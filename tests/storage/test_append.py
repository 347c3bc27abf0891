from __future__ import annotations

from datetime import datetime
from itertools import count

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from storage import queries
from storage.engine import Store
from storage.errors import FrameRefused
from storage.frames import OBSERVATIONS
from storage.versions import current
from storage.writes import Batch, Counts, append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, frame, lab, tell


def values(store: Store, *, at: float = 9_000) -> list[float]:
    return current(queries.observations(store, as_of=MORNING + at * HOUR))["value"].tolist()


def test_a_batch_taken_in_twice_adds_nothing_the_second_time(any_store: Store) -> None:
    told = batch(
        0, observations=[lab(1, 12_000), lab(2, 9_000, hours=12)], doses=[dose(3, 60)], findings=[finding(4, "yes")],
        patients=frame({"patient_id": "P1", "weight_kg": 31.5}),
    )  # fmt: skip
    assert append(any_store, told) == {
        "observations": Counts(new=2), "doses": Counts(new=1), "findings": Counts(new=1), "patients": Counts(new=1),
    }  # fmt: skip
    before = queries.counts(any_store)
    assert append(any_store, told) == {
        "observations": Counts(unchanged=2), "doses": Counts(unchanged=1), "findings": Counts(unchanged=1),
        "patients": Counts(unchanged=1),
    }  # fmt: skip
    assert queries.counts(any_store) == before


def test_another_value_of_the_same_result_is_its_next_version_and_the_first_stays(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000))
    assert tell(any_store, lab(1, 1_200), at=12) == Counts(corrected=1)
    kept = queries.observations(any_store, as_of=LATER)
    assert kept[["version", "value"]].values.tolist() == [[1, 12_000], [2, 1_200]]
    assert values(any_store) == [1_200]
    assert values(any_store, at=11.99) == [12_000]
    assert values(any_store, at=12) == [1_200]


def test_a_file_with_a_value_and_its_correction_adds_nothing_the_second_time(any_store: Store) -> None:
    both = [lab(1, 12_000), lab(1, 1_200)]
    assert tell(any_store, *both) == Counts(new=1, corrected=1)
    assert tell(any_store, *both, at=12) == Counts(unchanged=2)
    assert values(any_store) == [1_200]


def test_a_delivery_that_comes_again_after_a_correction_corrects_nothing_back(any_store: Store) -> None:
    first = ("a1b2", "labs.csv")
    tell(any_store, lab(1, 12_000), taken_file=first)
    tell(any_store, lab(1, 1_200), at=12, taken_file=("c3d4", "labs.csv"))
    assert tell(any_store, lab(1, 12_000), at=24, taken_file=first) == Counts(unchanged=1)
    assert values(any_store) == [1_200]


def test_the_same_file_from_another_source_was_not_taken_from_that_source_before(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000), taken_file=("a1b2", "labs.csv"))
    tell(any_store, lab(1, 1_200), at=12)
    assert tell(any_store, lab(1, 12_000), at=24, taken_file=("a1b2", "labs.csv"), source="lis") == Counts(corrected=1)


def test_a_value_issued_before_the_correction_is_late_mail(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000, issued=1))
    tell(any_store, lab(1, 1_200, issued=3), at=4)
    assert tell(any_store, lab(1, 12_000, issued=1), at=5) == Counts(unchanged=1)
    assert tell(any_store, lab(1, 12_000, issued=6), at=7) == Counts(corrected=1)


def test_a_correction_may_move_a_result_to_another_time(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000, hours=48))
    assert tell(any_store, lab(1, 12_000, hours=24, digest=5), at=50) == Counts(corrected=1)
    kept = current(queries.observations(any_store, as_of=LATER))
    assert kept["collected_at"].tolist() == [MORNING + 24 * HOUR]


def test_two_patients_may_have_results_of_the_same_name(any_store: Store) -> None:
    assert tell(any_store, lab(1, 12_000), lab(1, 800, patient="P2")) == Counts(new=2)
    assert tell(any_store, lab(1, 900, patient="P2"), at=12) == Counts(corrected=1)
    assert values(any_store) == [12_000, 900]


def test_everything_told_is_told_back_as_it_was(any_store: Store) -> None:
    told = lab(
        -(2**63), 500.5, patient="Ж-7 'quoted'", comparator=">", value_text='> 500,5 "µg/L"\n', unit_text="µg/L",
        loinc="20567-4", method="ECLIA", specimen="serum", reference_low=7.0, reference_high=142.0,
        issued=1, status="preliminary", source_id="L;1", origin="labs.csv:2", digest=2**63 - 1,
    )  # fmt: skip
    tell(any_store, told, lab(2, 3, hours=1) | {"comparator": None, "value": None, "loinc": None}, at=2.5)
    kept = queries.observations(any_store, as_of=LATER)
    row = kept.iloc[1].to_dict()
    assert {name: row[name] for name in told if name in OBSERVATIONS} == {
        name: told[name] for name in told if name in OBSERVATIONS
    }
    assert (row["received_at"], row["version"], row["source"]) == (MORNING + 2.5 * HOUR, 1, "drop")
    blank = kept.iloc[0]
    assert (blank["comparator"], blank["loinc"], blank["method"], blank["status"]) == ("", "", "", "final")
    assert blank[["value", "reference_low", "resulted_at"]].isna().all()


def test_a_moment_is_kept_to_the_microsecond_in_any_zone(any_store: Store) -> None:
    drawn = pd.Timestamp("2026-03-29T02:59:59.123456+02:00")
    tell(any_store, lab(1, 12_000, collected_at=drawn))
    assert queries.observations(any_store, as_of=LATER)["collected_at"].tolist() == [drawn]


def test_characters_that_a_server_cannot_hold_are_marked_not_lost(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000, value_text="12\x00000", origin="\x00"))
    assert queries.observations(any_store, as_of=LATER)["value_text"].tolist() == ["12\ufffd000"]


def test_half_of_a_surrogate_pair_is_marked_not_a_reason_to_fail(any_store: Store) -> None:
    told = frame(lab(1, 12_000))
    told["value_text"] = pd.Series(["12 \ud83d"], dtype=object)
    append(any_store, batch(0, observations=told))
    assert queries.observations(any_store, as_of=LATER)["value_text"].tolist() == ["12 ?"]


def test_everybody_named_in_a_fact_is_a_patient(any_store: Store) -> None:
    seen = finding(3, "yes") | {"patient_id": "P3"}
    append(any_store, batch(0, observations=[lab(1, 12_000)], doses=[dose(2, 60, patient="P2")], findings=[seen]))
    known = queries.patients(any_store, as_of=LATER)
    assert known["patient_id"].tolist() == ["P1", "P2", "P3"]
    assert known["weight_kg"].isna().all()


def test_an_empty_batch_adds_nothing_and_says_so(any_store: Store) -> None:
    nothing = frame(lab(1, 1)).head(0)
    assert append(any_store, batch(0, observations=nothing)) == {"observations": Counts()}
    assert append(any_store, batch(0)) == {}
    assert sum(queries.counts(any_store).values()) == 0


def test_what_could_not_be_read_is_kept_whole_and_once(any_store: Store) -> None:
    aside = frame({
        "id": "s1", "kind": "labs", "origin": "labs.csv:9", "patient_id": "P1", "code": "XYZ",
        "reason": "unknown_analyte", "sentence": "XYZ is no analyte that the catalog knows.",
        "raw": "P1;XYZ;3,1", "fields": '{"analyte": "XYZ"}',
    })  # fmt: skip
    assert append(any_store, batch(0, set_aside=aside))["set_aside"] == Counts(new=1)
    assert append(any_store, batch(12, set_aside=aside))["set_aside"] == Counts(unchanged=1)
    kept = queries.set_aside(any_store)
    assert kept[["id", "raw", "received_at"]].values.tolist() == [["s1", "P1;XYZ;3,1", MORNING]]


def test_what_was_read_after_all_is_no_longer_open(any_store: Store) -> None:
    aside = [
        {"kind": "labs", "origin": f"labs.csv:{n}", "reason": "not_a_number", "sentence": "-", "raw": "-", "id": str(n)}
        for n in (2, 3)
    ]
    append(any_store, batch(0, set_aside=aside))
    append(any_store, batch(12, observations=[lab(1, 12_000)], ended=["2"]))
    assert queries.set_aside(any_store)["id"].tolist() == ["3"]
    assert queries.set_aside(any_store, open_only=False)["id"].tolist() == ["2", "3"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"analyte": None}, "analyte"),
        ({"collected_at": None}, "collected_at"),
        ({"patient_id": None}, "patient_id"),
        ({"collected_at": datetime(2026, 3, 2, 6)}, "collected_at"),  # noqa: DTZ001
        ({"resulted_at": datetime(2026, 3, 2, 6)}, "resulted_at"),  # noqa: DTZ001
        ({"value": "Maier"}, "value"),
        ({"collected_at": "Maier"}, "collected_at"),
        ({"ref": "Maier"}, "ref"),
    ],
)
def test_a_frame_without_what_its_table_needs_is_refused_whole_and_by_column(
    store: Store, wrong: dict[str, object], named: str
) -> None:
    with pytest.raises(FrameRefused, match=named) as refused:
        tell(store, lab(1, 12_000, patient="Maier"), lab(2, 13_000, hours=1, patient="Maier") | wrong)
    assert "Maier" not in str(refused.value)
    assert sum(queries.counts(store).values()) == 0


def test_a_missing_column_is_refused_by_name(store: Store) -> None:
    with pytest.raises(FrameRefused, match="analyte"):
        append(store, batch(0, observations=frame(lab(1, 12_000)).drop(columns="analyte")))


def test_nothing_of_a_batch_is_kept_when_part_of_it_cannot_be(store: Store) -> None:
    with pytest.raises(FrameRefused):
        append(store, batch(0, observations=[lab(1, 12_000)], doses=frame(dose(2, 60)).drop(columns="given")))
    assert sum(queries.counts(store).values()) == 0


def test_the_store_says_when_something_last_came_in(any_store: Store) -> None:
    assert queries.newest_received(any_store) is None
    tell(any_store, lab(1, 12_000))
    tell(any_store, lab(2, 12_000, hours=1), at=12)
    tell(any_store, lab(2, 12_000, hours=1), at=24)
    assert queries.newest_received(any_store) == MORNING + 12 * HOUR


def test_many_patients_known_and_unknown_are_told_apart_in_one_batch(any_store: Store) -> None:
    tell(any_store, *(lab(n, 100 + n, patient=f"P{n}") for n in range(600)))
    again = [lab(n, 100 + n + (n % 3 == 0), patient=f"P{n}") for n in range(700)]
    assert tell(any_store, *again, at=12) == Counts(new=100, unchanged=400, corrected=200)


words = some.lists(
    some.tuples(
        some.integers(1, 3), some.integers(1, 3), some.sampled_from([None, 8.0, 9.0]), some.sampled_from(["P1", "P2"])
    ),
    min_size=1,
    max_size=8,
)


example = count()


@given(some.lists(words, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_files_taken_in_again_in_the_same_order_leave_the_store_as_it_was(
    store: Store, told: list[list[tuple[int, int, float | None, str]]]
) -> None:
    ward = f"ward {next(example)} "  # other patients for each example, in one store
    batches = [_batch(at, rows, ward) for at, rows in enumerate(told)]
    append(store, batches[0])
    past = _known(store, ward, MORNING)
    for one in batches[1:]:
        append(store, one)
    before = _known(store, ward, LATER)
    for one in batches:
        assert append(store, one)["observations"] == Counts(unchanged=len(one.facts()["observations"]))
    pd.testing.assert_frame_equal(_known(store, ward, LATER), before)
    pd.testing.assert_frame_equal(_known(store, ward, MORNING), past)


def _batch(at: int, rows: list[tuple[int, int, float | None, str]], ward: str) -> Batch:
    labs = [lab(ref, value, hours=ref, issued=issued, patient=ward + name) for ref, value, issued, name in rows]
    return batch(at, observations=labs, taken_file=(f"{ward}{rows}", "labs.csv"))


def _known(store: Store, ward: str, as_of: datetime) -> pd.DataFrame:
    return queries.observations(store, as_of=as_of, patients=[f"{ward}P1", f"{ward}P2"])
