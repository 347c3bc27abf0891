"""What is seen at the bedside, entered and taken back in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
OPEN = ".mas .scores tr[data-key=hlh2004]:has-text('splenomegaly: not known')"


def test_a_finding_is_entered_counts_at_once_and_is_taken_back(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0014")
    page.see(OPEN)
    form = page.see(".st-key-entering")
    assert form.get_by_role("button", name="Add").is_disabled()  # nobody has said who they are
    form.get_by_label("Your name").fill("Dr Aydin")
    page.page.keyboard.press("Tab")
    form.get_by_label("Finding").click()
    page.page.get_by_role("option", name="Splenomegaly").click()
    form.get_by_role("radio", name="yes").click()
    page.page.locator(".st-key-add-P-0014 button:not([disabled])").click()
    page.see("text=Entered: Splenomegaly")
    assert "Splenomegaly: yes" in page.text(".st-key-entering [data-testid=stText]")
    page.see_gone(OPEN)
    form.get_by_role("button", name="Take back").click()
    page.see("text=Taken back; it no longer counts.")
    page.see(OPEN)


def test_units_span_and_mode_stand_in_the_address_and_back_goes_back(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007")
    page.page.get_by_role("link", name="SI").click()
    page.see("text=pmol/L")
    page.page.get_by_role("link", name="All as multiples").click()
    page.see("text=multiples of the")
    assert page.page.url.endswith("/patient?patient=P-0007&units=si&mode=relative")
    page.page.go_back()
    page.see_gone("text=multiples of the")


@pytest.mark.parametrize("width", [1440, 1024])
def test_everything_under_the_figure_fits_the_screen(ward: str, opened: Open, width: int) -> None:
    page = opened(f"{ward}/patient?patient=P-0007", width=width)
    page.see(".mas .scores")
    assert page.overflowing() == []
