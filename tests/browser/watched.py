"""A page that remembers everything that went wrong on it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

OURS = ("board", "wall", "inbox", "feed", "patient", "rounds", "state")
DRAWN = ", ".join((*(f".mas .{name}" for name in OURS), "[data-testid=stDataFrame]"))
PATIENCE = 60_000
OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["page"] : []
  const inside = [...document.querySelectorAll(".mas .tag, .mas td, .mas th, .mas .card, .mas .tile, .mas .strip")]
    .filter(node => node.offsetParent && getComputedStyle(node).display !== "inline")
    .filter(node => node.scrollWidth > node.clientWidth + 1)
    .map(node => node.className + ": " + node.textContent.trim().slice(0, 60))
  return [...wide, ...inside]
}"""


def plain(text: str | None) -> str:
    return " ".join((text or "").split())


class Watched:
    """`faults`: errors on the console, requests that leave this machine, answers that are errors."""

    def __init__(self, page: Any) -> None:
        self.page, self.faults, self.loads = page, [], 0
        self.expected: tuple[str, ...] = ()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._fault(f"error: {error}"))
        page.on("request", self._request)
        page.on("response", lambda answer: answer.status >= 400 and self._fault(f"{answer.status}: {answer.url}"))
        page.on("load", self._loaded)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector(DRAWN, timeout=PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Until a figure, if there is one, is drawn and the fonts are in."""
        if self.page.locator("[data-testid=stPlotlyChart]").count():
            self.page.wait_for_selector(".js-plotly-plot .infolayer .annotation-text", timeout=PATIENCE)
        self.page.evaluate("document.fonts.ready")
        self.page.wait_for_timeout(300)

    def see(self, selector: str) -> Any:
        self.page.wait_for_selector(selector, timeout=PATIENCE)
        return self.page.locator(selector)

    def text(self, selector: str) -> str:
        """What is written there, also inside a figure, with plain spaces."""
        return plain(self.see(selector).first.text_content())

    def texts(self, selector: str) -> list[str]:
        """What is written in each, of those that are shown."""
        return [plain(found.text_content()) for found in self.page.locator(selector).all() if found.is_visible()]

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
