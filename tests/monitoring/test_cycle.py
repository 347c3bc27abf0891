"""One cycle: fetch, take in, assess, record. What a source does never stops another."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import Site, look, run_by_hand, run_cycle, take_from
from monitoring.raw_files import RawFile
from monitoring.runs import new_run_id
from monitoring.settings import Settings
from monitoring.state import state
from monitoring.terms import Catalog
from storage import deliveries, queries
from storage.engine import Store, open_store
from tests.monitoring.small_ward import FACTS, LABS, LATER, NOON, HandClock, drop, fill, site_settings


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


class Told:
    """A source that a test holds in its hands."""

    def __init__(self, raws: Iterable[RawFile], store: Store) -> None:
        self.name, self.raws, self.store = "told", raws, store
        self.kept_when_done: list[int] = []

    def fetch(self, now: datetime) -> Iterable[RawFile]:
        return self.raws

    def done(self, raw: RawFile) -> None:
        self.kept_when_done.append(queries.counts(self.store)["observation"])


def cycle(settings: Settings, store: Store, catalog: Catalog, now: datetime = NOON, **told: object) -> dict:
    return run_cycle(settings, store, catalog, clock=HandClock(now), **told)  # type: ignore[arg-type]


def test_a_cycle_takes_in_what_lies_in_the_folder_and_judges_everybody(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    told = cycle(site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), store, catalog)
    assert told["assessed"] == 2
    assert {name: told["lab"][name] for name in ("read", "new", "unchanged", "corrected", "set_aside")} == {
        "read": FACTS + 1, "new": FACTS, "unchanged": 0, "corrected": 0, "set_aside": 1,
    }  # fmt: skip
    assert "error" not in told["lab"]
    flags = state(store, catalog, as_of=NOON).flags
    assert ("P1", "ferritin_rising") in set(zip(flags["patient_id"], flags["flag"], strict=True))


def test_a_second_cycle_over_the_same_folder_adds_nothing(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    folder = fill(tmp_path / "in")
    cycle(site_settings(tmp_path, drop("lab", folder)), store, catalog)
    changes = queries.flag_changes(store, as_of=NOON)
    # Settings that differ in something open the folder anew, as another process would.
    told = cycle(site_settings(tmp_path, drop("lab", folder, after="move")), store, catalog)
    assert (told["lab"]["new"], told["lab"]["unchanged"], told["lab"]["set_aside"]) == (0, FACTS, 1)
    assert len(queries.flag_changes(store, as_of=NOON)) == len(changes)


def test_every_source_and_the_cycle_itself_have_a_row_with_counts_and_times(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    cycle(site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), store, catalog)
    runs = queries.runs(store).set_index("source")
    assert set(runs.index) == {"lab", "cycle"}
    assert runs["run_id"].nunique() == 1
    assert runs.loc["lab", ["kind", "read", "new", "outcome"]].tolist() == ["source", FACTS + 1, FACTS, "ok"]
    assert runs.loc["cycle", ["kind", "new", "assessed", "outcome"]].tolist() == ["cycle", FACTS, 2, "ok"]
    assert queries.last_success(store) == NOON


def test_a_failing_source_is_told_in_words_and_the_others_have_their_turn(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    gone = drop("gone", tmp_path / "nowhere")
    told = cycle(site_settings(tmp_path, gone, drop("lab", fill(tmp_path / "in"))), store, catalog)
    assert "does not exist" in told["gone"]["error"]
    assert told["lab"]["new"] == FACTS
    assert told["assessed"] == 2
    runs = queries.runs(store).set_index("source")
    assert runs["outcome"].to_dict() == {"gone": "failed", "lab": "ok", "cycle": "failed"}
    assert runs.loc["cycle", "error"].startswith("gone: ")
    assert queries.last_success(store) is None


def test_a_retry_of_what_failed_makes_the_cycle_a_success(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    settings = site_settings(tmp_path, drop("gone", tmp_path / "late"), drop("lab", fill(tmp_path / "in")))
    cycle(settings, store, catalog)
    fill(tmp_path / "late")
    told = cycle(settings, store, catalog, NOON + timedelta(minutes=2), only=["gone"])
    assert set(told) == {"gone", "assessed"}
    assert queries.last_success(store) == NOON + timedelta(minutes=2)


def test_a_source_hears_of_a_file_only_when_it_is_stored(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    source = Told([RawFile("labs.csv", LABS.encode()), RawFile("later.csv", LATER.encode())], store)
    take_from(Site(site_settings(tmp_path), store, catalog, HandClock()), source, "run")
    assert source.kept_when_done == [6, 7]


def test_what_was_taken_in_before_a_source_failed_is_kept_and_counted(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    def broken() -> Iterator[RawFile]:
        yield RawFile("labs.csv", LABS.encode())
        raise OSError(5, "Input/output error", "/feed/labs-2.csv")

    told = take_from(Site(site_settings(tmp_path), store, catalog, HandClock()), Told(broken(), store), "run")
    assert (told.counts["new"], told.error) == (6, "Input/output error: /feed/labs-2.csv.")
    assert queries.counts(store)["observation"] == 6


def test_an_error_nobody_foresaw_keeps_its_words_to_itself(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    def broken() -> Iterator[RawFile]:
        yield from ()
        raise ValueError("Anna Schmidt, ferritin 24000")

    told = take_from(Site(site_settings(tmp_path), store, catalog, HandClock()), Told(broken(), store), "run")
    assert told.error == "Unforeseen ValueError; the log says where."
    assert "Schmidt" not in str(queries.runs(store).to_dict())


def test_by_hand_everybody_is_judged_when_there_was_news_and_nobody_when_not(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    site = Site(site_settings(tmp_path), store, catalog, HandClock())
    raws = [RawFile("labs.csv", LABS.encode())]
    assert run_by_hand(site, Told(raws, store), "first")["assessed"] == 2
    assert run_by_hand(site, Told(raws, store), "again")["assessed"] == 0


def test_by_hand_a_failure_is_raised_once_it_stands_in_the_run(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    def broken() -> Iterator[RawFile]:
        yield from ()
        raise OSError(5, "Input/output error")

    site = Site(site_settings(tmp_path), store, catalog, HandClock())
    with pytest.raises(OSError, match="Input/output error"):
        run_by_hand(site, Told(broken(), store), "run")
    assert queries.runs(store)["outcome"].tolist() == ["failed"]


def test_between_cycles_what_has_arrived_is_taken_in_and_only_then_written_down(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    folder = fill(tmp_path / "in")
    settings, clock = site_settings(tmp_path, drop("lab", folder)), HandClock()
    run_cycle(settings, store, catalog, clock=clock)
    site = Site(settings, store, catalog, clock)
    look(site)
    assert len(queries.runs(store)) == 2
    clock.now += timedelta(minutes=5)
    (folder / "later.csv").write_text(LATER, encoding="utf-8")
    look(site)
    newest = queries.runs(store).iloc[0]
    assert (newest["kind"], newest["source"], newest["new"]) == ("arrival", "lab", 1)
    assert queries.last_success(store) == NOON


def test_time_alone_changes_what_is_said_between_cycles(tmp_path: Path, store: Store, catalog: Catalog) -> None:
    settings, clock = site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), HandClock()
    run_cycle(settings, store, catalog, clock=clock)
    assert queries.flag_changes(store, as_of=clock.now)["recorded_at"].max() == NOON
    clock.now += timedelta(days=2)  # the ferritin of 06:00 is two days old by then
    look(Site(settings, store, catalog, clock))
    news = queries.flag_changes(store, as_of=clock.now)
    assert news.loc[news["recorded_at"] > NOON, "flag"].tolist() == ["labs_overdue"]


def test_run_ids_sort_by_time_and_differ() -> None:
    early, late = new_run_id(NOON), new_run_id(NOON + timedelta(seconds=1))
    assert early < late
    assert new_run_id(NOON) != new_run_id(NOON)


def test_every_file_is_kept_as_it_came_before_it_is_read_and_what_fell_out_of_it_names_it(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    cycle(site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), store, catalog)
    kept = deliveries.listed(store).set_index("name")
    assert sorted(kept.index) == ["labs.csv", "patients.csv", "treatments.csv"]
    assert kept["read_at"].notna().all()
    [aside] = queries.set_aside(store).to_dict("records")
    assert aside["delivery"] == kept.loc["labs.csv", "id"]
    assert deliveries.delivery(store, aside["delivery"])[0].content == LABS.encode()


def test_what_was_kept_and_never_read_is_read_with_the_next_cycle(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    """As after a crash between the two: the source itself does not give it again."""
    settings = site_settings(tmp_path, drop("lab", fill(tmp_path / "in")))
    deliveries.keep(store, "lab", [deliveries.Sent("late.csv", LATER.encode())], at=NOON)
    told = cycle(settings, store, catalog)
    assert told["lab"]["new"] == FACTS + 1
    assert deliveries.waiting(store) == {}
