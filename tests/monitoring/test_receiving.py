"""`maswatch receive` as a person starts it, and killed at the worst of moments."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.errors import SettingsError
from monitoring.hl7.acks import header
from monitoring.receiving import asked_for, check, exposed, set_aside
from monitoring.settings import Settings, SourceSettings
from monitoring.sources import open_sources
from monitoring.sources.hl7_folder import address_of, listening
from storage import queries
from storage.engine import open_store
from tests.monitoring.command_line import CommandLine
from tests.monitoring.mllp_fixture import END, START, Client, environment, oru, receiving, started, until
from tests.stories.served import Served, alive
from tests.stories.served import until as awaited

SITE = """
data_dir = "site"
[ward]
timezone = "Europe/Berlin"
[[source]]
name = "lis"
kind = "hl7"
listen = "127.0.0.1:0"
"""


def stored(folder: Path, table: str = "observation") -> list[tuple[object, ...]]:
    """(patient, version) of every row, or all there is of another table."""
    wanted = {"observation": "patient_id, ref, version"}.get(table, "*")
    with closing(open_store(f"sqlite:///{folder}/maswatch.db")) as store, store.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {wanted} FROM {table}")]


def test_killed_at_any_moment_and_sent_again_each_result_is_stored_once(tmp_path: Path) -> None:
    first, second, third = (START + oru(number) + END for number in (1, 2, 3))
    with started(killed(tmp_path), tmp_path) as listener, Client(listener.port) as client:
        client.send(first[: len(first) // 2])
        listener.kill()  # between two bytes
        assert client.answer() == b""
    with started(killed(tmp_path), tmp_path) as listener, Client(listener.port) as client:
        assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        client.send(second)
        listener.kill()  # after the frame, whatever became of it
    with started(killed(tmp_path, "after commit"), tmp_path) as listener, Client(listener.port) as client:
        client.send(third)
        assert client.answer() == b""  # stored, and killed before the answer
        assert len([row for row in stored(tmp_path, "delivery") if row[2] == "C3"]) == 1
    with started(receiving(tmp_path), tmp_path) as listener, Client(listener.port) as client:
        assert [client.asks(oru(number)) for number in (2, 3)] == [["MSA", "AA", "C2"], ["MSA", "AA", "C3"]]
        until(lambda: len(stored(tmp_path)) == 9 and not stored(tmp_path, "delivery_waiting"))
        reader = until(lambda: re.findall("the reader is process ([0-9]+)", listener.log.read_text(encoding="utf-8")))
        os.kill(int(reader[0]), signal.SIGKILL)
        assert client.asks(oru(4)) == ["MSA", "AA", "C4"]  # nobody notices, and another reader is started
        until(lambda: len(stored(tmp_path)) == 12)
        assert listener.terminate() == 0
        assert "Doe" not in listener.log.read_text(encoding="utf-8")
    assert [version for *_, version in stored(tmp_path)] == [1] * 12
    assert len(stored(tmp_path, "delivery")) == 4
    assert stored(tmp_path, "set_aside") == []


def killed(folder: Path, when: str = "by others") -> list[str]:
    """A listener alone, without a reader beside it."""
    script = Path(__file__).with_name("killed_listener.py")
    return [sys.executable, str(script), f"sqlite:///{folder}/maswatch.db", when]


def test_serving_without_the_schedule_runs_no_cycle_and_listens_where_a_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "maswatch.toml").write_text(SITE, encoding="utf-8")
    served = Served(tmp_path, "--no-schedule")
    try:
        awaited(lambda: served.found(r"listens on \S+:(\d+)"), served.said)
        with Client(int(served.found(r"listens on \S+:(\d+)")[0])) as client:
            assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        assert served.health()["last_success_at"] is None
        assert served.children("scheduler") == []
        assert served.end() == 0
        assert not any(alive(number) for number in served.children("receiver"))
    finally:
        served.process.kill()
        served.process.wait()


def test_a_port_in_use_ends_with_one_sentence(maswatch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.serving.PORT_PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        printed = maswatch.run("receive", "--port", port)
    assert printed.code == 2
    assert printed.err == f"Port {port} on 127.0.0.1 is in use; stop what uses it, or choose another with --port.\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ('listen = "2575:localhost"', "source lis: listen = '2575:localhost' is no address; write one like 127.0.0.1"),
        ('listen = "127.0.0.1:99999"', "is no address"),
        ('listen = "2575"\npath = "in"', "it has a path and listens; make two sources of it"),
        ('encoding = "klingon"\nlisten = "2575"', "encoding 'klingon' is not known"),
        ('listen = "2575"\ntls_certificate = "none.pem"', "the certificate and its key cannot be used"),
        ("", "needs the path of its folder, or listen"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_listen_is_said_in_a_sentence(maswatch: CommandLine, source: str, sentence: str) -> None:
    printed = maswatch.run("receive", config=f'[[source]]\nname = "lis"\nkind = "hl7"\n{source}\n')
    assert printed.code == 2
    assert sentence in printed.err
    assert "Traceback" not in printed.err


def listener(name: str = "lis", listen: str = "127.0.0.1:4000") -> SourceSettings:
    return SourceSettings(name=name, kind="hl7", listen=listen)


def test_the_address_asked_for_goes_before_the_configured_one(tmp_path: Path) -> None:
    bare, one = Settings(data_dir=tmp_path), Settings(data_dir=tmp_path, source=(listener(),))
    assert [(told.name, told.listen) for told in listening(asked_for(bare, None, None))] == [("hl7", "127.0.0.1:2575")]
    assert [(told.name, told.listen) for told in listening(asked_for(bare, "::1", 0))] == [("hl7", "[::1]:0")]
    assert asked_for(one, None, None) == one
    assert [(told.name, told.listen) for told in listening(asked_for(one, None, 5))] == [("lis", "127.0.0.1:5")]
    assert [told.listen for told in listening(asked_for(one, "0.0.0.0", None))] == ["0.0.0.0:4000"]


def test_an_address_for_one_of_several_listeners_is_refused(tmp_path: Path) -> None:
    both = Settings(data_dir=tmp_path, source=(listener(), listener("other", "127.0.0.1:4001")))
    assert len(listening(asked_for(both, None, None))) == 2
    with pytest.raises(SettingsError, match="Several sources listen"):
        asked_for(both, None, 2575)
    folder = SourceSettings(name="hl7", kind="hl7", path=tmp_path)
    with pytest.raises(SettingsError, match="source hl7 does not listen"):
        asked_for(Settings(data_dir=tmp_path, source=(folder,)), None, 2575)


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("2575", ("127.0.0.1", 2575)), ("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:2575", ("::1", 2575)),
        ("icu-7.example:2575", ("icu-7.example", 2575)),
    ],
)  # fmt: skip
def test_an_address_is_a_host_and_a_port_or_a_port_alone(listen: str, address: tuple[str, int]) -> None:
    assert address_of(listener(listen=listen)) == address


def test_an_address_that_others_reach_without_tls_is_warned_of(tmp_path: Path) -> None:
    said: list[str] = []
    check(
        Settings(data_dir=tmp_path, source=(listener(listen="0.0.0.0:0"), listener("own", "127.0.0.1:0"))), said.append
    )
    assert said == [exposed("lis", "0.0.0.0")]
    assert "0.0.0.0" in said[0]


def test_what_was_too_large_leaves_a_trace_among_what_is_set_aside(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/trace.db")) as store:
        for _ in range(2):
            set_aside(store, "lis", header(oru(1)), "The message is larger than the 16 MB that are taken here.")
        [trace] = queries.set_aside(store).to_dict("records")
    assert (trace["source"], trace["kind"], trace["reason"], trace["origin"]) == ("lis", "message", "too_large", "C1:1")
    assert trace["raw"] == oru(1).split(b"\r")[0].decode()


def test_what_arrives_by_itself_is_not_fetched(tmp_path: Path) -> None:
    [source] = open_sources(Settings(data_dir=tmp_path, source=(listener(),)))
    assert list(source.fetch(None)) == []  # type: ignore[arg-type]


def test_the_command_is_listed_with_its_options() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "monitoring.cli", "receive", "--help"], capture_output=True, text=True, env=environment()
    )  # fmt: skip
    assert told.returncode == 0
    assert "--host" in told.stdout
    assert "--port" in told.stdout
