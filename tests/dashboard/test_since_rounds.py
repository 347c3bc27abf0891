"""What is new since the last rounds, on the hand-made ward in a real store. Moments are hours before its NOW."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.intake import RawFile, take_in
from storage.engine import Store, open_store
from storage.rounds import add_note, mark_done, take_back
from tests.dashboard import store_fixture
from tests.dashboard.rounds_fixture import Gone, filled, gone
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ago
from tests.stores import copied, new_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nobody has marked anything."""
    folder = tmp_path_factory.mktemp("ward")
    filled(folder).close()
    return folder


@pytest.fixture(scope="module")
def unmarked(folder: Path) -> Gone:
    with closing(open_store(f"sqlite:///{folder}/maswatch.db")) as store:
        return gone(store)


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Iterator[Store]:
    copied(folder / "maswatch.db", tmp_path / "maswatch.db")
    opened = open_store(f"sqlite:///{tmp_path}/maswatch.db")
    yield opened
    opened.close()


def test_without_a_mark_the_last_day_counts_and_is_said_to(unmarked: Gone) -> None:
    news = unmarked.news["P-0007"]
    assert (news.at, news.marked) == (pd.Timestamp(ago(24)), False)
    assert unmarked.sheet("P-0007").since_words == "in the last 24 h; no rounds marked"


def test_results_are_told_with_their_change_from_what_was_known(unmarked: Gone) -> None:
    # drawn 26, 14 and 2 h ago, of which the first came in 12 h ago; 8,800 of 38 h ago was known before
    assert unmarked.texts("P-0007", "results")[0] == (
        "Ferritin: 21,800 µg/L ▲ ×2.5 from 8,800 · doubling every 24 h · 3 new, last 12:12"
    )


def test_a_value_that_a_product_moved_has_no_arrow(unmarked: Gone) -> None:
    (fibrinogen,) = [line for line in unmarked.texts("P-0007", "results") if line.startswith("Fibrinogen")]
    assert "◇ moved by fibrinogen concentrate" in fibrinogen
    assert "▼" not in fibrinogen


def test_what_stays_inside_the_noise_shares_one_line(unmarked: Gone) -> None:
    # CRP 244 to 262: 7 %, far inside its reference change value
    assert unmarked.texts("P-0007", "results")[-1].startswith("Inside the noise: CRP 262.0 mg/L (was 244.0)")


def test_a_bound_is_told_as_a_bound(unmarked: Gone) -> None:
    ferritin = unmarked.texts("P-0012", "results")[0]
    assert ">40,000" in ferritin
    assert "%" not in ferritin


def test_flags_doses_and_answers_are_told_with_who_and_when(unmarked: Gone) -> None:
    assert "Raised: Not responding 48 h after steroid start · 14:12" in unmarked.texts("P-0007", "changes")
    assert unmarked.texts("P-0007", "given") == ["Methylprednisolone: 1 g × 2 · last 12:12"]
    (answer,) = unmarked.texts("P-0007", "answers")
    assert answer.startswith("Dr Weber: seen, “Fibrinogen")
    assert answer.endswith("concentrate given · 14:12")


def test_a_new_line_is_told_with_the_one_before(unmarked: Gone) -> None:
    assert any(line.startswith("Line changed: None → Second line") for line in unmarked.texts("P-0012", "given"))


def test_after_a_mark_only_what_came_later_is_new(store: Store) -> None:
    mark_done(store, "P-0007", at=ago(12), by="Dr Aydin")
    after = gone(store)
    assert after.news["P-0007"].by == "Dr Aydin"
    assert after.sheet("P-0007").since_words == "since rounds 02:12, Dr Aydin"
    # of 26, 14 and 2 h ago only the last came in after 12 h ago; one step of 32 % alone is inside the noise
    assert (
        after.texts("P-0007", "results")[0] == "Ferritin: 21,800 µg/L +32 % from 16,500 · doubling every 24 h · 12:12"
    )
    assert after.texts("P-0007", "given") == ["Methylprednisolone: 1 g · 12:12"]
    assert not after.news["P-0005"].marked


def test_a_mark_taken_back_brings_the_news_back(store: Store) -> None:
    at = mark_done(store, "P-0007", at=NOW, by="Dr Aydin")
    assert gone(store).news["P-0007"].results == ()
    take_back(store, "P-0007", ends=at, at=NOW + timedelta(seconds=5), by="Dr Aydin")
    later = gone(store, as_of=NOW + timedelta(minutes=1))
    assert {row["analyte"] for row in later.news["P-0007"].results} >= {"ferritin", "platelets"}


def test_a_note_stands_and_marks_nothing(store: Store) -> None:
    add_note(store, "P-0007", at=ago(1), by="Dr Aydin", note="family informed")
    after = gone(store)
    assert not after.news["P-0007"].marked
    assert after.texts("P-0007", "notes") == ["Dr Aydin, 13:12: family informed"]


def test_a_corrected_and_a_withdrawn_result_are_told_as_such(store: Store, tmp_path: Path) -> None:
    head = "patient_id,analyte,value,unit,collected_at,status,source_id\n"
    told = (
        f"P-0007,platelets,91,10^9/L,{ago(2).isoformat()},corrected,P-0007-platelets-2\n"
        f"P-0007,ferritin,21800,ng/mL,{ago(2).isoformat()},entered-in-error,P-0007-ferritin-2\n"
    )
    later = NOW + timedelta(hours=1)
    mark_done(store, "P-0007", at=NOW, by="Dr Aydin")
    settings = store_fixture.Settings(data_dir=tmp_path, ward=store_fixture.Ward(timezone="Europe/Berlin"))
    raw = RawFile("late.csv", (head + told).encode())
    take_in(store, known(), settings, [raw], source="drop", run_id="late", now=later)
    results = gone(store, as_of=later).texts("P-0007", "results")
    assert any("corrected from 61" in line for line in results)
    assert "Ferritin: withdrawn by the laboratory: 21,800 of 12:12" in results


def test_a_ward_in_which_there_never_was_a_flag_has_its_other_news(tmp_path: Path) -> None:
    told = f"patient_id,analyte,value,unit,collected_at\nP-1,platelets,240,10^9/L,{ago(2).isoformat()}\n"
    with closing(new_store(tmp_path / "maswatch.db")) as store:
        settings = store_fixture.Settings(data_dir=tmp_path)
        take_in(store, known(), settings, [RawFile("labs.csv", told.encode())], source="drop", run_id="r", now=NOW)
        news = gone(store).news["P-1"]
    assert (len(news.results), news.flags) == (1, ())
