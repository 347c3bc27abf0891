"""
A server's large tables shared out: by patient over the machines of a Citus cluster, or by time into hypertables of
TimescaleDB. Only where the server has the extension; the same program reads and writes either way.

Both ask for the column they share out by in every unique key: the patient for one, the time for the other. Native
partitions by month are not made: measured on a year of values they neither took in faster nor read a patient's window
faster than one table whose key begins with the patient and the time.
"""

from __future__ import annotations

from sqlalchemy import Connection

from storage.engine import Store
from storage.errors import StoreError

# A patient's rows lie together on one machine, so that what joins them stays there.
BY_PATIENT = (
    "observation", "dose", "finding", "patient", "heard", "flag_change", "acknowledgement", "snooze", "answer_end",
)  # fmt: skip
BY_TIME = {"observation": "collected_at", "dose": "started_at", "finding": "observed_at"}
MONTH = "INTERVAL '1 month'"
EMBEDDED = "An SQLite store is one file and is not shared out: copy it to a PostgreSQL server with `maswatch db copy`."
NEITHER = (
    "The server has neither Citus nor TimescaleDB, so nothing was changed: have one made with CREATE EXTENSION, "
    "or leave the tables as they are, which serves a hospital's load."
)


def distribute(store: Store) -> list[str]:
    """The tables that are shared out now and were not before. Raises StoreError where the server knows no way."""
    if store.dialect == "sqlite":
        raise StoreError(EMBEDDED)
    with store.writing() as connection:
        there = _extensions(connection)
        if not there:
            raise StoreError(NEITHER)
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        done = _shared_out(connection, there)
        wanted = [(name, statement) for name, statement in _statements(there) if name not in done]
        for _, statement in wanted:
            connection.exec_driver_sql(statement)
        return [name for name, _ in wanted]


def _extensions(connection: Connection) -> list[str]:
    known = "SELECT extname FROM pg_extension WHERE extname IN ('citus', 'timescaledb') ORDER BY extname"
    return [str(name) for (name,) in connection.exec_driver_sql(known)]


def _statements(there: list[str]) -> list[tuple[str, str]]:
    """Citus goes first: a table is shared out in one way."""
    if "citus" in there:
        return [(name, f"SELECT create_distributed_table('{name}', 'patient_id')") for name in BY_PATIENT]
    return [
        (name, f"SELECT create_hypertable('{name}', by_range('{when}', {MONTH}), migrate_data => true)")
        for name, when in BY_TIME.items()
    ]


def _shared_out(connection: Connection, there: list[str]) -> set[str]:
    citus = "SELECT logicalrelid::text FROM pg_dist_partition"
    known = citus if "citus" in there else "SELECT hypertable_name FROM timescaledb_information.hypertables"
    return {str(name) for (name,) in connection.exec_driver_sql(known)}
