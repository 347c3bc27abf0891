"""A page that is left in the middle of something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.keys import tab_to

pytestmark = pytest.mark.browser
FOLLOWED = "history.pushState(null, '', '/'); dispatchEvent(new PopStateEvent('popstate'))"


def test_what_a_page_says_after_it_was_left_does_not_take_down_the_next(ward: str, slow: Any) -> None:
    """A name is typed, a link followed, and the field says what was typed before the next page has come."""
    page, line = slow(f"{ward}/rounds?patient=P-0007")
    tab_to(page, "Your name")
    page.page.keyboard.type("Dr Late")
    page.page.evaluate(FOLLOWED)
    page.page.keyboard.press("Enter")
    line.wait(runs=1)
    line.let_through()
    page.see("tr[data-key='P-0007']")
    page.settle()
