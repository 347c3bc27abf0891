"""The ward read by a process of its own: it says what this one would, and whoever loses it reads the ward itself."""

from __future__ import annotations

import gc
import os
import signal
import sys
import weakref
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from multiprocessing import active_children
from pathlib import Path
from types import ModuleType

import pytest

from dashboard import reading
from dashboard.apart import Apart
from dashboard.bedside import Bedside, Ward
from dashboard.packed import PackedSeries
from dashboard.rounds_ahead import since_now
from dashboard.rounds_list import list_html
from dashboard.rounds_sheet import scores_of
from dashboard.selection import RoundsAsked
from dashboard.since_rounds import Told, since_rounds
from dashboard.since_rounds import told as said_on_rounds
from dashboard.ward_table import rows
from dashboard.watched import Shown, made_ready, watched
from monitoring.settings import Settings
from monitoring.state import SAID
from storage.engine import Store, open_store
from storage.rounds import mark_done
from storage.talk import comment
from storage.writes import Batch, append
from tests.dashboard import store_fixture
from tests.dashboard.rounds_fixture import filled
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ZONE
from tests.storage.facts import frame, lab

A_SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module", params=["conventional", "si"])
def shown(request: pytest.FixtureRequest) -> Shown:
    return Shown(ZONE, request.param)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = filled(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def apart(store: Store) -> Iterator[Apart]:
    """Not begun yet, over a store that nobody else has; for what is the same in whatever units it is shown."""
    reader = Apart(store, known(), Shown(ZONE, "si"))
    yield reader
    reader.close()


@pytest.fixture
def apart_shown(store: Store, shown: Shown) -> Iterator[Apart]:
    """The same, in each of the units."""
    reader = Apart(store, known(), shown)
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, shown: Shown) -> Iterator[tuple[Store, Apart]]:
    """Store and reader for all that only read."""
    opened = filled(tmp_path_factory.mktemp("ward"))
    reader = Apart(opened, known(), shown)
    yield opened, reader
    reader.close()
    opened.close()


def said(ward: Ward, shown: Shown) -> list[str]:
    """What views are made of, as text: NaN and NaT are not equal to themselves."""
    ids = [side.id for side in ward.sides]
    html = [row.drawn for row in rows(ward, known(), zone=shown.zone, units=shown.units)]
    return [repr(ward.sides), repr(scores_of(ward, ids)), repr(html), repr(ward.earlier)]


def test_it_says_what_would_be_said_here(kept: tuple[Store, Apart], shown: Shown) -> None:
    store, apart = kept
    told, here = apart.read(NOW), made_ready(watched(store, known(), NOW), known(), shown, store)
    assert told is not None
    assert said(told, shown) == said(here, shown)
    assert told.state.assessment.catalog is known()
    for one, other in zip(told.sides, here.sides, strict=True):
        assert one.values.to_csv() == other.values.to_csv()
    assert sum(len(side.values) for side in told.sides) == len(here.state.assessment.points) > 0
    assert repr(told.news.since) == repr(here.news.since)


def test_flags_and_their_history_come_with_it(kept: tuple[Store, Apart]) -> None:
    store, apart = kept
    told, here = apart.read(NOW), watched(store, known(), NOW)
    assert told is not None
    assert [repr(side.flags) for side in told.sides] == [repr(side.flags) for side in here.sides]
    bare = [name for name in here.state.flags if name not in SAID]
    assert told.state.flags[bare].to_csv() == here.state.flags[bare].to_csv()
    assert told.state.history.to_csv() == here.state.history.drop(columns=["evidence", "confounders"]).to_csv()
    assert len(told.state.flags) > 0


def test_the_page_that_ran_last_is_not_run_there(apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, ran = tmp_path / "page.py", tmp_path / "ran"
    script.write_text(f"open({str(ran)!r}, 'w').close()\n")
    page = ModuleType("__main__")  # as streamlit leaves it behind
    page.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", page)
    assert apart.read(NOW) is not None
    assert not ran.exists()
    assert sys.modules["__main__"] is page


def test_without_the_process_nothing_is_said_and_the_next_reading_has_another(apart: Apart) -> None:
    before = {child.pid for child in active_children()}
    assert apart.read(NOW) is not None
    [child] = [child for child in active_children() if child.pid not in before]
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert apart.read(NOW) is None
    assert apart.read(NOW) is not None


@pytest.mark.sqlite
def test_what_cannot_be_read_is_left_to_who_asks(store: Store, apart: Apart, caplog: pytest.LogCaptureFixture) -> None:
    place = Path(store.url.removeprefix("sqlite:///"))
    place.rename(place.with_suffix(".away"))
    place.write_bytes(b"no database" * 500)
    assert apart.read(NOW) is None
    assert "was lost" in caplog.text or "failed" in caplog.text


@pytest.mark.sqlite
def test_a_store_that_was_put_back_is_read_from_then_on(tmp_path: Path) -> None:
    """The one put back has as many patients, so that the process that has the other open would be asked for them."""
    settings = store_fixture.filled(tmp_path / "now")
    large = settings.model_copy(update={"schedule": settings.schedule.model_copy(update={"judges_from": 1})})
    before = store_fixture.filled(tmp_path / "before", now=NOW - timedelta(hours=6))
    with closing(open_store(before.database_url)) as other:
        expected = newest(watched(other, known(), NOW))
    reading.use(large)
    try:
        assert newest(reading._judged_ahead("first", NOW)) != expected
        placed(before, large)
        assert newest(reading._judged_ahead("second", NOW)) == expected
    finally:
        reading._forget_store()
        reading._site.clear()


def newest(ward: Ward) -> dict[str, str]:
    """By patient when the newest value was drawn."""
    return {side.id: str(side.newest_collected_at) for side in ward.sides}


def placed(source: Settings, target: Settings) -> None:
    """One store's file in the other's place."""
    ours, theirs = (Path(one.database_url.removeprefix("sqlite:///")) for one in (source, target))
    for beside in ("-wal", "-shm"):
        theirs.with_name(theirs.name + beside).unlink(missing_ok=True)
    ours.replace(theirs)


def test_what_is_packed_opens_for_who_is_looked_at_alone(kept: tuple[Store, Apart], shown: Shown) -> None:
    told = kept[1].read(NOW)
    assert told is not None
    rows(told, known(), zone=shown.zone, units=shown.units)
    list_html(told, since_now(told, told.news.told), known(), RoundsAsked(), zone=shown.zone)
    assert [side.id for side in told.sides if opened(side)] == []
    assert told.sides[-1].drawn.keys() == told.sides[-1].series.keys() != set()
    assert [side.id for side in told.sides if opened(side)] == [told.sides[-1].id]


def opened(side: Bedside) -> bool:
    return isinstance(side.series, PackedSeries) and "opened" in vars(side.series.packed)


def test_a_reading_goes_with_its_last_reader_and_is_not_searched_for(kept: tuple[Store, Apart], shown: Shown) -> None:
    store, apart = kept
    gc.disable()
    try:
        for made in (apart.read, lambda at: made_ready(watched(store, known(), at), known(), shown, store)):
            told = made(NOW)
            assert told is not None
            rows(told, known(), zone=shown.zone, units="us")
            gone = [weakref.ref(told), *(weakref.ref(side) for side in told.sides)]
            assert all(one() is not None for one in gone)
            del told
            assert [one() for one in gone if one() is not None] == []
    finally:
        gc.enable()


def test_what_is_said_after_a_reading_is_told_as_if_it_had_been_made_then(store: Store, apart: Apart) -> None:
    told = apart.read(NOW)
    assert told is not None
    before = since_now(told, said_by(store))
    assert before is told.news.since
    mark_done(store, "P-0007", at=NOW - timedelta(hours=3), by="Dr Weber", note="repeat ferritin")
    record(store)
    after, whole = since_now(told, said_by(store)), since_rounds(watched(store, known(), NOW).state, said_by(store))
    assert repr(after) == repr(whole)
    assert [one for one in after if after[one] is not before[one]] == ["P-0002", "P-0007"]


def said_by(store: Store) -> Told:
    return said_on_rounds(store, as_of=NOW)


def record(store: Store) -> None:
    comment(store, "P-0002", "ferritin_rising", seq=0, at=NOW, by="Dr Aydin", text="drawn from the line")


def test_only_of_whom_there_is_news_is_read_anew_and_the_rest_stays(
    store: Store, apart_shown: Apart, shown: Shown
) -> None:
    before = apart_shown.read(NOW + A_SECOND)  # all that was received by then has come
    assert before is not None
    later = NOW + timedelta(minutes=2)
    reported(store, 150, at=later)
    after, here = apart_shown.read(later, before), made_ready(watched(store, known(), later), known(), shown, store)
    assert after is not None
    changed = [side.id for side, had in zip(after.sides, before.sides, strict=True) if side is not had]
    assert changed == ["P-0007"]
    assert (after.as_of, after.waiting) == (later, False)
    one, other = after.of("P-0007"), here.of("P-0007")
    assert one is not None
    assert other is not None
    assert one.trends["ferritin"]["value"] == other.trends["ferritin"]["value"] == 150
    assert len(rows(after, known(), zone=shown.zone, units=shown.units)) == len(after.sides)


def test_with_no_news_nobody_is_read_anew_but_who_is_due(store: Store, apart: Apart) -> None:
    before = apart.read(NOW + A_SECOND)  # all that was received by then has come
    again = apart.read(NOW + timedelta(minutes=1), before)
    assert before is not None
    assert again is not None
    assert [one is other for one, other in zip(again.sides, before.sides, strict=True)] == [True] * len(again.sides)
    assert again.as_of == NOW + timedelta(minutes=1)
    due = apart.read(NOW + timedelta(minutes=2), again, due_at=NOW + A_SECOND)
    assert due is not None
    assert {side.as_of for side in due.sides} == {NOW + timedelta(minutes=2)}


def test_with_another_ward_than_the_one_read_last_everybody_is_read(store: Store, apart: Apart) -> None:
    first = apart.read(NOW)
    assert first is not None
    assert apart.read(NOW, first) is not None
    third = apart.read(NOW, first)
    assert third is not None
    assert [side.id for side in third.sides if side in first.sides and side is first.of(side.id)] == []


def test_memory_does_not_grow_with_readings(store: Store, apart: Apart) -> None:
    before = apart.read(NOW)
    [child] = active_children()[-1:]
    sizes = []
    for number in range(1, 31):
        at = NOW + timedelta(minutes=number)
        reported(store, 150 + number, at=at)
        before = apart.read(at, before, due_at=at - timedelta(minutes=5))
        assert before is not None
        sizes.append(resident(child.pid))
    assert max(sizes[20:]) - max(sizes[:10]) < 8, sizes  # MB; one reading of these eight takes that


def reported(store: Store, value: float, *, at: datetime) -> None:
    """A ferritin of bed 7, drawn an hour before it came."""
    told = lab(int(value), value, patient="P-0007", unit="ng/mL", collected_at=at - timedelta(hours=1))
    append(store, Batch(f"late-{value:g}", "drop", at, observations=frame(told)))


def resident(process: int | None) -> int:
    told = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in told.splitlines() if line.startswith("VmRSS"))
