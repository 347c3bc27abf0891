"""The rule of what is news, on its own: against the same rule written down one telling at a time, and its laws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as some

from storage.columns import UNKNOWN
from storage.versioning import CORRECTED, NEW, UNCHANGED, judged

LAW = settings(max_examples=60, deadline=None, derandomize=True)


class Telling(NamedTuple):
    patient_id: str
    ref: int
    digest: int
    resulted_at: int


class Held(NamedTuple):
    patient_id: str
    ref: int
    digest: int
    resulted_at: int
    version: int


tellings = some.lists(
    some.builds(
        Telling,
        some.sampled_from(["P1", "P2"]),
        some.integers(1, 3),
        some.integers(1, 4),
        some.sampled_from([UNKNOWN, UNKNOWN, 8, 9, 10]),
    ),
    max_size=12,
)


def told(held: list[Held], batch: list[Telling], *, taken: bool = False) -> list[tuple[int, int]]:
    frame = pd.DataFrame(batch, columns=list(Telling._fields)).astype({"patient_id": "str"})
    stored = pd.DataFrame(held, columns=list(Held._fields)).astype({"patient_id": "str"})
    whole = dict.fromkeys(("ref", "digest", "resulted_at"), "int64")
    verdict, version = judged(frame.astype(whole), stored.astype(whole | {"version": "int64"}), taken=taken)
    return list(zip(verdict.tolist(), version.tolist(), strict=True))


def kept(held: list[Held], batch: list[Telling], *, taken: bool = False) -> list[Held]:
    said = zip(batch, told(held, batch, taken=taken), strict=True)
    return held + [Held(*telling, version) for telling, (verdict, version) in said if verdict != UNCHANGED]


def one_at_a_time(held: list[Held], batch: list[Telling], *, taken: bool) -> list[int]:
    """The docstring of `judged`, read literally, for each key on its own."""
    verdicts = [UNCHANGED] * len(batch)
    for key in {telling[:2] for telling in batch}:
        versions = sorted((row for row in held if row[:2] == key), key=lambda row: row.version)
        places = [place for place, telling in enumerate(batch) if telling[:2] == key]
        for place in _news(versions, batch, places, taken):
            verdicts[place] = CORRECTED
            if not versions and place == min(_news(versions, batch, places, taken)):
                verdicts[place] = NEW
    return verdicts


def _news(versions: list[Held], batch: list[Telling], places: list[int], taken: bool) -> list[int]:
    digests = [row.digest for row in versions]
    rest: list[int] = []
    for place in places:
        digest, issued = batch[place].digest, batch[place].resulted_at
        before = [batch[other] for other in places if other < place]
        newest = max([row.resulted_at for row in [*versions, *before]], default=UNKNOWN)
        said_before = digest in digests or digest in [telling.digest for telling in before]
        late = issued != UNKNOWN and issued <= newest
        stands = bool(digests) and digest == digests[-1]
        if stands or not ((said_before and late) or (taken and digest in digests)):
            rest.append(place)
    leads_up = 0
    for count in range(1, len(rest) + 1):
        known = all(batch[place].digest in digests for place in rest[:count])
        if known and batch[rest[count - 1]].digest == digests[-1]:
            leads_up = count
    pairs = list(zip([None, *rest], rest, strict=False))[leads_up:]
    return [place for last, place in pairs if last is None or batch[last].digest != batch[place].digest]


@LAW
@given(tellings, tellings, some.booleans())
def test_whole_batches_are_judged_as_one_telling_at_a_time_would_be(
    first: list[Telling], second: list[Telling], taken: bool
) -> None:
    assert [verdict for verdict, _ in told([], first)] == one_at_a_time([], first, taken=False)
    held = kept([], first)
    assert [verdict for verdict, _ in told(held, second, taken=taken)] == one_at_a_time(held, second, taken=taken)


@LAW
@given(tellings, tellings)
def test_a_batch_taken_in_twice_adds_nothing_the_second_time(first: list[Telling], second: list[Telling]) -> None:
    held = kept(kept([], first), second)
    assert kept(held, second) == held


@LAW
@given(tellings, tellings, tellings)
def test_a_delivery_taken_before_adds_nothing_whatever_came_in_between(
    first: list[Telling], second: list[Telling], third: list[Telling]
) -> None:
    held = kept(kept(kept([], first), second), third)
    assert kept(held, first, taken=True) == held


@LAW
@given(some.lists(tellings, max_size=4))
def test_versions_count_up_from_one_without_gaps(batches: list[list[Telling]]) -> None:
    held: list[Held] = []
    for batch in batches:
        held = kept(held, batch)
    for key in {row[:2] for row in held}:
        versions = [row.version for row in held if row[:2] == key]
        assert versions == list(range(1, len(versions) + 1))


@LAW
@given(tellings, tellings, some.randoms(use_true_random=False))
def test_the_order_of_different_results_does_not_matter(
    first: list[Telling], second: list[Telling], chance: object
) -> None:
    held = kept([], first)
    keys = sorted({telling[:2] for telling in second})
    chance.shuffle(keys)  # type: ignore[attr-defined]
    shuffled = [telling for key in keys for telling in second if telling[:2] == key]
    assert sorted(kept(held, shuffled)) == sorted(kept(held, second))


def A(issued: int = UNKNOWN) -> Telling:  # noqa: N802 - a value of one result, as in the sentences below
    return Telling("P1", 7, 1, issued)


def B(issued: int = UNKNOWN) -> Telling:  # noqa: N802
    return Telling("P1", 7, 2, issued)


def versions(*batches: list[Telling]) -> list[int]:
    held: list[Held] = []
    for batch in batches:
        held = kept(held, batch)
    return [row.digest for row in held]


def test_a_then_b_of_one_result_in_one_batch_are_two_versions() -> None:
    assert told([], [A(), B()]) == [(NEW, 1), (CORRECTED, 2)]


def test_the_same_value_twice_in_a_row_is_one_version() -> None:
    assert told([], [A(), A(), B()]) == [(NEW, 1), (UNCHANGED, 1), (CORRECTED, 2)]


def test_going_back_to_an_older_value_is_a_correction_when_nobody_knows_when_it_was_issued() -> None:
    assert versions([A()], [B()], [A()]) == [1, 2, 1]


def test_an_older_value_issued_no_later_than_the_newest_is_only_late_mail() -> None:
    assert versions([A(8)], [B(9)], [A(8)]) == [1, 2]
    assert versions([A(8)], [B(9)], [A(9)]) == [1, 2]


def test_an_older_value_issued_again_later_is_a_correction() -> None:
    assert versions([A(8)], [B(9)], [A(10)]) == [1, 2, 1]


def test_late_mail_is_late_in_the_same_batch_too() -> None:
    assert versions([A(8), B(9), A(8)]) == versions([A(8)], [B(9)], [A(8)]) == [1, 2]


def test_a_batch_that_goes_on_from_what_is_known_adds_only_what_is_new() -> None:
    third = Telling("P1", 7, 3, UNKNOWN)
    assert versions([A(), B()], [A(), B(), third]) == [1, 2, 3]
    assert versions([A(), B()], [B(), third]) == [1, 2, 3]


def test_the_same_ref_of_two_patients_is_two_results() -> None:
    assert told([], [A(), A()._replace(patient_id="P2")]) == [(NEW, 1), (NEW, 1)]


def test_a_hundred_thousand_new_results_are_judged_without_a_loop() -> None:
    refs = np.arange(100_000, dtype=np.int64)
    frame = pd.DataFrame({"patient_id": "P1", "ref": refs, "digest": refs, "resulted_at": UNKNOWN})
    verdict, version = judged(frame, frame.head(0).assign(version=0), taken=False)
    assert (verdict == NEW).all()
    assert (version == 1).all()
