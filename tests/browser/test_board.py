"""The ward board under hands: finding, narrowing, keys, colours; and a wall screen that nobody touches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
FOCUSED = "document.activeElement.closest('tr')?.dataset.key"
TOP_ROW = """(number) => {
  const row = document.querySelector(".wall-board tbody tr:not([style*=hidden])")
  const told = document.querySelector(".wall-page")?.textContent.startsWith(`${number}/`)
  return told ? [row.dataset.key, row.getBoundingClientRect().top] : null
}"""


def test_a_slash_finds_a_bed_and_escape_shows_everybody_again(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.page.keyboard.press("/")
    page.page.keyboard.type("bed 1")
    page.see(".board tbody tr:nth-child(3):last-child")
    assert page.asked == "/?find=bed+1"
    assert sorted(page.texts(".board .name")) == ["11", "12", "14"]
    assert page.text(".hiding").startswith("5 of 8 patients are hidden by what is chosen here")
    page.page.keyboard.press("Escape")
    page.see("tr[data-key='P-0007']")
    assert (page.asked, page.loads) == ("/", 1)


def test_what_is_chosen_beside_the_ward_can_be_sent_as_a_link(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.see("#choose-flag").select_option("steroid_nonresponse")
    page.see(".board tbody tr:only-child")
    assert page.asked == "/?flag=steroid_nonresponse"
    sent = opened(f"{ward}{page.asked}")
    assert sent.texts(".board .name") == ["7"]
    assert sent.see("#choose-flag").input_value() == "steroid_nonresponse"
    sent.see(".hiding a").click()
    sent.see("tr[data-key='P-0014']")
    assert sent.see("#choose-flag").input_value() == ""


def test_keys_go_from_row_to_row_and_open_the_patient(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.page.keyboard.press("j")
    assert page.page.evaluate(FOCUSED) == "P-0007"
    page.page.keyboard.press("ArrowDown")
    assert page.page.evaluate(FOCUSED) == "P-0012"
    page.page.keyboard.press("k")
    page.page.keyboard.press("Enter")
    page.see(".patient[data-key='P-0007']")


def test_the_colours_that_were_chosen_are_kept_and_a_link_may_ask_for_others(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.see("select[data-themes]").select_option("contrast")
    page.see("html[data-theme=contrast] .board")
    page.open(f"{ward}/inbox")
    assert page.page.evaluate("document.documentElement.dataset.theme") == "contrast"
    page.open(f"{ward}/?theme=dark")
    assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(12, 17, 24)"
    page.open(ward)
    assert page.page.evaluate("document.documentElement.dataset.theme") == "contrast"


def top_row(page: Watched, number: int) -> tuple[str, float]:
    """Who stands on top of that page and where, once it is its turn: a busy machine may see it turn on first."""
    key, at = page.page.wait_for_function(TOP_ROW, arg=number).json_value()
    return key, at


def test_the_wall_is_dark_large_and_turns_its_pages(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/?kiosk=1", width=1920, height=700, clock=True)
    assert page.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.texts(".mas a, .mas button, .mas select, .mas input, header") == []
    assert (
        page.page.evaluate("parseFloat(getComputedStyle(document.querySelector('.wall-board .number')).fontSize)") >= 38
    )
    assert top_row(page, 1)[0] == "P-0007"
    page.page.clock.fast_forward(12_000)
    first, at = top_row(page, 2)
    assert first != "P-0007"
    assert at > 0


def test_a_wall_that_everybody_fits_on_has_no_pages(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/?kiosk=1&line=second", width=1920, height=1080)
    assert page.page.locator(".wall-page").text_content() == ""
    assert "hidden by this screen’s filter" in page.text(".wall-hiding")
