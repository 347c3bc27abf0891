"""The ward judged ahead of its viewers: given while it is young, and marked where the store is ahead."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dashboard import keeping
from dashboard.bedside import Bedside, Ward
from dashboard.keeping import BeingReadError, Keeper, Kept
from storage.errors import StoreBusy
from tests.dashboard import ward_fixture
from tests.dashboard.ward_fixture import NOW


class Watch:
    """A clock and a store in one: what they say is set by hand, and each judgement is counted."""

    def __init__(self) -> None:
        self.now, self.mark, self.judged, self.busy, self.takes = NOW, "m1", 0, False, timedelta(0)
        self.fails = False

    def told_mark(self) -> str:
        if self.busy:
            raise StoreBusy("The store is busy.")
        return self.mark

    def judge(self, mark: str, now: datetime, _: Kept | None) -> Ward:
        self.judged += 1
        if self.fails:
            raise StoreBusy("The store is busy.")
        self.now += self.takes
        return Ward(now, (), mark=mark)


def watched(*, takes: timedelta = timedelta(0)) -> tuple[Watch, Keeper]:
    """`takes`: how long a judgement lasts by its clock."""
    watch = Watch()
    watch.takes = takes
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now, patience=0)
    keeper.look()
    return watch, keeper


def test_a_reading_is_given_for_a_minute_and_a_half_and_renewed_before_that() -> None:
    watch, keeper = watched()
    assert keeper.given("m1", NOW + timedelta(seconds=89)).as_of == NOW
    watch.now = NOW + timedelta(seconds=49)
    keeper.look()
    assert watch.judged == 1
    watch.now = NOW + timedelta(seconds=50)
    keeper.look()
    assert watch.judged == 2
    assert keeper.given("m1", NOW + timedelta(seconds=120)).as_of == NOW + timedelta(seconds=50)


def test_a_reading_too_old_is_never_given_but_made_anew() -> None:
    watch, keeper = watched()
    late = NOW + timedelta(minutes=5)
    assert keeper.given("m1", late) == Ward(late, (), mark="m1")
    assert watch.judged == 2


def test_a_reading_that_grew_old_while_the_next_is_being_made_is_given_and_says_so() -> None:
    watch, keeper = watched()
    given = keeper.given("m1", NOW + timedelta(seconds=90))
    assert (given.as_of, given.late, given.behind) == (NOW, True, False)
    assert keeper.wanted.is_set()
    watch.mark = "m2"
    later = keeper.given("m2", NOW + timedelta(minutes=4, seconds=59))
    assert (later.as_of, later.late, later.behind) == (NOW, True, True)
    assert watch.judged == 1  # nobody has waited for a judgement


def test_a_reading_that_takes_long_is_renewed_for_the_clock_alone_after_four_times_as_long() -> None:
    """Of 20 s: after 80 s, and without a word until twice 20 s later; a change is read at once all the same."""
    watch, keeper = watched(takes=timedelta(seconds=20))
    for after, judged in ((79, 1), (80, 2)):
        watch.now = NOW + timedelta(seconds=after)
        keeper.look()
        assert watch.judged == judged
    began = NOW + timedelta(seconds=80)
    assert not keeper.given("m1", began + timedelta(seconds=119)).late
    assert keeper.given("m1", began + timedelta(seconds=120)).late
    watch.now, watch.mark = began + timedelta(seconds=21), "m2"
    keeper.look()
    assert watch.judged == 3


def test_while_the_store_is_ahead_the_earlier_reading_says_so_and_the_next_is_wanted_at_once() -> None:
    watch, keeper = watched()
    watch.mark = "m2"
    assert keeper.given("m2", NOW) == Ward(NOW, (), mark="m1", behind=True)
    assert keeper.wanted.is_set()
    keeper.look()
    assert keeper.given("m2", NOW) == Ward(NOW, (), mark="m2")
    assert watch.judged == 2


def test_a_page_that_waits_for_the_next_reading_is_given_it_as_soon_as_it_is_there() -> None:
    watch, keeper = watched()
    keeper.patience, watch.mark = 60.0, "m2"
    looks_when_wanted(keeper)
    assert keeper.given("m2", NOW) == Ward(NOW, (), mark="m2")


def test_a_store_that_cannot_be_read_leaves_nothing_to_give() -> None:
    watch, keeper = watched()
    watch.busy = True
    keeper.look()
    assert keeper.kept is None
    watch.busy = False
    keeper.look()
    assert keeper.given("m1", NOW) == Ward(NOW, (), mark="m1")


def test_who_finds_nothing_young_enough_waits_for_one_judgement_that_all_are_given() -> None:
    watch, keeper = watched()
    first = keeper.given("m1", NOW + timedelta(seconds=303))
    began_to_wait_earlier = keeper.given("m1", NOW + timedelta(seconds=302))
    assert first is began_to_wait_earlier
    assert watch.judged == 2


class Turnstile:
    """A lock that tells when somebody stands at it."""

    def __init__(self) -> None:
        self.lock, self.somebody_waits = threading.Lock(), threading.Event()
        self.acquire, self.release = self.lock.acquire, self.lock.release

    def __enter__(self) -> None:
        self.somebody_waits.set()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_who_waited_long_for_a_judgement_is_given_it_and_makes_none_of_their_own() -> None:
    watch = Watch()
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now, patience=0)
    keeper.judging = Turnstile()
    keeper.judging.acquire()
    given: list[Ward] = []
    waiting = threading.Thread(target=lambda: given.append(keeper.given("m1", NOW)))
    waiting.start()
    keeper.judging.somebody_waits.wait()
    made = keeper.kept = Kept("m1", Ward(NOW + timedelta(minutes=4), (), mark="m1"))
    keeper.judging.release()
    waiting.join()
    assert given == [made.ward]
    assert watch.judged == 0


def test_a_reading_that_knows_of_a_change_is_of_after_it_though_the_page_began_before() -> None:
    watch = Watch()
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now, patience=0)
    watch.now, watch.mark = NOW + timedelta(seconds=5), "m2"
    assert keeper.given("m2", NOW).as_of == NOW + timedelta(seconds=5)


def running(*, takes: timedelta = timedelta(0)) -> tuple[Watch, Keeper]:
    """As in a server: what is wanted is made by a thread of the keeper's own, which the test goes through by hand."""
    watch = Watch()
    watch.takes = takes
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now, patience=0)
    keeper.running = True
    return watch, keeper


def test_a_page_does_not_wait_long_for_the_first_reading_nor_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST", 0)
    watch, keeper = running()
    with pytest.raises(BeingReadError):
        keeper.given("m1", NOW, waits=False)
    assert watch.judged == 0
    assert keeper.wanted.is_set()
    keeper.look()
    assert keeper.given("m1", NOW, waits=False).as_of == NOW


def looks_when_wanted(keeper: Keeper) -> None:
    threading.Thread(target=lambda: (keeper.wanted.wait(), keeper.look())).start()


def test_a_page_that_waits_is_given_the_first_reading_as_soon_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST", 60.0)
    watch, keeper = running()
    looks_when_wanted(keeper)
    assert keeper.given("m1", NOW, waits=False).as_of == NOW
    assert watch.judged == 1


def test_who_counts_waits_for_the_first_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST", 0)
    _, keeper = running()
    assert keeper.given("m1", NOW).as_of == NOW


def test_what_went_wrong_with_the_first_reading_is_told_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST", 60.0)
    watch, keeper = running()
    watch.fails = True
    looks_when_wanted(keeper)
    with pytest.raises(StoreBusy):
        keeper.given("m1", NOW, waits=False)


class Parts:
    """Two patients, read one at a time after the first reading; each reading is told with which one it goes on."""

    def __init__(self) -> None:
        self.now, self.mark, self.went_on = NOW, "m1", list[datetime | None]()
        self.resting, self.name = list[bool](), "read apart"

    def judge(self, mark: str, now: datetime, before: Kept | None) -> Ward:
        self.went_on.append(before.ward.as_of if before else None)
        self.resting.append(bool(before and before.resting))
        turn = len(self.went_on) % 2
        had = {side.id: side for side in before.ward.sides} if before else {}
        sides = tuple(had[name] if had and place == turn else side(name, now) for place, name in enumerate("AB"))
        return Ward(
            now, sides, mark=mark, name=self.name, waiting=bool(before) and self.mark == "m2" and len(self.went_on) == 2
        )


def side(name: str, at: datetime) -> Bedside:
    return replace(ward_fixture.bed("7"), patient={"patient_id": name}, as_of=at)


def in_parts() -> tuple[Parts, Keeper]:
    parts = Parts()
    keeper = Keeper(lambda: parts.mark, parts.judge, lambda: parts.now, patience=0)
    keeper.look()
    return parts, keeper


def test_while_patients_wait_the_ward_is_behind_and_the_next_look_goes_on() -> None:
    parts, keeper = in_parts()
    parts.mark, parts.now = "m2", NOW + timedelta(seconds=3)
    keeper.look()
    assert keeper.given("m2", parts.now).behind
    parts.now = NOW + timedelta(seconds=6)
    keeper.look()
    assert not keeper.given("m2", parts.now).behind
    assert parts.went_on == [None, NOW, NOW + timedelta(seconds=3)]


def test_a_ward_is_as_old_as_the_patient_who_was_read_first() -> None:
    parts, keeper = in_parts()
    parts.now = NOW + timedelta(seconds=50)
    keeper.look()
    assert [one.as_of for one in keeper.given("m1", parts.now).sides] == [NOW, parts.now]
    assert keeper.given("m1", NOW + timedelta(seconds=90)).late
    parts.now = NOW + timedelta(seconds=51)
    keeper.look()  # the other's turn, though the ward as a whole was read a second ago
    assert not keeper.given("m1", NOW + timedelta(seconds=90)).late


def test_a_ward_with_a_patient_read_too_long_ago_is_not_gone_on_from() -> None:
    parts, keeper = in_parts()
    parts.now = NOW + timedelta(minutes=5)
    keeper.look()
    assert parts.went_on == [None, None]


def test_between_two_readings_only_what_was_told_since_is_read_and_of_a_few() -> None:
    parts, keeper = in_parts()
    parts.mark, parts.now = "m2", NOW + timedelta(seconds=3)
    keeper.look()  # somebody waits still
    keeper.look(resting=True)
    assert parts.resting == [False, False]
    parts.mark = "m3"
    keeper.look(resting=True)
    keeper.look(resting=True)
    assert parts.resting == [False, False, True]
    parts.now = NOW + timedelta(seconds=60)
    keeper.look(resting=True)
    keeper.look()
    assert parts.resting == [False, False, True, False]


def test_a_ward_that_is_always_read_whole_is_left_alone_between_two_readings() -> None:
    parts, keeper = in_parts()
    parts.mark, parts.name = "m2", ""
    keeper.look()
    parts.mark = "m3"
    keeper.look(resting=True)
    assert len(parts.resting) == 2
