"""A person without a mouse: the tabulator until what is wanted has the focus, then its own keys."""

from __future__ import annotations

from tests.browser.watched import Watched

MOST = 120
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
    the page, or from here upwards.
    """
    met = []
    for _ in range(MOST):
        page.page.keyboard.press("Shift+Tab" if back else "Tab")
        met.append(page.page.evaluate(CALLED))
        if met[-1] == words or (words.endswith("…") and met[-1].startswith(words[:-1])):
            return
        if words.startswith("…") and met[-1].endswith(words[1:]):
            return
    raise AssertionError(f"{words!r} is not among {list(dict.fromkeys(met))}")


def press(page: Watched, *keys: str) -> None:
    for key in keys:
        page.page.keyboard.press(key)


def write(page: Watched, words: str, *then: str) -> None:
    page.page.keyboard.type(words)
    press(page, *then)


def fill(page: Watched, label: str, words: str, *then: str, back: bool = False) -> None:
    """The field of that name, written anew; `then`: keys that end it, the tabulator where none is given."""
    tab_to(page, label, back=back)
    write(page, words, *(then or ("Tab",)))


def go(page: Watched, words: str, *, then: str, back: bool = False) -> None:
    """Enter on the link or button of that name; `then` is what is on the page afterwards."""
    tab_to(page, words, back=back)
    press(page, "Enter")
    page.see(then)
    page.settle()
