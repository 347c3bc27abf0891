"""Signing in through a real provider: what each role reaches by address, by click and by download, and the way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import talk
from storage.accesses import accesses
from storage.engine import open_store
from tests.browser.conftest import site
from tests.browser.keys import tab_to
from tests.browser.provider import CONTACT, guarded
from tests.browser.test_reach import wrong
from tests.browser.watched import Watched
from tests.stories.served import until

pytestmark = pytest.mark.browser
PATIENT = "/patient?patient=P-0007"
WORD = "x-maswatch-take"
SAY = """(told) => document.querySelector(".answering").closest(".mas").say(told)"""
SAID = {"say": "comment", "patient": "P-0007", "flag": "fibrinogen_falling", "seq": 0}
OF_THE_PROVIDER = ("jsdelivr", "ERR_", "favicon", "404")  # its own page asks for a style sheet of elsewhere


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site(tmp_path_factory.mktemp("guarded"), fill=True)


@pytest.fixture(scope="module")
def guarded_ward(folder: Path) -> Iterator[str]:
    with guarded(folder) as address:
        yield address


class Browser:
    """A browser of one person: their cookies, and a page that remembers what went wrong on it."""

    def __init__(self, chrome: Any, address: str) -> None:
        self.context, self.address = chrome.new_context(viewport={"width": 1440, "height": 900}), address
        self.watched = Watched(self.context.new_page())
        self.watched.expected = OF_THE_PROVIDER

    def sign_in(self, subject: str) -> str:
        """As a browser does, without drawing the provider's page; what is answered in the end."""
        form = self.context.request.get(f"{self.address}/sign-in/begin")
        return str(self.context.request.post(form.url, form={"sub": subject}).text())

    def see(self, path: str, selector: str) -> str:
        self.watched.page.goto(self.address + path)
        return self.watched.text(selector)

    def status(self, path: str) -> int:
        return int(self.context.request.get(self.address + path, max_redirects=0).status)

    def takes(self, word: str) -> int:
        """What a press is answered whose page was told this word."""
        return int(self.context.request.post(f"{self.address}/take", headers={WORD: word}).status)


@pytest.fixture(scope="module")
def browser(chrome: Any, guarded_ward: str) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def open_one() -> Browser:
        opened.append(Browser(chrome, guarded_ward))
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()
    assert [fault for one in opened for fault in one.watched.faults] == []


@pytest.fixture(scope="module")
def vera(browser: Callable[[], Browser]) -> Browser:
    viewer = browser()
    viewer.sign_in("vera")
    return viewer


def written(folder: Path, **asked: Any) -> list[tuple[str, str, str]]:
    """Who, what and of whom, as the access log has it."""
    with closing(open_store(f"sqlite:///{folder}/maswatch.db")) as store:
        told = accesses(store, **asked)[["who", "what", "patient_id"]]
    return [tuple(row) for row in told.itertuples(index=False)]


def comments(folder: Path) -> list[tuple[str, str]]:
    with closing(open_store(f"sqlite:///{folder}/maswatch.db")) as store:
        told = talk.comments(store, as_of=datetime.now(UTC))
    return list(zip(told["by"], told["text"], strict=True))


def test_a_clinician_signs_in_acts_under_their_own_name_and_a_page_left_alone_closes_itself(
    browser: Callable[[], Browser], vera: Browser, folder: Path
) -> None:
    cleo, stranger = browser(), browser()
    page = cleo.watched.page
    page.clock.install()
    assert "Sign in to see the ward" in cleo.see(PATIENT, "main")
    assert cleo.watched.asked == "/sign-in"
    assert wrong(cleo.watched) == []
    page.click(".door-way")
    page.fill("input[name=sub]", "cleo")
    page.click("button[type=submit] >> nth=0")
    assert "Dr Cleo Winter" in cleo.watched.text(".strip .person")
    cleo.watched.see(".answering button")
    assert cleo.watched.asked == PATIENT

    page.evaluate(SAY, SAID | {"text": "seen", "by": "Eve"})
    cleo.watched.see("text=Comment added")
    assert comments(folder) == [("Dr Cleo Winter", "seen")]

    with page.expect_request("**/take") as asked, page.expect_download():
        cleo.watched.see("text=Values shown as CSV").click()
    word = asked.value.headers[WORD]
    assert ("cleo", "values shown", "P-0007") in written(folder, patient="P-0007")
    assert (cleo.takes(word), vera.takes(word), stranger.takes(word)) == (200, 403, 401)

    page.clock.fast_forward("14:10")
    assert "closes itself soon" in cleo.watched.text(".idle-warning")
    page.clock.fast_forward("00:55")
    page.wait_for_url("**/locked")
    assert "closed itself" in cleo.watched.text("main")
    assert "P-0007" not in page.content()
    assert (cleo.status(PATIENT), cleo.takes(word)) == (303, 401)


def test_a_viewer_reads_and_is_refused_whatever_the_way(vera: Browser, folder: Path) -> None:
    page = vera.watched
    page.page.goto(vera.address + PATIENT)
    page.page.wait_for_selector(".answering", state="attached")
    assert page.page.locator(".answering button, [data-testid=stHeader] >> text=Research").count() == 0
    page.page.evaluate(SAY, SAID | {"text": "forged"})
    page.see("text=your role does not let you answer flags")
    assert "forged" not in [text for _, text in comments(folder)]
    follow = "() => { history.pushState(null, '', '/people'); dispatchEvent(new PopStateEvent('popstate')) }"
    page.page.evaluate(follow)
    assert "who may do what" in page.text(".state")
    tab_to(page, "Sign out")
    page.page.keyboard.press("Enter")
    page.page.wait_for_url("**/end_session*")  # the provider's own page, which asks whether to leave it too
    assert vera.status(PATIENT) == 303


def test_a_researcher_sees_pseudonyms_and_nobody(browser: Callable[[], Browser]) -> None:
    rob = browser()
    rob.sign_in("rob")
    page = rob.watched
    assert "see patients by name" in rob.see(PATIENT, ".state")
    page.page.click("text=Open Research")
    page.see("[data-testid=stDataFrame]")
    page.page.goto(rob.address)  # who may see nobody begins with what is theirs, not with a refusal
    page.see("[data-testid=stDataFrame]")
    assert page.asked == "/research"
    assert page.texts(".state") == []
    page.settle()
    page.page.click("[data-testid=stMultiSelect] >> nth=0")
    page.see("[role=option] >> nth=7")  # the list may come in parts
    options = page.page.locator("[role=option]").all_text_contents()
    assert len([option for option in options if re.fullmatch("P[0-9a-f]{12}", option)]) == 8
    assert not [option for option in options if option.startswith("P-")]
    assert page.page.locator("text=With identifiers").count() == 0


def test_somebody_without_a_role_is_told_whom_to_ask(browser: Callable[[], Browser]) -> None:
    eve = browser()
    told = eve.sign_in("eve")
    assert "no role here yet" in told
    assert f"Ask {CONTACT}" in told
    assert (eve.status(PATIENT), eve.status("/media/0123.csv")) == (403, 403)


def test_an_admin_lets_somebody_in_and_finds_who_saw_whom(browser: Callable[[], Browser], folder: Path) -> None:
    ada = browser()
    ada.sign_in("ada")
    until(lambda: "signed in" in [what for _, what, _ in written(folder)])  # in a moment; the page shows what it finds
    page = ada.watched
    assert "signed in" in ada.see("/people", ".accesses table")
    page.page.fill("input[aria-label=Name]", "Noa Berg")
    page.page.fill("input[aria-label^='E-mail']", "Noa@Hospital.example")
    page.page.click("[data-testid=stMultiSelect] >> nth=0")
    page.page.click("[role=option] >> text=viewer")
    page.page.keyboard.press("Escape")
    page.page.click("button:has-text('Add')")
    page.see("text=Noa Berg may come in as viewer.")
    assert "noa@hospital.example" in page.text(".people table")
    assert wrong(page) == []
