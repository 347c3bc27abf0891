"""A file asked for at any moment: while the page is being drawn anew, and while there is no way to the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.keys import fill
from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
SAID = ".taken:has-text('saved')"
Choose = Callable[[Watched], None]


def other_analytes(page: Watched) -> None:
    fill(page, "Analytes", "Ferritin", "Enter", "Escape")


def other_paper(page: Watched) -> None:
    fill(page, "Paper", "Letter", "Enter")


def last_days(page: Watched) -> None:
    page.see(".choices a >> text=72 h").click()


def another_person(page: Watched) -> None:
    fill(page, "Person", "Nobody")


def taken(page: Watched, button: str, folder: Path) -> tuple[str, bytes]:
    """The name of what is saved when the button is pressed, and what is in it."""
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name=button).click()
    download.value.save_as(folder / "taken")
    return download.value.suggested_filename, (folder / "taken").read_bytes()


@pytest.mark.parametrize(
    ("path", "choose", "button", "begins"),
    [
        ("/research", other_analytes, "Download CSV", b"patient_id,analyte,"),
        ("/rounds", other_paper, "8 sheets as one PDF", b"%PDF-"),
        ("/patient?patient=P-0007", last_days, "Values shown as CSV", b"patient_id,analyte,"),
        ("/people", another_person, "All of it as CSV", b"at,who,"),
    ],
)
def test_a_press_while_the_answer_to_a_choice_is_on_its_way_gives_what_the_page_shows(
    ward: str, slow: Any, tmp_path: Path, path: str, choose: Choose, button: str, begins: bytes
) -> None:
    page, line = slow(ward + path)
    choose(page)
    line.wait(runs=1)
    name, content = taken(page, button, tmp_path)
    assert content.startswith(begins)
    assert page.text(SAID) == f"{name} saved"
    line.let_through()
    assert page.text(f"{SAID}:has-text('before')") == f"{name} saved, of what was shown before"
    again, _ = taken(page, button, tmp_path)
    assert page.text(f"{SAID}:not(:has-text('before'))") == f"{again} saved"


def test_the_name_of_a_research_file_tells_the_choice_before_from_the_one_after(
    ward: str, slow: Any, tmp_path: Path
) -> None:
    page, line = slow(f"{ward}/research")
    shown = page.text("text=/^\\d+ values$/")
    other_analytes(page)
    line.wait(runs=1)
    name, content = taken(page, "Download CSV", tmp_path)
    rows = len(content.decode().splitlines()) - 1
    assert (f"{rows} values", name) == (shown, f"maswatch-labs-{rows}-values.csv")
    line.let_through()
    page.see_gone(f"text='{shown}'")
    after = page.text("text=/^\\d+ values$/")
    name, content = taken(page, "Download CSV", tmp_path)
    rows = len(content.decode().splitlines()) - 1
    assert (f"{rows} values", name) == (after, f"maswatch-labs-ferritin-{rows}-values.csv")
    assert set(re.findall(r"^[^,]+,([^,]+),", content.decode(), re.MULTILINE)) == {"analyte", "ferritin"}


def test_the_table_on_the_page_gives_no_file_that_nobody_writes_down(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/research")
    page.page.hover("[data-testid=stDataFrame]")
    page.see("[data-testid=stElementToolbar] [aria-label=Search]")
    offers = page.page.locator("button").evaluate_all(
        "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.ariaLabel || node.textContent)"
    )
    assert [words for words in offers if "Download" in words] == ["Download CSV"]


def test_a_press_without_a_way_to_the_server_says_so_and_the_next_one_gives_the_file(
    ward: str, opened: Open, tmp_path: Path
) -> None:
    page = opened(f"{ward}/research", width=390)
    page.expected = ("",)  # a browser without a server complains in many words
    page.page.context.set_offline(True)
    # by keyboard: on a narrow page the word that there is no connection may stand above the button by then
    page.page.get_by_role("button", name="Download CSV").press("Enter")
    assert page.text(".taken .failed") == "The server did not answer, so nothing was taken. Press again."
    assert page.overflowing() == []
    page.page.context.set_offline(False)
    name, _ = taken(page, "Download CSV", tmp_path)
    assert page.text(SAID) == f"{name} saved"
    assert page.overflowing() == []
