"""The ward judged ahead of its viewers: given while it is young and knows of the newest change, and never else."""

from __future__ import annotations

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

    def judge(self, now: datetime) -> Ward:
        self.judged += 1
        return Ward(now, ())


def watched() -> tuple[Watch, Keeper]:
    watch = Watch()
    keeper = Keeper(watch.told_mark, watch.judge, lambda: watch.now)
    keeper.look()
    return watch, keeper


def test_a_reading_is_given_for_a_minute_and_a_half_and_renewed_before_that() -> None:
    watch, keeper = watched()
    assert keeper.fresh("m1", NOW + timedelta(seconds=89)) is not None
    assert keeper.fresh("m1", NOW + timedelta(seconds=90)) is None
    watch.now = NOW + timedelta(seconds=49)
    keeper.look()
    assert watch.judged == 1
    watch.now = NOW + timedelta(seconds=50)
    keeper.look()
    assert watch.judged == 2
    assert keeper.fresh("m1", NOW + timedelta(seconds=120)) is not None


def test_a_change_of_the_store_makes_it_old_at_once_and_is_judged_at_the_next_look() -> None:
    watch, keeper = watched()
    watch.mark = "m2"
    assert keeper.fresh("m2", NOW) is None
    keeper.look()
    assert keeper.fresh("m2", NOW) is not None
    assert keeper.fresh("m1", NOW) is None


def test_a_store_that_cannot_be_read_leaves_nothing_to_give() -> None:
    watch, keeper = watched()
    watch.busy = True
    keeper.look()
    assert keeper.fresh("m1", NOW) is None
    watch.busy = False
    keeper.look()
    assert keeper.fresh("m1", NOW) is not None


def test_who_finds_nothing_ready_waits_for_one_judgement_that_all_are_given() -> None:
    watch, keeper = watched()
    watch.mark = "m2"
    first = keeper.given("m2", NOW + timedelta(seconds=3))
    began_to_wait_earlier = keeper.given("m2", NOW + timedelta(seconds=2))
    assert first is began_to_wait_earlier
    keeper.look()
    assert watch.judged == 2
