"""Nothing that axe calls serious or critical, on any view, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
OURS = ("/", "/?find=99", "/inbox", "/patient", "/patient?patient=P-0007")
WITH_FIELDS = ("/rounds", "/rounds?patient=P-0007", "/feed", "/research", "/people")  # coloured when a page is loaded
TABBED = ("/", "/inbox", "/patient?patient=P-0007", "/rounds?patient=P-0007", "/feed", "/research", "/people")
WRONG = ("serious", "critical")
LOOKS = """(one) => [one, one.parentElement, one.closest("tr, label, [data-baseweb=input]")].map((node) => {
  const told = node && getComputedStyle(node)
  return told && [told.outlineStyle, told.outlineWidth, told.boxShadow, told.backgroundColor, told.borderColor].join()
}).join(" | ")"""
NUMBERED = f"""() => {{
  document.head.insertAdjacentHTML("beforeend", "<style>* {{ transition: none !important }}</style>")
  const ours = ".mas :is(a[href], button, summary, select, input), [data-testid=stTopNavLink]"
  const theirs = "[data-testid=stButton] button, [data-testid=stTextInput] input"
  const all = [...document.querySelectorAll(`${{ours}}, ${{theirs}}`)]
  const seen = (one) => one.checkVisibility({{ visibilityProperty: true }})
  const here = all.filter((one) => seen(one) && !one.disabled && one.tabIndex >= 0)
  here.forEach((one, place) => {{ one.tabbed = String(place); one.plainly = ({LOOKS})(one) }})
  window.tabbed = here // what a refresh takes off the page again need not be reached
}}"""
FOCUSED = f"""() => {{
  const one = document.activeElement
  const words = one.textContent.trim().slice(0, 40) || one.outerHTML.slice(0, 80)
  return {{ name: one.tabbed ?? "", words, seen: one.plainly !== ({LOOKS})(one) }}
}}"""
LEFT_OUT = """(reached) => window.tabbed.filter((one) => one.isConnected && !reached.includes(one.tabbed))
  .map((one) => one.outerHTML.slice(0, 120))"""
ALL: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["color-contrast"]}  # all that a theme changes


def wrong(page: Watched, options: dict[str, Any] = ALL) -> list[Any]:
    told = Axe().run(page.page, options=options).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in told if one["impact"] in WRONG]


@pytest.mark.parametrize("view", [*OURS, "/?kiosk=1"])
def test_axe_finds_nothing_serious_on_a_view_of_ours(view: str, ward: str, opened: Open) -> None:
    page = opened(f"{ward}{view}")
    assert wrong(page) == []
    for theme in ("dark", "contrast"):
        page.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        assert wrong(page, COLOURS) == [], theme


@pytest.mark.parametrize("view", WITH_FIELDS)
def test_axe_finds_nothing_serious_where_there_are_fields_of_streamlit(view: str, ward: str, opened: Open) -> None:
    page = opened(f"{ward}{view}")
    assert wrong(page) == []
    page.page.evaluate("document.documentElement.dataset.theme = 'contrast'")  # Streamlit's own stay light there
    assert wrong(page, COLOURS) == []
    page.open(f"{ward}{view}{'&' if '?' in view else '?'}theme=dark")
    assert wrong(page, COLOURS) == []


@pytest.mark.parametrize("view", TABBED)
def test_everything_that_can_be_clicked_is_reached_by_the_tabulator_and_seen_there(
    view: str, ward: str, opened: Open
) -> None:
    page = opened(f"{ward}{view}")
    page.page.evaluate(NUMBERED)
    reached, unseen = set[str](), []
    numbered = page.page.evaluate("window.tabbed.length")
    for _ in range(2 * numbered + 60):
        page.page.keyboard.press("Tab")
        told = page.page.evaluate(FOCUSED)
        if told["name"] and told["name"] not in reached:
            reached.add(told["name"])
            unseen += [] if told["seen"] else [told["words"]]
        if len(reached) == numbered:
            break
    assert page.page.evaluate(LEFT_OUT, sorted(reached)) == []
    assert reached
    assert unseen == []
