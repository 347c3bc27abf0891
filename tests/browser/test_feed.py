"""The feed view in a real browser: a code is mapped with the mouse, another by keyboard, and the values are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings
from storage.engine import open_store
from tests.browser.conftest import site
from tests.browser.watched import Watched
from tests.dashboard.store_fixture import known
from tests.stories.served import Served

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
HEAD = "patient_id,analyte,value,unit,collected_at\n"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the ward of eight, where P-0002's only results wait under two codes that nobody knows."""
    folder, now = site(tmp_path_factory.mktemp("feed"), fill=True), datetime.now(UTC)
    at = (now - timedelta(hours=2)).isoformat()
    rows = f"P-0002,QX1,4321,ng/mL,{at}\nP-0002,QX2,2.34,g/L,{at}\n"
    settings = Settings(data_dir=folder)
    store = open_store(settings.database_url)
    try:
        take_in(
            store, known(), settings, [RawFile("labs.csv", (HEAD + rows).encode())], source="lis", run_id="r", now=now
        )
    finally:
        store.close()
    served = Served(folder, "--no-schedule")
    yield served.address
    served.end()


@pytest.mark.parametrize("width", [1440, 1024])
def test_the_feed_fits_its_page(waiting: str, opened: Open, width: int) -> None:
    page = opened(f"{waiting}/feed", width=width)
    assert page.text(".mas h1") == "Feed"
    assert page.overflowing() == []


def test_codes_are_mapped_with_the_mouse_and_by_keyboard_and_their_values_stand_on_the_ward(
    waiting: str, opened: Open
) -> None:
    page = opened(f"{waiting}/feed")
    assert page.texts(".code .name") == ["QX1", "QX2"]
    keys = page.page.keyboard
    page.page.get_by_label("Your name").fill("Dr Weber")
    page.page.get_by_label("Your name").press("Tab")

    page.page.get_by_role("combobox", name="QX1 means").click()
    keys.type("ferr")  # thirty analytes do not all fit on the screen
    page.page.get_by_role("option", name="Ferritin", exact=True).click()
    page.page.get_by_role("button", name="Map QX1").click()
    assert page.text(".mas .banner.good") == "QX1 of lis now means Ferritin: 1 new."
    page.see_gone("[aria-label='QX1 means']")  # the fields below the banner are drawn after it, one fewer
    page.settle()

    page.page.get_by_role("combobox", name="QX2 means").focus()
    keys.type("Fibrinogen")
    keys.press("Enter")
    page.page.get_by_role("button", name="Map QX2", disabled=False).wait_for()
    for _ in range(4):  # past the clear button and the unit to the button
        if page.page.evaluate("document.activeElement.textContent") != "Map QX2":
            keys.press("Tab")
    keys.press("Enter")
    page.page.get_by_text("QX2 of lis now means Fibrinogen: 1 new.").wait_for()
    page.page.get_by_text("No code waits for a meaning").wait_for()

    page.page.get_by_role("link", name="Ward").first.click()
    page.see("tr[data-key='P-0002'] .number >> text=2.34")  # a moment before, the ward may be that of before
    numbers = page.texts("tr[data-key='P-0002'] .number")
    assert numbers[:2] == ["4,321", "2.34"]
