"""
A real Chrome or Chromium against a real server with a store of its own.

Without a browser these tests are left out, and one line at the end says so. With one, every page is watched: an error
on its console, a request to another host, or an answer that is an error fails the test that opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.finding import browser_path
from tests.browser.slow_line import SlowLine
from tests.browser.watched import Watched
from tests.dashboard import store_fixture
from tests.stories.served import Served

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none", "--process-per-site",
]  # fmt: skip
KEPT = "cookies,local_storage,indexeddb,service_workers,cache_storage"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if HERE in item.path.parents]
    if not ours or browser_path():
        return
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


def site(folder: Path, *, fill: bool) -> Path:
    """A folder that `maswatch --config` can serve, with the ward of eight as of now, or with nobody."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    store_fixture.filled(folder, now=now) if fill else store_fixture.empty(folder)
    (folder / "maswatch.toml").write_text(f'data_dir = "{folder}"\n[ward]\ntimezone = "Europe/Berlin"\n')
    return folder


@pytest.fixture(scope="package")  # its event loop must be gone before other rooms start one of their own
def chrome() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ward of eight."""
    served = Served(site(tmp_path_factory.mktemp("ward"), fill=True), "--no-schedule")
    yield served.address
    served.end()


def origin(address: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(address))


class Profile:
    """
    What a page leaves in its browser is gone for the next test, but for the files of Streamlit: to fetch and compile
    them anew is half of what a page costs. A page of a few words stays open throughout: with `--process-per-site` all
    others are drawn by its process, which would else begin anew for each.
    """

    def __init__(self, chrome: Any) -> None:
        self.context = chrome.new_context()
        self._kept = self.context.new_page()
        self._wire = self.context.new_cdp_session(self._kept)

    def page(self, size: dict[str, int], address: str) -> Any:
        if self._kept.url == "about:blank":
            self._kept.goto(f"{origin(address)}/healthz")
        made = self.context.new_page()
        made.set_viewport_size(size)
        return made

    def forget(self, addresses: set[str]) -> None:
        self.context.set_offline(False)
        for address in addresses:
            self._wire.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": KEPT})


@pytest.fixture(scope="package")
def profile(chrome: Any) -> Iterator[Profile]:
    kept = Profile(chrome)
    yield kept
    kept.context.close()


@pytest.fixture
def opened(chrome: Any, profile: Profile) -> Iterator[Callable[..., Watched]]:
    """
    opened(address, width=…) is a page that has been drawn; all of them are checked at the end. With a `clock`, its time
    can be put forward.
    """
    pages: list[Watched] = []
    addresses: set[str] = set()

    def open_page(address: str, *, width: int = 1440, height: int = 900, clock: bool = False) -> Watched:
        size = {"width": width, "height": height}
        pages.append(Watched(chrome.new_page(viewport=size) if clock else profile.page(size, address)))
        if clock:  # which is that of all pages of a profile
            pages[-1].page.clock.install()
        addresses.add(origin(address))
        pages[-1].open(address)
        return pages[-1]

    yield open_page
    for watched in pages:
        watched.page.close()
    profile.forget(addresses)
    assert [fault for watched in pages for fault in watched.faults] == []


@pytest.fixture
def slow(chrome: Any) -> Iterator[Callable[[str], tuple[Watched, SlowLine]]]:
    """slow(address) is a page that has been drawn, and what its server tells it from its next question on."""
    pages: list[Watched] = []

    def open_page(address: str) -> tuple[Watched, SlowLine]:
        pages.append(Watched(chrome.new_page(viewport={"width": 1440, "height": 900})))
        line = SlowLine(pages[-1].page)
        pages[-1].open(address)
        return pages[-1], line

    yield open_page
    for page in pages:
        page.page.close()
    assert [fault for page in pages for fault in page.faults] == []
