"""
The questions of somebody who sees the screen for the first time, and where on it each is answered: see walk.md.

Every step does what a hand would do (click, or nothing) and reads what an eye would read. The test holds the answers
against what is known of the ward of eight; take_screens keeps a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.watched import SHOWN, Watched, plain


@dataclass(frozen=True)
class Step:
    """`does` leads to the answer from where the last step ended; `reads` gives the words that answer."""

    name: str
    question: str
    does: Callable[[Watched], object]
    reads: Callable[[Watched], list[str]]


def nothing(page: Watched) -> None:
    """The answer is in sight."""


def as_of_eight_hours_ago(page: Watched) -> None:
    """As for somebody whose browser was here a day ago first and eight hours ago last, and who comes back now."""
    # when the page is left: a refresh meanwhile would write down that somebody looks now
    page.page.evaluate(
        "addEventListener('pagehide', () => localStorage.setItem('maswatch.seen', JSON.stringify("
        "{ since: Date.now() - 24 * 3600e3, last: Date.now() - 8 * 3600e3, seen: {} })))"
    )
    page.open(page.page.url)


def shown(selector: str) -> Callable[[Watched], list[str]]:
    """What is written in each place that can be seen without scrolling sideways or opening anything."""

    def read(page: Watched) -> list[str]:
        page.see(selector)
        told = page.page.locator(selector).evaluate_all(SHOWN.replace("textContent", "innerText"))
        return [plain(words) for words in told]

    return read


def click(selector: str, *, then: str) -> Callable[[Watched], None]:
    def go(page: Watched) -> None:
        page.see(selector).first.click()
        page.see(then)
        page.settle()

    return go


STEPS = (
    Step(
        "who",
        "Who needs attention first, and why?",
        nothing,
        shown(".board tbody tr:first-child :is(.name, .matters .tag)"),
    ),
    Step("changed", "What changed since I last looked?", as_of_eight_hours_ago, shown(".whats-new")),
    Step("next", "Who is due next?", nothing, shown(".coming")),
    Step(
        "answered",
        "Has bed 7 answered to steroids?",
        click("tr[data-key='P-0007']", then=".patient[data-key='P-0007']"),
        shown(".who :is(h1, .tag), .cards .response tbody tr:first-child, .verdicts"),
    ),
    Step("given", "What was given, and when?", nothing, shown(".gave tr")),
    Step("missing", "What is missing?", nothing, shown(".owed li")),
    Step(
        "feed",
        "Is the feed alive?",
        click("[data-testid=stTopNavLink] >> text=Feed", then=".feed"),
        shown(".strip .fresh, .feed tbody tr"),
    ),
)
