"""The rounds view as Streamlit runs it: the list, a sheet, the mark with a note, and taking it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reading
from monitoring.settings import Settings
from storage.rounds import rounds, standing
from tests.dashboard import store_fixture
from tests.dashboard.test_views import APP, sheets


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return store_fixture.filled(tmp_path_factory.mktemp("ward"), now=now)


def opened(settings: Settings, **asked: str) -> AppTest:
    reading.use(settings)
    app = AppTest.from_file(APP, default_timeout=300)
    app.switch_page("views/rounds.py")
    app.query_params.update(asked)
    return app.run()


def test_rounds_are_marked_with_a_name_and_a_note_and_taken_back(settings: Settings) -> None:
    app = opened(settings, patient="P-0007")
    assert app.button(key="done-P-0007").disabled  # nobody has said who they are
    app.text_input(key="who-rounds").input("Dr  Aydin ").run()
    app.text_input(key="note-P-0007").input("repeat ferritin diluted").run()
    app.button(key="done-P-0007").click().run()
    (kept,) = standing(rounds(reading.store(), as_of=datetime.now(UTC))).to_dict("records")
    assert (kept["patient_id"], kept["by"], kept["done"]) == ("P-0007", "Dr Aydin", 1)
    page = sheets(app)["rounds"]
    assert "repeat ferritin diluted" in page
    assert "No new results." in page
    assert app.text_input(key="note-P-0007").value == ""
    (back,) = [button for button in app.button if button.label.startswith("Take back")]
    back.click().run()
    assert standing(rounds(reading.store(), as_of=datetime.now(UTC))).empty
    assert "No new results." not in sheets(app)["rounds"]


def test_looking_back_marks_nothing_and_offers_the_sheets_of_then(settings: Settings) -> None:
    app = opened(settings, patient="P-0007", as_of=datetime.now(UTC).isoformat())
    assert [button.label for button in app.button] == []
    assert "rounds are marked on the present only" in app.caption[0].value
    assert "Bed 7" in sheets(app)["rounds"]


def test_the_list_offers_the_ward_as_one_file_under_a_word_that_stays_until_another_paper_is_chosen(
    settings: Settings,
) -> None:
    app = opened(settings)
    page = sheets(app)
    assert "0 of 8 done today" in page["rounds"]
    assert ">8 sheets as one PDF</button>" in page["pdf"]
    word = re.findall(r'data-take="([^"]+)"', page["pdf"])
    assert re.findall(r'data-take="([^"]+)"', sheets(app.run())["pdf"]) == word
    app.selectbox(key="paper").select("Letter").run()
    assert re.findall(r'data-take="([^"]+)"', sheets(app)["pdf"]) != word
