"""A person without a mouse: the tabulator until what is wanted has the focus, then its own keys."""

from __future__ import annotations

import time

from tests.browser.watched import PATIENCE, Watched

CHOSEN = "document.activeElement.selectedOptions?.[0]?.label ?? ''"
FORGETS_MS = 1500  # a list takes letters for the beginning of a name until a second has passed without one
CALLED = """() => {
  const one = document.activeElement
  if (one === document.body) return ""
  const own = (label) => [...label.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(" ")
  const named = one.labels?.[0] && (own(one.labels[0]).trim() || one.labels[0].innerText)
  const label = one.getAttribute("aria-label") || named || one.innerText || one.placeholder
  return (label || one.name || one.id || "").trim().replace(/\\s+/g, " ")
}"""


def tab_to(page: Watched, words: str, *, back: bool = False) -> None:
    """
    Until the focus is on what is called so; with … before or behind, on what ends or begins so. `back`: from the end of
    the page, or from here upwards. What cannot be used yet is passed over, and met on another round.
    """
    met, deadline = list[str](), time.monotonic() + PATIENCE / 1000
    while not (met and _called(met[-1], words)):
        assert time.monotonic() < deadline, f"{words!r} is not among {list(dict.fromkeys(met))}"
        page.page.keyboard.press("Shift+Tab" if back else "Tab")
        met.append(page.page.evaluate(CALLED))


def _called(name: str, words: str) -> bool:
    if words.endswith("…"):
        return name.startswith(words[:-1])
    return name.endswith(words[1:]) if words.startswith("…") else name == words


def press(page: Watched, *keys: str) -> None:
    for key in keys:
        page.page.keyboard.press(key)


def write(page: Watched, words: str, *then: str) -> None:
    page.page.keyboard.type(words)
    press(page, *then)


def fill(page: Watched, label: str, words: str, *then: str, back: bool = False) -> None:
    """The field of that name, written anew; `then`: keys that end it, the tabulator where none is given."""
    tab_to(page, label, back=back)
    page.page.keyboard.type(words)
    deadline = time.monotonic() + PATIENCE / 1000
    while not (chosen := _chosen(page) or words).lower().startswith(words.lower()):
        assert time.monotonic() < deadline, f"{chosen!r} is chosen, not {words!r}"
        page.page.wait_for_timeout(FORGETS_MS)  # the page was busy between two letters: from the first one again
        page.page.keyboard.type(words)
    press(page, *(then or ("Tab",)))


def _chosen(page: Watched) -> str:
    """Of a list; "" of all else, and where the choice has led to another page already."""
    from playwright.sync_api import Error

    try:
        return str(page.page.evaluate(CHOSEN))
    except Error as error:
        if "context was destroyed" not in str(error):
            raise
        return ""


def go(page: Watched, words: str, *, then: str, back: bool = False) -> None:
    """Enter on the link or button of that name; `then` is what is on the page afterwards."""
    tab_to(page, words, back=back)
    press(page, "Enter")
    page.see(then)
    page.settle()
