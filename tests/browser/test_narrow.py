"""A phone, a tablet held upright, a browser at 200 %, and paper: no number is cut off or stands upon another."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
PHONE, UPRIGHT = 390, 768
UPON_ANOTHER = """(selector) => {
  const all = [...document.querySelectorAll(selector)]
  const seen = all.filter((node) => node.checkVisibility() && node.textContent.trim())
  const boxes = seen.map((node) => {
    const words = document.createRange()
    words.selectNodeContents(node)
    return words.getBoundingClientRect()
  })
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
  const others = (one, place) => seen.filter((_, at) => at > place && meet(boxes[place], boxes[at]))
  return seen.flatMap((one, place) => others(one, place).map((other) => `${one.textContent} | ${other.textContent}`))
}"""
WORDS = ", ".join(f".mas {told}" for told in (".board .number", ".board .tag", ".board .label", ".response td.num"))
LEFT = "document.querySelector('.js-plotly-plot').getBoundingClientRect().left"
CUT_OFF = f"nodes => nodes.filter(node => node.getBoundingClientRect().left < {LEFT}).map(node => node.textContent)"


@pytest.mark.parametrize("view", ["/", "/inbox", "/rounds", "/rounds?patient=P-0007", "/patient?patient=P-0007"])
def test_a_narrow_view_cuts_nothing_and_puts_nothing_upon_another(view: str, ward: str, opened: Open) -> None:
    page = opened(f"{ward}{view}", width=PHONE)
    for width in (PHONE, UPRIGHT):
        page.page.set_viewport_size({"width": width, "height": 900})
        page.settle()
        assert page.overflowing() == []
        assert page.page.evaluate(UPON_ANOTHER, WORDS) == []


def test_on_a_phone_all_four_markers_stand_with_their_names_and_units(ward: str, opened: Open) -> None:
    page = opened(ward, width=PHONE)
    names = page.page.locator("tr[data-key='P-0007'] .value").evaluate_all("nodes => nodes.map(n => n.dataset.of)")
    assert names == ["Ferritin µg/L", "Fibrinogen g/L", "Platelets ×10⁹/L", "CRP mg/L"]
    assert page.texts("tr[data-key='P-0007'] .value .number") == ["21,800", "1.71", "61", "262.0"]


def test_the_numbers_beside_a_figure_are_whole_on_a_phone(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007", width=PHONE)
    assert page.page.locator(".js-plotly-plot .annotation-text").evaluate_all(CUT_OFF) == []
    assert "21,800" in page.text(".js-plotly-plot .infolayer")


def test_what_needs_a_decision_and_what_is_to_be_watched_differ_in_more_than_colour(ward: str, opened: Open) -> None:
    page = opened(ward)
    edge = "node => getComputedStyle(node).borderLeftStyle"
    told = [page.see(f".board tr.{tone} > :first-child").first.evaluate(edge) for tone in ("decision", "watch")]
    assert told == ["solid", "double"]


def test_a_course_on_paper_says_when_and_shows_the_figure_to_its_end(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007")
    page.page.emulate_media(media="print")
    page.page.set_viewport_size({"width": 718, "height": 1000})  # A4 upright, less its margins
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert re.fullmatch(r".* \d\d:\d\d CES?T", page.texts(".strip .clocktime")[0])
    ends = page.page.evaluate("document.querySelector('.js-plotly-plot').getBoundingClientRect().right")
    assert ends <= 718
    assert page.texts(".answering button") == []
