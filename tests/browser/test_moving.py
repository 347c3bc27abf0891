"""Going from view to view: the address holds what is seen, back and forward work, nothing is loaded anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]


def test_a_tile_filters_and_its_address_can_be_sent(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.see(".tile[data-key=responding]").click()
    page.see(".tile[data-key=responding][aria-current]")
    assert page.asked == "/?show=responding"
    assert page.texts(".board .name") == ["5"]
    assert opened(f"{ward}{page.asked}").texts(".board .name") == ["5"]
    page.see(".tile[data-key=responding]").click()
    page.see("tr[data-key='P-0007']")
    assert (page.asked, page.loads) == ("/", 1)


def test_a_row_leads_to_its_patient_and_back_leads_to_the_same_filter(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/?show=decision")
    page.see("tr[data-key='P-0012']").click()
    page.see(".patient[data-key='P-0012']")
    assert page.asked == "/patient?patient=P-0012"
    page.settle()
    page.page.go_back()
    page.see(".tile[data-key=decision][aria-current]")
    assert page.asked == "/?show=decision"
    page.page.go_forward()
    page.see(".patient[data-key='P-0012']")
    assert page.loads == 1


def test_neighbours_lead_from_bed_to_bed(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007")
    page.see(".neighbours [rel=next]").click()
    page.see(".patient[data-key='P-0009']")
    page.see(".js-plotly-plot .infolayer >> text=8,100")  # the figure comes after the sheet above it


def test_the_ward_works_by_keyboard_alone(ward: str, opened: Open) -> None:
    page = opened(ward)
    page.page.locator(".tile[data-key=decision]").focus()
    page.page.keyboard.press("Enter")
    page.see(".tile[data-key=decision][aria-current]")
    page.settle()
    page.page.locator("tr[data-key='P-0007'] a.whole").focus()
    page.page.keyboard.press("Enter")
    page.see(".patient[data-key='P-0007']")


def test_the_navigation_leads_to_every_view(ward: str, opened: Open) -> None:
    page = opened(ward)
    for name, drawn in (("Rounds", ".rounds"), ("Research", "[data-testid=stDataFrame]"), ("Patient", ".choices")):
        page.page.locator("[data-testid=stTopNavLink]", has_text=name).click()
        page.see(drawn)
        assert page.asked == f"/{name.lower()}"
    page.see(".brand").click()
    page.see(".board")
    assert page.loads == 1
