"""What holds for all rooms: the order of the tests, and what is said at the end."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from storage.engine import upgrade
from tests import in_memory, ready_made
from tests.browser.finding import browser_path
from tests.ordering import dealt
from tests.servers import on_server, running_server

HERE = Path(__file__).parent
LONGEST = ("stories", "browser")  # rooms
WORKERS = "PYTEST_XDIST_WORKER_COUNT"
NO_BROWSER = "browser tests are left out: no Chrome or Chromium was found"

gc.disable()  # until all is imported and collected, hardly any of which is garbage
in_memory.ask_for_it()  # before the first folder is made
# Before numpy is there, here and in every program that a test starts: the threads of its linear algebra, which nothing
# calls, turn idly for a while at each start.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# The same examples every time, however slow a busy machine is with one of them.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "where tests that open a store of no particular kind have it; tests of SQLite itself are then left out"
    parser.addoption("--store", choices=("sqlite", "postgresql"), default="sqlite", help=said)
    parser.addoption("--kills", type=int, default=6, help="how often a story of kills kills")
    parser.addoption("--kill-seed", type=int, default=20_261_122, help="of the moments at which it does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = dealt(items, int(os.environ.get(WORKERS, "1")), room=_room, leading=LONGEST)
    if config.getoption("--store") == "postgresql":
        own = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in set(own)]


def _room(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/").partition("/")[0]


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: looking it through for garbage again and again costs a tenth of it all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # extension modules count at the end what was not let go


@pytest.fixture(scope="session", autouse=True)
def _ready_made() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        ready_made.install(patch)
        yield


@pytest.fixture
def made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's tables are made as everywhere else than here: for tests of that."""
    monkeypatch.setattr("storage.engine._sqlite", ready_made.MADE)


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """The URL of a PostgreSQL from its wheel, with `{database}` for the name of one."""
    with running_server() as running:
        # looking after hundreds of databases takes minutes, and each of its commits is another state of every store
        on_server(running.url, "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        yield running.url


@pytest.fixture
def server_url(database_server: str) -> str:
    """A database of its own."""
    database = f"ward_{uuid4().hex}"
    on_server(database_server, f"CREATE DATABASE {database}")
    return database_server.format(database=database)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store of either kind, which other programs may open too."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ward.db'}"
    told: str = request.getfixturevalue("server_url")
    upgrade(told)
    return told


@pytest.fixture(scope="session", autouse=True)
def _switched(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--store postgresql`, stores that would be files stand on the server, in programs that are started too."""
    if request.config.getoption("--store") == "sqlite":
        yield
        return
    from tests.store_switch import moving

    server = request.getfixturevalue("database_server")
    on_server(server, f"CREATE DATABASE {moving.TEMPLATE}")
    upgrade(server.format(database=moving.TEMPLATE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.engine._parsed", moving.engine._parsed)  # put back at the end
        patch.setenv(moving.SERVER, server)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parent), str(HERE / "store_switch")]))
        moving.install()
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Said here because with several workers only the process that started them has a terminal."""
    asked = [config.invocation_params.dir / str(argument).split("::")[0] for argument in config.args]
    browser = HERE / "browser"
    if not browser_path() and any(
        path == browser or path in browser.parents or browser in path.parents for path in asked
    ):
        terminalreporter.write_line(NO_BROWSER)


@pytest.fixture(autouse=True)
def _let_go(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--store postgresql`, what stood for the files of a test goes with it."""
    folder = "tmp_path" in request.fixturenames and request.getfixturevalue("tmp_path")
    yield
    if folder and request.config.getoption("--store") == "postgresql":
        from tests.store_switch import moving

        moving.let_go(folder)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """A page that is run puts itself in the place of the main program, which every new interpreter would run first."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
