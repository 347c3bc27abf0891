"""
How a PostgreSQL server is met: a pool whose connections are tried before use, time-outs, UTC, a name to be found by.

A connection that a fail-over cut is replaced by the pool when it is next wanted: of one that was used just now what its
server sent when it went tells so, any other is asked first. With several hosts in the URL (`?host=a,b`) the one that
takes writes is looked for, so that the pool follows the primary.
"""

from __future__ import annotations

import time
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError

from storage.errors import StoreUnreachable

APPLICATION = "maswatch"
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300  # a million rows by COPY take a tenth of that
LOCK_SECONDS = 60  # as long as the largest batch of another writer should take
IDLE_SECONDS = 600  # a transaction whose program no longer does anything holds others up
# beyond the first each connection is made for one read alone: fifty viewers have more than five of them at once
POOL_SIZE, POOL_MORE, POOL_MINUTES = 15, 5, 30
USED, TRUSTED_SECONDS = "maswatch_used", 5.0  # a server that vanishes without a word is told by nothing it sends

_SESSION = {
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    # what is read goes along a key, patient by patient: priced as if every page were a seek, as a server does by
    # itself, reading all of a large table would seem cheaper than the few days of it that are wanted
    "random_page_cost": "1.1",
    "work_mem": "32MB",  # the newest days of a ward of a thousand are sorted in memory
    "jit": "off",  # a cycle's few statements look dear: to make machine code of each takes longer than it saves
}
# A server that vanishes without a word is noticed within a minute, not after the two hours of the system's default.
_ALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def server_engine(url: URL) -> Engine:
    """Raises StoreUnreachable where the driver is not installed."""
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_MORE,
            pool_recycle=POOL_MINUTES * 60,
            pool_use_lifo=True,  # the few that are in use stay so, and know their statements
            connect_args=connect_arguments(url),
        )
    except ModuleNotFoundError:
        raise StoreUnreachable("The PostgreSQL driver is missing: install maswatch[postgresql].") from None
    event.listen(engine, "checkin", _put_back)
    event.listen(engine, "checkout", lambda connection, record, _: _tried(engine, connection, record))
    return engine


def _put_back(_: Any, record: Any) -> None:
    record.info[USED] = time.monotonic()


def _tried(engine: Engine, connection: Any, record: Any) -> None:
    """What the pool would ask each time, where there is any doubt. Raises InvalidatePoolError: all are made anew."""
    used = record.info.get(USED)  # forgotten with the connection
    if used is None or (time.monotonic() - used < TRUSTED_SECONDS and _silent(connection)):
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        raise InvalidatePoolError from None


def _silent(connection: Any) -> bool:
    """Whether nothing came that nobody asked for: a server says so when it goes, and one that is gone has hung up."""
    if connection.closed:
        return False
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        return not selector.select(0)


def connect_arguments(url: URL) -> dict[str, Any]:
    """What the URL does not say itself; its own `options` are kept and come last, so that they win."""
    told = {"application_name": APPLICATION, "connect_timeout": CONNECT_SECONDS} | _ALIVE
    if _several_hosts(url):
        told["target_session_attrs"] = "read-write"
    own = url.query.get("options", "")
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    options = " ".join([session, *([own] if isinstance(own, str) else own)]).strip()
    return {name: value for name, value in told.items() if name not in url.query} | {"options": options}


def _several_hosts(url: URL) -> bool:
    hosts = url.query.get("host", "")
    return not isinstance(hosts, str) or "," in hosts
