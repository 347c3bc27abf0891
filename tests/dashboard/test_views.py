"""Every view run as Streamlit runs it, on a real store that is empty, filled, or cannot be read."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import keeping, reading, shell
from dashboard.bedside import Ward
from monitoring import cohorts
from monitoring.cohort_file import read_cohort
from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings
from monitoring.settings import Ward as WardSettings
from storage import queries
from storage.engine import open_store
from tests.dashboard import store_fixture
from tests.dashboard.ward_fixture import NOW

APP = Path(reading.__file__).with_name("app.py")
VIEWS = ("ward", "patient", "rounds", "research")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return store_fixture.filled(tmp_path_factory.mktemp("ward"))


@pytest.fixture
def nothing(tmp_path: Path) -> Settings:
    return store_fixture.empty(tmp_path)


def opened(settings: Settings, view: str, **asked: str) -> AppTest:
    reading.use(settings)
    app = AppTest.from_file(APP, default_timeout=300)
    app.switch_page(f"views/{view}.py")
    app.query_params.update({"as_of": NOW.isoformat(), **asked})
    return app.run()


def sheets(app: AppTest) -> dict[str, str]:
    """The HTML of every sheet on the page, by its key."""
    assert not app.exception
    return {
        sheet.proto.id.split("-")[-1]: json.loads(sheet.proto.json)["markup"] for sheet in app.get("bidi_component")
    }


def test_the_ward_shows_every_patient(filled: Settings) -> None:
    board = sheets(opened(filled, "ward"))["ward"]
    assert board.count('scope="row"') == 8
    assert "Not responding 48\u00a0h after steroid start" in board
    assert "&gt;40,000" in board


def test_a_reading_keeps_nothing_that_only_the_judging_asked_for(filled: Settings) -> None:
    reading.use(filled)
    kept = reading.ward(NOW, now=NOW)
    assert len(kept.sides) == 8
    assert kept.state.assessment.recent is None


def test_who_left_long_ago_is_off_the_board_and_opens_by_the_address(tmp_path: Path) -> None:
    settings = store_fixture.filled(tmp_path)
    store = open_store(settings.database_url)
    came, gone = NOW - timedelta(days=20), NOW - timedelta(days=9)
    rows = f"patient_id,admitted_at,discharged_at\nP-0007,{came.isoformat()},{gone.isoformat()}"
    left = RawFile("patients.csv", rows.encode())
    take_in(store, store_fixture.known(), settings, [left], source="drop", run_id="left", now=NOW)
    store.close()
    assert sheets(opened(settings, "ward"))["ward"].count('scope="row"') == 7
    choice = sheets(opened(settings, "patient"))["choice"]
    assert "Left earlier: 1" in choice
    assert "left 9 d ago" in choice
    assert "142–710\u00a0mg/day" in sheets(opened(settings, "patient", patient="P-0007"))["patient"]


def test_a_tile_in_the_address_filters_the_ward(filled: Settings) -> None:
    board = sheets(opened(filled, "ward", show="responding"))["ward"]
    assert board.count('scope="row"') == 1
    assert 'data-key="P-0005"' in board


def test_a_patient_in_the_address_is_shown_with_verdict_options_flags_and_figure(filled: Settings) -> None:
    app = opened(filled, "patient", patient="P-0007")
    page = sheets(app)["patient"]
    assert "Not responding at 48\u00a0h" in page
    assert "Anakinra" in page
    assert "142–710\u00a0mg/day" in page
    assert "seen by Dr Weber" in page
    assert "Would change this:" in page
    (figure,) = app.get("plotly_chart")
    assert "Ferritin" in figure.proto.spec
    assert figure.proto.alt == "Trajectories of Bed 7"


def test_a_correction_shows_its_old_value(filled: Settings) -> None:
    (figure,) = opened(filled, "patient", patient="P-0011").get("plotly_chart")
    assert "corrected from 11,200" in figure.proto.spec


def test_without_a_patient_in_the_address_everybody_is_offered(filled: Settings) -> None:
    assert sheets(opened(filled, "patient"))["choice"].count('class="pill"') == 8


def test_an_unknown_patient_is_said_to_be_unknown(filled: Settings) -> None:
    page = sheets(opened(filled, "patient", patient="nobody"))["unknown"]
    assert "No patient “nobody” is known here" in page


def test_the_research_view_narrows_to_what_is_chosen(filled: Settings) -> None:
    app = opened(filled, "research", patients="P-0011", analytes="Ferritin")
    assert [widget.value for widget in app.multiselect] == [["P-0011"], ["Ferritin"]]
    table = app.dataframe[0].value
    assert table["value"].tolist() == [1500, 2100, 1120, 1200]
    assert "P-0011" not in set(table["patient_id"])
    app.checkbox(key="identified").check().run()
    assert set(app.dataframe[0].value["patient_id"]) == {"P-0011"}


def test_a_research_choice_that_matches_nothing_says_so(filled: Settings) -> None:
    assert "No value matches" in sheets(opened(filled, "research", patients="P-0002"))["nothing"]


def test_a_saved_cohort_is_offered_and_narrows_the_research_view(filled: Settings) -> None:
    reading.use(filled)
    assert not opened(filled, "research").selectbox
    question = '[cohort]\nname = "boys"\nversion = "1"\n[where]\nsex = ["male"]\n'
    people = queries.patients(reading.store(), as_of=NOW)
    boys = set(people.loc[people["sex"].eq("male"), "patient_id"])
    cohorts.save(reading.store(), read_cohort(question, reading.catalog()), at=NOW, by="Dr Abel")
    app = opened(filled, "research", cohort="boys@1", analytes="Ferritin")
    (picker,) = app.selectbox
    assert (picker.options, picker.value) == (["boys@1"], "boys@1")
    app.checkbox(key="identified").check().run()
    shown = set(app.dataframe[1].value["patient_id"])
    assert shown
    assert shown <= boys


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_store_is_a_designed_state_on_every_view(nothing: Settings, view: str) -> None:
    page = " ".join(sheets(opened(nothing, view)).values())
    assert "No patients yet" in page
    assert "The 12-hour intake has not run yet" in page


@pytest.mark.sqlite  # a file of something else
@pytest.mark.parametrize("view", VIEWS)
def test_a_store_that_cannot_be_read_is_said_calmly_on_every_view(
    tmp_path: Path, view: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "maswatch.db").write_bytes(b"this is no store" * 4096)
    page = " ".join(sheets(opened(Settings(data_dir=tmp_path, ward=WardSettings(timezone="UTC")), view)).values())
    assert "The store cannot be read" in page
    assert "Nothing that was taken in is lost" in page
    assert "Until it can be read again, read the values in the laboratory system." in page
    assert "Traceback" not in page
    logged = [told.getMessage() for told in caplog.records if told.name == "dashboard.shell"]
    assert logged == ["a view could not be drawn: StoreDamaged"]  # a line for each page while it lasts, no more


@pytest.mark.parametrize("view", VIEWS)
def test_a_missed_run_is_said_on_every_view(filled: Settings, view: str) -> None:
    page = " ".join(sheets(opened(filled, view)).values())
    assert "has not happened" in page  # the wall clock is long past the ward's last success


def test_looking_back_shows_what_was_known_then_and_says_so(filled: Settings) -> None:
    page = sheets(opened(filled, "ward", as_of="2026-11-20T20:00:00+00:00"))
    assert "As it was known at Fri 20 Nov 21:00 CET" in page["strip"]
    assert "Not responding" not in page["ward"]


def test_a_view_that_fails_says_what_still_holds_and_logs_no_value(
    filled: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError(f"ferritin is {218 * 100}")

    monkeypatch.setattr("dashboard.drawn_once.drawn_once", fails)
    with caplog.at_level(logging.ERROR):
        page = sheets(opened(filled, "ward"))["failed"]
    assert "This part could not be drawn" in page
    assert "the other pages still hold" in page
    assert "21800" not in page + caplog.text
    assert "ValueError" in caplog.text


def test_what_no_view_caught_is_said_the_same_way(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert shell.say_failed(KeyError("P-0007"))
    assert "P-0007" not in caplog.text


def test_a_page_before_the_first_reading_says_what_it_waits_for_and_asks_again(
    filled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FIRST", 0)
    keeper = keeping.Keeper(lambda: "m1", lambda mark, now: Ward(now, (), mark=mark), lambda: NOW)
    keeper.running = True
    monkeypatch.setattr(reading, "_keeper", [keeper])
    reading.use(filled)
    app = AppTest.from_file(APP, default_timeout=300).run()
    assert not app.exception
    told = {one["sheet"]: one for one in (json.loads(sheet.proto.json) for sheet in app.get("bidi_component"))}
    assert "The ward is being read" in told["being-read"]["markup"]
    assert told["being-read"]["again"] > 0
    assert "ward" not in told
