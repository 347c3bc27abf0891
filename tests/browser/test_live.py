"""An open page while the world goes on: new results, a missed run, a store or a server that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import site
from tests.browser.quick_server import Quick
from tests.browser.slow_line import SlowLine
from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
QUIET_MS = 31_000  # a little longer than tests/browser/quick.py lets a page be silent
HIGHLIGHTED = """() => {
  const all = [...document.querySelectorAll("tr[data-key='P-0014'] .number.changed")]
  return all.length ? all.map((one) => one.textContent.trim()) : null
}"""
FORGETS = """() => {
  const root = document.querySelector("tr[data-key='P-0007']").closest(".mas")
  window.masSheets.clear()
  root.drawn = undefined
  root.replaceChildren()
}"""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quick]:
    """For tests that leave its store as it was."""
    served = Quick(site(tmp_path_factory.mktemp("live"), fill=True))
    yield served
    served.stop()


@pytest.fixture
def quick_own(tmp_path: Path) -> Iterator[Quick]:
    served = Quick(site(tmp_path, fill=True))
    yield served
    served.stop()


@pytest.fixture
def quick_empty(tmp_path: Path) -> Iterator[Quick]:
    served = Quick(site(tmp_path, fill=False))
    yield served
    served.stop()


def test_a_new_result_appears_in_place_and_the_page_stays_where_it_was(quick_own: Quick, opened: Open) -> None:
    page = opened(quick_own.address, height=500)
    page.see("tr[data-key='P-0014']")
    page.page.evaluate("document.querySelector(\"tr[data-key='P-0014']\").mark = 'the same row'")
    page.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 300)")
    quick_own.takes(f"P-0014,ferritin,9876,ng/mL,{(datetime.now(UTC) - timedelta(minutes=1)).isoformat()}")
    # at one moment: on the next refresh it is a number as any other
    assert page.page.wait_for_function(HIGHLIGHTED).json_value() == ["9,876"]
    assert page.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 300
    assert page.page.evaluate("document.querySelector(\"tr[data-key='P-0014']\").mark") == "the same row"
    assert page.loads == 1


def test_what_a_reader_opened_stays_open_through_a_refresh(quick: Quick, opened: Open) -> None:
    page = opened(f"{quick.address}/patient?patient=P-0007")
    page.see(".flag summary").first.click()
    page.refreshed()
    assert page.page.locator(".flag[open]").count() == 1


def test_a_page_that_no_longer_has_what_the_server_names_says_so_and_is_sent_all_of_it(
    quick: Quick, opened: Open
) -> None:
    page = opened(quick.address)
    page.see("tr[data-key='P-0007']")
    page.page.evaluate(FORGETS)
    assert page.text("tr[data-key='P-0007'] .number") == "21,800"
    assert page.loads == 1


def test_a_page_that_asks_on_while_answers_are_on_their_way_does_not_lose_its_line(quick: Quick, chrome: Any) -> None:
    """
    The browser may throw away what it has no use for after the answers on their way, and what the next one only names.
    """
    page = Watched(chrome.new_page())
    line = SlowLine(page.page)
    page.page.goto(quick.address)
    line.wait(runs=4)  # the strip and the board, two refreshes each
    page.see("[data-testid=stTopNavLink] >> text=Ward").click()
    line.wait(runs=5)
    line.let_through()
    page.refreshed()
    assert page.loads == 1
    assert page.faults == []
    page.page.close()


def test_a_store_without_patients_fills_before_the_readers_eyes(quick_empty: Quick, opened: Open) -> None:
    page = opened(quick_empty.address)
    assert "No patients yet" in page.text(".state")
    assert "The 12-hour intake has not run yet" in page.text(".banner")
    quick_empty.takes(f"NEW-1,ferritin,1200,ng/mL,{(datetime.now(UTC) - timedelta(hours=1)).isoformat()}")
    assert page.text("tr[data-key='NEW-1'] .number") == "1,200"


def test_a_server_that_is_gone_is_said_in_large_letters_until_it_is_back(quick: Quick, opened: Open) -> None:
    page, wall = opened(quick.address), opened(f"{quick.address}/?kiosk=1", width=1920, height=1080)
    page.expected = wall.expected = ("",)  # a browser without a server complains in many words
    quick.stop()
    for gone in (page, wall):
        assert gone.text(".unheard").startswith("No connection. What is shown is")
    assert not page.page.locator("[data-testid=stDialog]").is_visible()
    size = wall.page.evaluate("parseFloat(getComputedStyle(document.querySelector('.unheard')).fontSize)")
    assert size > 42  # larger than any value
    assert wall.page.locator(".wall-board tbody tr").count() == 8
    quick.start()
    for back in (page, wall):  # untouched
        back.see_gone(".unheard")
        back.see_gone("[data-testid=stDialog]")
    assert page.text("tr[data-key='P-0007'] .number") == "21,800"
    assert wall.text(".wall-board tr[data-key='P-0007'] .number") == "21,800"


@pytest.mark.sqlite  # its file is; of a server that is gone test_outage tells
def test_a_store_that_is_gone_is_said_and_all_comes_back_with_it(
    quick_own: Quick, opened: Open, tmp_path: Path
) -> None:
    page = opened(quick_own.address)
    kept = {path: path.read_bytes() for path in tmp_path.glob("maswatch.db*")}
    for path in kept:
        path.write_bytes(b"damaged" * 4096)
    assert "The store cannot be read" in page.text(".banner.decision")
    assert "The store cannot be read" in page.text(".state")
    for path, content in kept.items():
        path.write_bytes(content)
    page.see("tr[data-key='P-0007']")


def test_a_row_that_moved_says_so(quick_own: Quick, opened: Open) -> None:
    page = opened(quick_own.address)
    page.see("tr[data-key='P-0014']")
    assert page.texts(".board .name").index("14") > 0
    hour = datetime.now(UTC) - timedelta(minutes=1)
    quick_own.takes(f"P-0014,ferritin,90000,ng/mL,{hour.isoformat()}\nP-0014,fibrinogen,0.6,g/L,{hour.isoformat()}")
    assert page.text("tr[data-key='P-0014'] .moved:not(:empty)") == "▲ moved up"
    assert page.page.locator(".moved:not(:empty)").count() == 1  # the others only made room


def test_a_wall_whose_line_is_dead_is_loaded_anew_by_itself(quick: Quick, chrome: Any) -> None:
    """The server answers, but what the page listens to has fallen silent without a word: the worst kind of dead."""
    page = chrome.new_page(viewport={"width": 1920, "height": 1080})
    page.clock.install()
    deaf = [False]

    def line(wire: Any) -> None:
        server = wire.connect_to_server()
        server.on_message(lambda told: None if deaf[0] else wire.send(told))

    page.route_web_socket("**/_stcore/stream", line)
    watched = Watched(page)
    watched.open(f"{quick.address}/?kiosk=1")
    deaf[0] = True
    page.clock.fast_forward(QUIET_MS)
    watched.see(".unheard")
    assert page.locator(".wall-board tbody tr").count() == 8
    with page.expect_event("load"):
        for _ in range(4):  # of the server's answers are enough
            with page.expect_response("**/_stcore/health"):
                page.clock.fast_forward(QUIET_MS // 10)
    deaf[0] = False
    watched.see_gone(".unheard")
    watched.see(".wall-board tr[data-key='P-0007']")
    page.close()


def test_a_scheduler_that_stopped_is_said_until_it_runs_again(quick: Quick, opened: Open) -> None:
    quick.sign_of_life(ago=timedelta(minutes=2))
    page = opened(f"{quick.address}/?kiosk=1", width=1920, height=1080)
    assert page.text(".banner").startswith("The 12-hour job has stopped. It was last heard of at")
    quick.sign_of_life(ago=timedelta())
    page.see_gone(".banner:has-text('has stopped')")
