"""Rounds in a real browser: stepping by keyboard, marking and taking back, one page on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]


@pytest.mark.parametrize("width", [1440, 1024])
def test_the_list_and_the_sheet_fit_the_screen(ward: str, opened: Open, width: int) -> None:
    page = opened(f"{ward}/rounds", width=width)
    assert page.texts(".going .name") == ["2", "3", "5", "7", "9", "11", "12", "14"]
    assert page.overflowing() == []
    sheet = opened(f"{ward}/rounds?patient=P-0007", width=width)
    assert "Against:" in sheet.text("article[data-key='P-0007']")
    assert sheet.overflowing() == []


def test_arrow_keys_step_from_the_list_through_the_sheets_and_back(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/rounds")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight"):
        page.page.keyboard.press(key)
    page.see("article[data-key='P-0005']")
    page.page.keyboard.press("ArrowRight")
    page.see("article[data-key='P-0007']")
    assert page.page.url.endswith("/rounds?patient=P-0007")
    page.page.keyboard.press("ArrowLeft")
    page.see("article[data-key='P-0005']")
    page.page.keyboard.press("Escape")
    page.see("[data-steps=list]")
    page.page.keyboard.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.dataset.step") == "P-0005"


def test_rounds_are_marked_and_taken_back_on_the_page(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/rounds?patient=P-0011")
    page.page.get_by_label("Your name").fill("Dr Aydin")
    page.page.keyboard.press("Tab")
    done = page.page.get_by_role("button", name="Rounds done")
    done.click()
    page.see("text=since rounds")
    page.page.get_by_role("button", name="Take back").click()
    page.see("text=no rounds marked")


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_a_sheet_prints_on_one_page(ward: str, opened: Open, size: str) -> None:
    page = opened(f"{ward}/rounds?patient=P-0007")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", page.page.pdf(format=size))) == 1


def test_the_ward_is_downloaded_as_one_pdf(ward: str, opened: Open, tmp_path: Path) -> None:
    page = opened(f"{ward}/rounds")
    with page.page.expect_download() as download:
        page.page.locator(".st-key-rounds-paper [data-take]").click()
    download.value.save_as(tmp_path / "rounds.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", (tmp_path / "rounds.pdf").read_bytes())) == 8
    assert re.fullmatch(r"rounds-\d{8}-\d{4}\.pdf", download.value.suggested_filename)
