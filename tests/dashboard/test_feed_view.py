"""The feed view as Streamlit runs it, on a real store: what it shows, and what a click does and a rerun does not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reading
from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings, Ward
from storage import queries
from storage.engine import open_store
from storage.meanings import code_meanings
from tests.dashboard import store_fixture
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ago

APP = Path(reading.__file__).with_name("app.py")
HEAD = "patient_id,analyte,value,unit,collected_at\n"


def waiting(settings: Settings) -> Settings:
    """With two results of a code nobody knows, and one that is no number."""
    at = ago(3).isoformat()
    rows = f"P-1,QX1,700,ng/mL,{at}\nP-2,QX1,800,ng/mL,{at}\nP-1,Ferritin,see note,ng/mL,{at}\n"
    store = open_store(settings.database_url)
    try:
        raw = RawFile("labs.csv", (HEAD + rows).encode())
        take_in(store, known(), settings, [raw], source="lis", run_id="r1", now=NOW - timedelta(hours=1))
    finally:
        store.close()
    return settings


def opened(settings: Settings) -> AppTest:
    reading.use(settings)
    app = AppTest.from_file(APP, default_timeout=300)
    app.switch_page("views/feed.py")
    return app.run()


def page(app: AppTest) -> str:
    assert not app.exception
    return " ".join(json.loads(sheet.proto.json)["markup"] for sheet in app.get("bidi_component"))


def meant(settings: Settings) -> list[str]:
    store = open_store(settings.database_url)
    try:
        return code_meanings(store)["analyte"].tolist()
    finally:
        store.close()


def values(settings: Settings) -> list[float]:
    store = open_store(settings.database_url)
    try:
        return sorted(queries.observations(store, as_of=NOW + timedelta(days=3650))["value"])
    finally:
        store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return waiting(store_fixture.empty(tmp_path))


def test_an_empty_store_is_a_designed_state(tmp_path: Path) -> None:
    said = page(opened(store_fixture.empty(tmp_path)))
    for part in ("No source is configured", "No code waits for a meaning", "Nothing is set aside"):
        assert part in said


@pytest.mark.sqlite  # a file of something else
def test_a_store_that_cannot_be_read_is_said_calmly(tmp_path: Path) -> None:
    (tmp_path / "maswatch.db").write_bytes(b"this is no store" * 4096)
    said = page(opened(Settings(data_dir=tmp_path, ward=Ward(timezone="UTC"))))
    assert "The store cannot be read" in said
    assert "Traceback" not in said


def test_a_broken_site_map_is_said_and_the_rest_still_shown(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "codes.toml"
    file.write_text("[[map]]\n")
    said = page(opened(settings.model_copy(update={"site_map": file})))
    assert "The site map cannot be used" in said
    assert "QX1" in said


def test_a_code_is_mapped_by_one_click_and_a_rerun_does_nothing(settings: Settings) -> None:
    app = opened(settings)
    assert "700 ng/mL" in page(app).replace("\u00a0", " ")
    app.text_input(key="who-feed").set_value("Dr Weber").run()
    app.selectbox(key="means lis QX1").set_value("Ferritin").run()
    assert meant(settings) == []
    app.button(key="map lis QX1").click().run()
    assert (meant(settings), values(settings)) == (["ferritin"], [700.0, 800.0])
    said = page(app)
    assert "QX1 of lis now means Ferritin: 2 new." in said
    assert "Dr Weber" in said
    assert not [button for button in app.button if button.key == "map lis QX1"]
    app.run()
    assert len(meant(settings)) == 1


def test_nothing_is_said_by_nobody(settings: Settings) -> None:
    app = opened(settings)
    app.selectbox(key="means lis QX1").set_value("Ferritin").run()
    app.button(key="map lis QX1").click().run()
    assert "Give your name first" in page(app)
    assert meant(settings) == []


def test_what_was_said_is_taken_back_by_a_click(settings: Settings) -> None:
    app = opened(settings)
    app.text_input(key="who-feed").set_value("Dr Weber").run()
    app.selectbox(key="means lis QX1").set_value("CRP").run()
    app.button(key="map lis QX1").click().run()
    app.selectbox(key="back").set_value("QX1 of lis").run()
    app.button(key="take-back").click().run()
    said = page(app)
    assert "QX1 of lis no longer means CRP: 2 withdrawn, 2 still set aside." in said
    assert "2 results of 2 patients" in said.replace("</b>", "")


def test_an_original_is_shown_when_asked_for_and_a_group_read_again(settings: Settings) -> None:
    app = opened(settings)
    assert "see note" not in page(app)
    (number,) = [title for title in app.selectbox(key="group").options if "no number" in title]
    app.selectbox(key="group").set_value(number).run()
    app.toggle(key="original").set_value(True).run()
    assert "see note" in page(app)
    app.text_input(key="who-feed").set_value("Dr Weber").run()
    app.button(key="again").click().run()
    assert "no number of lis read again: 1 still set aside." in page(app)
