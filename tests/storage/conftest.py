"""
A real store of either kind, empty for each test.

What is parametrized by both is not run twice on a server where `--store postgresql` asks for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Store, open_store, upgrade
from storage.tables import METADATA
from tests.servers import on_server

EITHER = [
    pytest.param("sqlite", marks=pytest.mark.sqlite),
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ward/maswatch.db"


@pytest.fixture(params=EITHER)
def any_url(request: pytest.FixtureRequest) -> str:
    """Of a store that nobody has made yet."""
    return str(request.getfixturevalue("url" if request.param == "sqlite" else "server_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def upgraded(database_server: str) -> Iterator[Store]:
    """One database for all tests that only need a store."""
    on_server(database_server, "CREATE DATABASE ward")
    url = database_server.format(database="ward")
    upgrade(url)
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def server_store(upgraded: Store) -> Store:
    with upgraded.writing() as connection:
        connection.exec_driver_sql("TRUNCATE " + ", ".join(f'"{table}"' for table in METADATA.tables))
    return upgraded


@pytest.fixture(params=EITHER)
def any_store(request: pytest.FixtureRequest) -> Store:
    return request.getfixturevalue("store" if request.param == "sqlite" else "server_store")
