"""The ward judged ahead of its viewers: given while it is young, and marked where the store is ahead."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from dashboard.bedside import Ward
from dashboard.keeping import Keeper
from storage.errors import StoreBusy
from tests.dashboard.ward_fixture import NOW


class Watch:
    """A clock and a store in one: what they say is set by hand, and each judgement is counted."""

    def __init__(self) -> None:
        self.now, self.mark, self.judged, self.busy = NOW, "m1", 0, False

    def told_mark(self) -> str:
        if self.busy:
            raise StoreBusy("The store is busy.")
        return self.mark

    def judge(self, mark: str, now: datetime) -> Ward:
        self.judged += 1
        return Ward(now, (), mark=mark)


def watched() -> tuple[Watch, Keeper]:
    watch = Watch()
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
    late = NOW + timedelta(seconds=90)
    assert keeper.given("m1", late) == Ward(late, (), mark="m1")
    assert watch.judged == 2


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
    threading.Thread(target=lambda: (keeper.wanted.wait(), keeper.look())).start()
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
    first = keeper.given("m1", NOW + timedelta(seconds=93))
    began_to_wait_earlier = keeper.given("m1", NOW + timedelta(seconds=92))
    assert first is began_to_wait_earlier
    assert watch.judged == 2


def test_a_reading_that_knows_of_a_change_is_of_after_it_though_the_page_began_before() -> None:
    watch = Watch()
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now, patience=0)
    watch.now, watch.mark = NOW + timedelta(seconds=5), "m2"
    assert keeper.given("m2", NOW).as_of == NOW + timedelta(seconds=5)
