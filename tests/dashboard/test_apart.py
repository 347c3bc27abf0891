"""The ward read by a process of its own: it says what this one would, and whoever loses it reads the ward itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import pytest

from dashboard import reading
from dashboard.apart import Apart
from dashboard.bedside import Ward
from dashboard.rounds_sheet import scores_of
from dashboard.ward_table import rows
from dashboard.watched import Shown, made_ready, watched
from storage.engine import Store, upgrade
from tests.dashboard import store_fixture
from tests.dashboard.rounds_fixture import filled
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ZONE


@pytest.fixture(params=["conventional", "si"])
def shown(request: pytest.FixtureRequest) -> Shown:
    return Shown(ZONE, request.param)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = filled(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def apart(store: Store, shown: Shown) -> Iterator[Apart]:
    reader = Apart(store, known(), shown)
    yield reader
    reader.close()


def said(ward: Ward, shown: Shown) -> list[str]:
    """What views are made of, as text: NaN and NaT are not equal to themselves."""
    ids = [side.id for side in ward.sides]
    html = [row.drawn for row in rows(ward, known(), zone=shown.zone, units=shown.units)]
    return [repr(ward.sides), repr(scores_of(ward, ids)), repr(html), repr(ward.earlier)]


def test_it_says_what_would_be_said_here(store: Store, apart: Apart, shown: Shown) -> None:
    told, here = apart.read(NOW), made_ready(watched(store, known(), NOW), known(), shown)
    assert told is not None
    assert said(told, shown) == said(here, shown)
    assert told.state.assessment.catalog is known()
    for one, other in zip(told.sides, here.sides, strict=True):
        assert one.values.to_csv() == other.values.to_csv()
    assert sum(len(side.values) for side in told.sides) == len(here.state.assessment.points) > 0


def test_flags_and_their_history_come_with_it(store: Store, apart: Apart) -> None:
    told, here = apart.read(NOW), watched(store, known(), NOW)
    assert told is not None
    assert told.state.flags.to_csv() == here.state.flags.to_csv()
    assert told.state.history.to_csv() == here.state.history.to_csv()
    assert len(told.state.flags) > 0


def test_without_the_process_nothing_is_said_and_the_next_reading_has_another(apart: Apart) -> None:
    before = {child.pid for child in active_children()}
    assert apart.read(NOW) is not None
    [child] = [child for child in active_children() if child.pid not in before]
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert apart.read(NOW) is None
    assert apart.read(NOW) is not None


def test_what_cannot_be_read_is_left_to_who_asks(store: Store, apart: Apart, caplog: pytest.LogCaptureFixture) -> None:
    place = Path(store.url.removeprefix("sqlite:///"))
    place.rename(place.with_suffix(".away"))
    place.write_bytes(b"no database" * 500)
    assert apart.read(NOW) is None
    assert "was lost" in caplog.text or "failed" in caplog.text


def test_a_store_that_was_put_back_is_read_from_then_on(tmp_path: Path) -> None:
    settings = store_fixture.filled(tmp_path / "now")
    large = settings.model_copy(update={"schedule": settings.schedule.model_copy(update={"judges_from": 1})})
    other = Path(store_fixture.empty(tmp_path / "before").database_url.removeprefix("sqlite:///"))
    other.parent.mkdir(exist_ok=True)
    upgrade(f"sqlite:///{other}")
    reading.use(large)
    try:
        assert len(reading._judged_ahead("first", NOW).sides) > 0
        other.replace(Path(large.database_url.removeprefix("sqlite:///")))
        assert len(reading._judged_ahead("second", NOW).sides) == 0
    finally:
        reading._forget_store()
        reading._site.clear()
