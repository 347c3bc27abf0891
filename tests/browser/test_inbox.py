"""Answering flags as a person does: by keyboard, once, and never to a flag that has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from monitoring.settings import load_settings
from storage.engine import open_store
from storage.queries import acknowledgements, last_flag_changes
from storage.writes import record_flag_changes
from tests.browser.conftest import site
from tests.browser.watched import Watched
from tests.stories.served import Served

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site(tmp_path_factory.mktemp("inbox"), fill=True)


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[str]:
    """A ward of eight whose flags these tests may answer."""
    served = Served(folder, "--no-schedule")
    yield served.address
    served.end()


def worsen(folder: Path, patient_id: str, flag: str) -> None:
    """The flag's next change, as a cycle that runs now would write it."""
    store, now = open_store(load_settings(config=folder / "maswatch.toml").database_url), datetime.now(UTC)
    last = last_flag_changes(store, as_of=now, patients=[patient_id])
    this = last[last["flag"].eq(flag)]
    times = dict.fromkeys(("changed_at", "recorded_at"), pd.Timestamp(now))
    record_flag_changes(store, this.assign(change="worsened", seq=this["seq"] + 1, **times))
    store.close()


def answers(folder: Path) -> list[tuple[str, str, str]]:
    store = open_store(load_settings(config=folder / "maswatch.toml").database_url)
    told = acknowledgements(store, as_of=datetime.now(UTC))[["flag", "by", "reason"]]
    store.close()
    return list(told.itertuples(index=False, name=None))


def pressed(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("width", [1440, 1024])
def test_the_inbox_shows_what_waits_for_an_answer(here: str, opened: Open, width: int) -> None:
    page = opened(f"{here}/inbox?severity=urgent", width=width)
    assert "Ferritin" in page.text(".entry .tag")
    assert "unanswered for" in page.text(".entry .waiting")
    assert page.overflowing() == []


def test_a_flag_is_acknowledged_by_keyboard_alone_and_the_name_is_asked_once(
    here: str, opened: Open, folder: Path
) -> None:
    page = opened(f"{here}/inbox")
    first = page.page.locator(".entry").first.get_attribute("data-key")
    pressed(page.page, "j", "j", "k")
    assert page.page.evaluate("document.activeElement.dataset.key") == first
    pressed(page.page, "a")
    page.page.keyboard.type("repeat sample sent")
    pressed(page.page, "Tab")
    page.page.keyboard.type("Dr Sommer")
    pressed(page.page, "Enter")
    assert page.text("[role=status] .banner").startswith("Acknowledged by Dr Sommer")
    assert answers(folder)[-1][1:] == ("Dr Sommer", "repeat sample sent")
    assert "seen by Dr Sommer" in page.text(f".entry[data-key='{first}'] .answered")
    assert page.page.evaluate("document.activeElement.dataset.key") == first
    pressed(page.page, "c")
    assert page.texts(".form-place label") == ["Comment"]
    pressed(page.page, "Escape")
    assert page.texts(".form-place label") == []


def test_what_was_meant_for_a_flag_that_has_changed_is_refused(here: str, opened: Open, folder: Path) -> None:
    page, before = opened(f"{here}/inbox"), len(answers(folder))
    key = str(page.page.locator(".entry").nth(1).get_attribute("data-key"))
    entry = page.page.locator(f".entry[data-key='{key}']")
    entry.locator("[data-opens=acknowledge]").click()
    worsen(folder, *key.split("/"))
    entry.locator("[name=reason]").fill("seen on rounds")
    entry.locator("[name=by]").fill("Dr Sommer")
    pressed(page.page, "Enter")
    assert "the flag has changed since it was shown" in page.text("[role=status] .banner")
    assert len(answers(folder)) == before


def test_the_same_is_done_beside_the_flag_on_the_patients_page_and_taken_back(here: str, opened: Open) -> None:
    page = opened(f"{here}/patient?patient=P-0012")
    act = page.page.locator(".answering").first
    act.locator("[data-opens=comment]").click()
    act.locator("[name=text]").fill("haemolysed? repeat on its way")
    act.locator("[name=by]").fill("Dr Weber")
    pressed(page.page, "Enter")
    assert "haemolysed? repeat on its way” Dr Weber" in page.text(".answering .comment")
    act.locator("[data-does=withdraw_comment]").click()
    page.page.wait_for_selector(".answering .comment", state="detached")
    assert page.text("[role=status] .banner").startswith("Comment taken back")


def test_what_worsened_since_this_browser_looked_is_new_until_it_was_opened(
    here: str, opened: Open, folder: Path
) -> None:
    page = opened(here)
    assert page.page.locator("[data-new]").count() == 0  # a browser that never looked knows nothing older
    worsen(folder, "P-0012", "ferritin_extreme")
    page.page.reload()
    page.see("tr[data-key='P-0012'] [data-new]")
    assert page.page.locator("[data-new]").count() == 1
    page.page.goto(f"{here}/patient?patient=P-0012")
    page.see(".patient .flag [data-new]")
    page.page.goto(here)
    page.see("tr[data-key='P-0012']")
    page.settle()
    assert page.page.locator("[data-new]").count() == 0
