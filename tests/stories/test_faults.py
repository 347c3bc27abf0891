"""A disk that is full or read-only, a clock that jumps, a source that sends nonsense: all is said, nothing is lost."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import Site, run_cycle
from monitoring.retrying import retry
from monitoring.state import state
from monitoring.terms import Catalog
from storage import integrity, queries
from storage.backups import backup, restore, verify
from storage.copying import contents
from storage.engine import Store, open_store
from tests.monitoring.small_ward import NOON, HandClock, drop, fill, site_settings
from tests.stories.faulted import HEADER, labs
from tests.stories.killing import Mother, results

ROWS = 4000
HALF_A_DAY = timedelta(hours=12)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that others may look into, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="mas-fault-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def many(folder: Path) -> dict[str, Any]:
    """An ingest of one large file into a store that is made already."""
    rows = "\n".join(f"P{n % 50},ferritin,{n + 1},ug/L,2026-06-0{1 + n % 3}T06:00:00Z,S{n}" for n in range(ROWS))
    (folder / "many.csv").write_text(HEADER + rows + "\n", encoding="utf-8")
    (folder / "said").touch()
    (folder / "said").chmod(0o666)
    url = f"sqlite:///{folder}/ward.db"
    open_store(url).close()
    return {
        "folder": str(folder),
        "url": url,
        "step": 1,
        "path": str(folder / "many.csv"),
        "said": str(folder / "said"),
    }


@pytest.mark.sqlite
def test_a_disk_without_room_is_said_and_the_same_again_with_room_takes_everything_in_once(
    folder: Path, forking: Mother
) -> None:
    told = many(folder)
    for room in (100_000, 300_000, 700_000):
        assert forking.does(told | {"job": "cramped", "bytes": room}) == 0
        said = (folder / "said").read_text(encoding="utf-8")
        assert said.startswith(("StoreFull: There is no space left", "StoreUnreachable: The store cannot be")), said
        assert results(folder / "ward.db") == []
    assert forking.does(told | {"job": "ingest"}) == 0
    assert [count for _, count in results(folder / "ward.db")] == [1] * ROWS


@pytest.mark.sqlite
def test_a_store_that_may_only_be_read_is_said_and_stays_as_it_is(folder: Path, forking: Mother) -> None:
    told = many(folder)
    for path in (folder / "ward.db", folder):
        path.chmod(0o444 if path.is_file() else 0o555)
    assert forking.does(told | {"job": "locked_out"}) == 0
    assert (folder / "said").read_text(encoding="utf-8").startswith("StoreUnreachable: The store cannot be opened or")
    folder.chmod(0o755)
    assert results(folder / "ward.db") == []


@pytest.mark.sqlite
def test_a_backup_taken_while_results_stream_in_restores_to_the_same_hashes(folder: Path, forking: Mother) -> None:
    done, url = threading.Event(), f"sqlite:///{folder}/ward.db"
    (folder / "inbox").mkdir()
    open_store(url).close()

    def stream() -> None:
        step = 0
        while not done.is_set():
            step += 1
            (folder / "inbox" / f"{step:03}.csv").write_text(labs("D", step)[0], encoding="utf-8")
            assert forking.does({"job": "cycle", "folder": str(folder), "url": url, "step": step}) == 0

    writer = threading.Thread(target=stream)
    writer.start()
    with closing(open_store(url)) as store:
        while queries.counts(store)["observation"] < 6:
            assert writer.is_alive()
        taken = [backup(store, folder / f"{n}.db") for n in range(3)]
    done.set()
    writer.join()
    for number, told in enumerate(taken):
        assert verify(folder / f"{number}.db") == told
        restore(folder / f"{number}.db", f"sqlite:///{folder}/back{number}.db")
        with closing(open_store(f"sqlite:///{folder}/back{number}.db")) as back:
            assert contents(back) == told
            assert integrity.row_faults(back) == []


def ward(folder: Path, catalog: Catalog, store: Store, clock: HandClock) -> Site:
    folder.mkdir(exist_ok=True)
    (folder / "inbox").mkdir(exist_ok=True)
    return Site(site_settings(folder, drop("drop", folder / "inbox")), store, catalog, clock)


def day(folder: Path, at: datetime) -> None:
    """What a laboratory sends at that time by its own clock, which is right."""
    level = 900 * 2 ** ((at - NOON) / HALF_A_DAY)
    row = f"P1,ferritin,{level:g},ug/L,{(at - timedelta(hours=1)).isoformat()},F{at:%d%H}\n"
    (folder / "inbox" / f"{at:%d%H}.csv").write_text(HEADER + row, encoding="utf-8")


def told_of(site: Site, clocks: list[datetime]) -> dict[str, str]:
    """Cycles half a day apart, by a clock that shows `clocks`; which flags are active at the end."""
    assert isinstance(site.clock, HandClock)
    for number, shown in enumerate(clocks):
        at = NOON + number * HALF_A_DAY
        day(site.settings.data_dir.parent, at)
        site.clock.now = shown
        ran = run_cycle(site.settings, site.store, site.catalog, clock=site.clock)
        assert "error" not in str(ran), ran
    again = queries.set_aside(site.store)["id"].tolist()
    if again:
        retry(site.store, site.catalog, site.settings, again, run_id="again", now=site.clock())
    flags = state(site.store, site.catalog, as_of=site.clock()).flags
    active = flags[flags["state"].eq("active")]
    return dict(zip(active["flag"], active["severity"], strict=True))


def test_a_clock_that_was_a_month_behind_for_half_a_day_costs_no_result_and_no_flag(
    tmp_path: Path, catalog: Catalog
) -> None:
    right = [NOON + number * HALF_A_DAY for number in range(4)]
    behind = [at - timedelta(days=30) if number == 2 else at for number, at in enumerate(right)]
    told = []
    for name, clocks in (("right", right), ("behind", behind)):
        with closing(open_store(f"sqlite:///{tmp_path}/{name}.db")) as store:
            told.append(told_of(ward(tmp_path / name, catalog, store, HandClock()), clocks))
            assert len(queries.observations(store, as_of=right[-1])) == len(right)
            assert queries.set_aside(store).empty
            assert integrity.row_faults(store) == [] or name == "behind"
    assert told[0] == told[1]
    assert "ferritin_rising" in told[0]


def test_a_clock_that_was_a_year_ahead_for_half_a_day_is_said_and_what_came_then_counts_when_its_time_comes(
    tmp_path: Path, catalog: Catalog
) -> None:
    clocks = [NOON + number * HALF_A_DAY for number in range(3)]
    clocks[1] += timedelta(days=365)
    with closing(open_store(f"sqlite:///{tmp_path}/ward.db")) as store:
        told_of(ward(tmp_path / "ahead", catalog, store, HandClock()), clocks)
        said = {fault.what for fault in integrity.ahead(store, now=clocks[-1])}
        assert {"observation", "delivery", "run"} <= said
        assert len(queries.observations(store, as_of=clocks[-1])) == 2
        assert len(queries.observations(store, as_of=clocks[1])) == 3


def test_a_source_that_sends_nonsense_is_kept_whole_and_stops_nobody(tmp_path: Path, catalog: Catalog) -> None:
    chance = random.Random(20_261_122)
    with closing(open_store(f"sqlite:///{tmp_path}/ward.db")) as store:
        site = ward(tmp_path / "site", catalog, store, HandClock())
        inbox = tmp_path / "site" / "inbox"
        fill(inbox)
        sent = {
            f"noise{n}.{end}": chance.randbytes(chance.randrange(1, 3000))
            for n in range(8)
            for end in ("csv", "hl7", "json")
        }
        for name, content in (sent | {"empty.csv": b"", "nul.csv": b"\x00" * 500}).items():
            (inbox / name).write_bytes(content)
        told = run_cycle(site.settings, store, catalog, clock=site.clock)["drop"]
        assert "error" not in told
        assert told["read"] == sum(told[name] for name in ("new", "unchanged", "corrected", "set_aside"))
        assert len(queries.observations(store, as_of=NOON)) == 6
        assert set(sent) <= {origin.partition(":")[0] for origin in queries.set_aside(store)["origin"]}


def test_a_source_that_sends_the_same_for_ever_adds_nothing_and_one_that_sends_nothing_fails_nothing(
    tmp_path: Path, catalog: Catalog
) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/ward.db")) as store:
        site = ward(tmp_path / "site", catalog, store, HandClock())
        empty = run_cycle(site.settings, store, catalog, clock=site.clock)["drop"]
        assert (empty["read"], "error" in empty) == (0, False)
        held = []
        for again in range(4):
            fill(tmp_path / "site" / "inbox")
            (tmp_path / "site" / "inbox" / "labs.csv").rename(tmp_path / "site" / "inbox" / f"labs{again}.csv")
            run_cycle(site.settings, store, catalog, clock=site.clock)
            counts = queries.counts(store)
            held.append({name: counts[name] for name in counts if name != "run"})
        assert held[1:] == held[:1] * 3
