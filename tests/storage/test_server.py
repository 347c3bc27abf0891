"""A server that fails over, is full of connections, or takes no writes: said in words, and gone on with afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from storage import queries
from storage.engine import Store, open_store, upgrade
from storage.errors import StoreBusy, StoreError, StoreUnreachable
from storage.schema import WRITER_KEY
from storage.server import connect_arguments
from storage.writes import append
from tests.servers import on_server
from tests.storage.facts import LATER, MORNING, batch, lab, tell

# with the time for each to go: what is cut is gone when this is answered
CUT = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


@pytest.fixture
def ward(server_url: str) -> Iterator[Store]:
    upgrade(server_url)
    with closing(open_store(server_url)) as opened:
        yield opened


@pytest.mark.postgresql
def test_connections_cut_by_a_fail_over_are_replaced_without_a_word(
    ward: Store, database_server: str, server_url: str
) -> None:
    tell(ward, lab(1, 12_000))
    on_server(database_server, CUT.format(make_url(server_url).database))
    assert tell(ward, lab(2, 900, hours=12), at=1).new == 1
    assert len(queries.observations(ward, as_of=LATER)) == 2


@contextmanager
def pings(store: Store) -> Iterator[list[object]]:
    """Each time a connection is asked whether it still stands, and no more than that."""
    told: list[object] = []
    dialect: Any = store.engine.dialect
    ask = dialect.do_ping

    def ping(connection: object) -> bool:
        told.append(connection)
        return bool(ask(connection))

    dialect.do_ping = ping
    yield told
    del dialect.do_ping


@pytest.mark.postgresql
def test_a_connection_used_just_now_is_not_asked_and_one_of_long_ago_is(
    ward: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries.newest_received(ward)
    with pings(ward) as asked:
        queries.newest_received(ward)
        assert asked == []
        monkeypatch.setattr("storage.server.TRUSTED_SECONDS", 0.0)
        queries.newest_received(ward)
        assert len(asked) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_a_connection_that_was_cut_is_known_by_its_silence_broken_or_by_asking(
    ward: Store, database_server: str, server_url: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.server.TRUSTED_SECONDS", seconds)
    tell(ward, lab(1, 12_000))
    for _ in range(2):
        on_server(database_server, CUT.format(make_url(server_url).database))
        assert len(queries.observations(ward, as_of=LATER)) == 1


@pytest.mark.postgresql
def test_a_connection_cut_in_the_middle_of_a_batch_keeps_nothing_of_it(
    ward: Store, database_server: str, server_url: str
) -> None:
    def cut() -> None:
        with ward.writing() as connection:
            connection.exec_driver_sql("INSERT INTO lease (name, holder, until) VALUES ('cycle', 'here', now())")
            on_server(database_server, CUT.format(make_url(server_url).database))
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreUnreachable, match="does not answer"):
        cut()
    assert queries.lease_until(ward, "cycle") is None


@pytest.mark.postgresql
def test_a_replica_is_said_to_take_no_writes_and_the_primary_is_found_when_it_is_back(
    ward: Store, database_server: str, server_url: str
) -> None:
    database = make_url(server_url).database
    on_server(database_server, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    ward.close()
    with pytest.raises(StoreUnreachable, match="takes no writes now"):
        tell(ward, lab(1, 12_000))
    on_server(database_server, f"ALTER DATABASE {database} RESET default_transaction_read_only")
    assert tell(ward, lab(1, 12_000)).new == 1


@pytest.mark.postgresql
def test_a_writer_that_holds_others_up_too_long_is_said_in_a_sentence(ward: Store, server_url: str) -> None:
    hasty = open_store(f"{server_url}&options=-c%20lock_timeout%3D50ms")
    with closing(hasty), ward.writing() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")
        with pytest.raises(StoreBusy, match="try again"):
            tell(hasty, lab(1, 12_000))


@pytest.mark.postgresql
def test_a_row_that_another_writer_slipped_in_is_no_reason_to_keep_half_a_batch(ward: Store) -> None:
    """As by hand in psql, past the lock that our writers take: the same key, after we looked for it."""
    row = "'P1', '2026-03-02 06:00Z', 1, 1, 'ferritin', '', '', '', '', '', '', '', now(), 'final', 'x', '', '', 5, 'r'"
    names = (
        "patient_id, collected_at, ref, version, analyte, comparator, unit, value_text, unit_text, loinc, method, "
        "specimen, received_at, status, source, source_id, origin, digest, run_id"
    )
    with ward.writing() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION slipped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO observation "
            f"({names}) VALUES ({row}); RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER slips BEFORE INSERT ON observation FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) "
            "EXECUTE FUNCTION slipped()"
        )
    told = batch(observations=[lab(1, 12_000), lab(2, 900)])
    with pytest.raises(StoreError, match="Another writer got in between"):
        append(ward, told)
    with ward.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER slips ON observation")
    assert queries.observations(ward, as_of=LATER).empty
    assert append(ward, told)["observations"].new == 2


@pytest.mark.postgresql
def test_a_session_is_in_utc_has_time_outs_and_a_name_to_be_found_by(ward: Store) -> None:
    wanted = ("timezone", "statement_timeout", "lock_timeout", "application_name")
    with ward.reading() as connection:
        told = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in wanted]
    assert told == ["UTC", "5min", "1min", "maswatch"]


def test_what_the_url_says_goes_before_what_is_set_here() -> None:
    own = make_url("postgresql+psycopg://db/ward?application_name=icu&options=-c%20lock_timeout%3D5s")
    told = connect_arguments(own)
    assert "application_name" not in told
    assert told["options"].endswith("-c lock_timeout=5s")
    assert "target_session_attrs" not in told


def test_of_several_hosts_the_one_that_takes_writes_is_looked_for() -> None:
    several = make_url("postgresql+psycopg:///ward?host=one:5432,two:5432")
    assert connect_arguments(several)["target_session_attrs"] == "read-write"


def test_texts_and_times_reach_either_store_as_they_were_told(any_store: Store) -> None:
    """What a table of comma-separated text could break: quotes, line ends, nothing at all, and the ends of numbers."""
    odd = ['said "no"', "two\nlines", "", "\\N", "\\.", "NULL", " ", ",", "µ\u2028"]
    rows = [
        lab(n, 1 / 3 + n, value_text=text, collected_at=MORNING.replace(microsecond=n + 1), reference_low=low)
        for n, (text, low) in enumerate(zip(odd, [None, 5e-324, 1.7e308, *[0.0] * 6], strict=True))
    ]
    tell(any_store, *rows)
    kept = queries.observations(any_store, as_of=LATER).sort_values("collected_at")
    assert kept["value_text"].tolist() == odd
    assert kept["value"].tolist() == [1 / 3 + n for n in range(len(odd))]
    assert kept["collected_at"].dt.microsecond.tolist() == list(range(1, len(odd) + 1))
    assert kept["reference_low"].isna().tolist() == [True] + [False] * 8
    assert kept["reference_low"].tolist()[1:3] == [5e-324, 1.7e308]
