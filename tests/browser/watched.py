"""A page that remembers everything that went wrong on it."""

from __future__ import annotations

from time import time
from typing import Any
from urllib.parse import urlsplit

OURS = ("board", "wall", "inbox", "feed", "patient", "rounds", "state")
DRAWN = ", ".join((*(f".mas .{name}" for name in OURS), "[data-testid=stDataFrame]"))
PATIENCE = 120_000
# Streamlit says whether it is at work; a moment without a change then shows that what it told is drawn.
CALM = """() => new Promise((done) => {
  const app = document.querySelector("[data-testid=stApp]"), latest = performance.now() + 30000
  let changed = performance.now()
  const watch = new MutationObserver(() => (changed = performance.now()))
  watch.observe(document.body, {childList: true, subtree: true})
  const look = setInterval(() => {
    const at = performance.now(), working = app?.dataset.testScriptState === "running"
    if (at < latest && (working || at - changed < 60)) return
    clearInterval(look)
    watch.disconnect()
    done()
  }, 20)
})"""
# Asked at one moment: a figure of the view before goes away by itself, and would be waited for in vain.
FIGURE = """() => !document.querySelector("[data-testid=stPlotlyChart]") ||
  document.querySelector(".js-plotly-plot .infolayer .annotation-text")?.checkVisibility()"""
OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["page"] : []
  const inside = [...document.querySelectorAll(".mas .tag, .mas td, .mas th, .mas .card, .mas .tile, .mas .strip")]
    .filter(node => node.offsetParent && getComputedStyle(node).display !== "inline")
    .filter(node => node.scrollWidth > node.clientWidth + 1)
    .map(node => node.className + ": " + node.textContent.trim().slice(0, 60))
  return [...wide, ...inside]
}"""


HEARD_SINCE = "(moment) => document.querySelector('.mas .strip')?.closest('.mas').heard > moment"
SHOWN = """nodes => nodes.filter(node => {
  const box = node.getBoundingClientRect()
  return box.width && box.height && getComputedStyle(node).visibility === "visible"
}).map(node => node.textContent)"""


def plain(text: str | None) -> str:
    return " ".join((text or "").split())


class Watched:
    """`faults`: errors on the console, requests that leave this machine, answers that are errors."""

    def __init__(self, page: Any) -> None:
        self.page, self.faults, self.loads = page, [], 0
        page.set_default_timeout(PATIENCE)
        self.expected: tuple[str, ...] = ()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._fault(f"error: {error}"))
        page.on("request", self._request)
        page.on("response", lambda answer: answer.status >= 400 and self._fault(f"{answer.status}: {answer.url}"))
        page.on("load", self._loaded)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector(DRAWN)
        self.settle()

    def settle(self) -> None:
        """Until a figure, if there is one, is drawn, the fonts are in and nothing moves."""
        self.page.wait_for_function(FIGURE)
        self.page.evaluate("document.fonts.ready")
        self.page.evaluate(CALM)

    def refreshed(self) -> None:
        """Until it has heard twice more from its server, even where it is loaded anew meanwhile."""
        for _ in range(2):
            self.page.wait_for_function(HEARD_SINCE, arg=time() * 1000)

    def see(self, selector: str) -> Any:
        self.page.wait_for_selector(selector)
        return self.page.locator(selector)

    def see_gone(self, selector: str) -> None:
        self.page.wait_for_selector(selector, state="detached")

    def text(self, selector: str) -> str:
        """What is written there, also inside a figure, with plain spaces."""
        return plain(self.see(selector).first.text_content())

    def texts(self, selector: str) -> list[str]:
        """What is written in each, of those that are shown, at one moment: a refresh may come between two looks."""
        return [plain(told) for told in self.page.locator(selector).evaluate_all(SHOWN)]

    def overflowing(self) -> list[str]:
        """What is wider than the place it has."""
        return list(self.page.evaluate(OVERFLOWING))

    @property
    def asked(self) -> str:
        """The path and query of the address."""
        told = urlsplit(self.page.url)
        return f"{told.path}?{told.query}" if told.query else told.path

    def _loaded(self, _: Any) -> None:
        self.loads += 1

    def _fault(self, words: str) -> None:
        if not any(part in words for part in self.expected):
            self.faults.append(words)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._fault(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        told = urlsplit(request.url)
        if told.scheme not in ("data", "blob") and told.hostname != "127.0.0.1":
            self._fault(f"left this machine: {request.url}")
