"""What a page depends on is taken away under it: it says so within the minute, and comes back by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.engine import upgrade
from tests.browser.conftest import site
from tests.browser.quick_server import Quick
from tests.browser.watched import Watched
from tests.servers import Server, running_server

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
STORE = "The store cannot be read"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site(tmp_path_factory.mktemp("outage"), fill=True)


@pytest.fixture(scope="module")
def quick(folder: Path) -> Iterator[Quick]:
    served = Quick(folder)
    yield served
    served.stop()


def comes_back(page: Watched) -> None:
    page.see_gone(f".banner:has-text('{STORE}')")
    page.see("tr[data-key='P-0007']")


@pytest.mark.sqlite
def test_a_store_whose_file_is_gone_is_said_and_never_shown_as_an_empty_ward(
    quick: Quick, folder: Path, opened: Open
) -> None:
    page = opened(quick.address)
    files = sorted(folder.glob("maswatch.db*"))  # the store itself first, and put back last: never without its log
    for path in files:
        path.rename(path.with_suffix(f"{path.suffix}.away"))
    assert STORE in page.text(".banner.decision")
    assert "put it back" in page.text(".state")
    assert not (folder / "maswatch.db").exists()  # nobody made an empty one in its place
    for path in reversed(files):
        path.with_suffix(f"{path.suffix}.away").rename(path)
    comes_back(page)


@pytest.mark.sqlite  # which has one writer at a time
def test_a_store_that_somebody_else_holds_is_still_shown(quick: Quick, folder: Path, opened: Open) -> None:
    """Readers never wait for a writer; only what a person says would have to."""
    with closing(sqlite3.connect(folder / "maswatch.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page = opened(quick.address)
        page.refreshed()
        assert page.texts(".banner.decision") == []
        assert page.text("tr[data-key='P-0007'] .number") == "21,800"
        other.execute("ROLLBACK")


def test_a_browser_without_its_network_says_so_at_once_and_until_it_is_back(quick: Quick, opened: Open) -> None:
    page = opened(quick.address)
    page.expected = ("",)  # a browser without a network complains in many words
    page.page.context.set_offline(True)
    assert "This device is offline." in page.text(".unheard")
    assert page.page.locator("tr[data-key='P-0007']").is_visible()  # what was shown stays, with its age
    page.page.context.set_offline(False)
    page.see_gone(".unheard")
    assert page.text("tr[data-key='P-0007'] .number") == "21,800"


@pytest.fixture
def cluster() -> Iterator[Server]:
    """A PostgreSQL of this test alone, since it is stopped."""
    with running_server() as running:
        yield running


@pytest.mark.postgresql
def test_a_server_store_that_was_stopped_is_said_until_it_is_started_again(
    cluster: Server, tmp_path: Path, opened: Open
) -> None:
    url = cluster.url.format(database="postgres")
    upgrade(url)
    (tmp_path / "maswatch.toml").write_text(f'data_dir = "{tmp_path}"\ndatabase_url = "{url}"\n')
    served = Quick(tmp_path)
    try:
        page = opened(served.address)
        assert "No patients yet" in page.text(".state")
        cluster.stops()
        assert STORE in page.text(".banner.decision")
        cluster.starts()
        page.see_gone(f".banner:has-text('{STORE}')")
        page.see(".state:has-text('No patients yet')")
        page.page.close()  # before the server: it asks every two seconds
    finally:
        served.stop()
