"""Real connections to a listener of this process: answers, garbage, trouble with the store, its end."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hl7
import pytest
from hl7.client import MLLPClient
from sqlalchemy import event

from monitoring.errors import ServingError
from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from storage import deliveries
from storage.engine import Store, open_store
from storage.marks import marks_of
from tests.monitoring.mllp_fixture import END, START, Client, fields, oru, until
from tests.monitoring.mllp_listening import NOW, listening, names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/listener.db")) as opened:
        yield opened


def test_a_message_is_acknowledged_and_stands_in_the_store_as_it_was_sent(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        [kept] = deliveries.unread(store, "lis")
        assert (kept.name, kept.content, kept.received_at) == ("C1", oru(1), NOW)
        until(lambda: marks_of(store, "lis") == {"heard": NOW.isoformat()})


def test_a_duplicate_is_acknowledged_and_adds_nothing(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        assert [client.asks(oru(1)) for _ in range(3)] == [["MSA", "AA", "C1"]] * 3
    assert names(store) == ["C1"]


def test_many_messages_in_one_piece_are_each_answered_in_their_order(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        client.send(b"".join(START + oru(number) + END for number in range(20)))
        assert [fields(client.answer(), "MSA")[1:3] for _ in range(20)] == [["AA", f"C{n}"] for n in range(20)]


def test_a_batch_is_kept_whole_and_answered_in_one_frame_and_an_empty_one_by_an_empty_one(store: Store) -> None:
    head = b"BHS|^~\\&|LIS|NORTH\r"
    with listening(store) as here, Client(here.port) as client:
        client.send(START + head + oru(1) + oru(2) + b"BTS|2\r" + END + START + head + b"BTS|0\r" + END)
        both, none = (hl7.parse_batch(client.answer().decode()) for _ in range(2))
    assert [(str(one["MSA.F1"]), str(one["MSA.F2"])) for one in both] == [("AA", "C1"), ("AA", "C2")]
    assert [*none] == []
    [kept] = deliveries.unread(store, "lis")
    assert kept.content == head + oru(1) + oru(2) + b"BTS|2\r"


def test_a_message_in_single_bytes_is_answered_once(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in START + b"MSH|^~\\&|LIS|||||||C9|P|2.5\r" + END:
            client.send(bytes([byte]))
        assert fields(client.answer(), "MSA") == ["MSA", "AA", "C9"]


def test_a_client_written_by_others_is_answered(store: Store) -> None:
    with listening(store) as here, MLLPClient("127.0.0.1", here.port) as client:
        said = hl7.parse(client.send_message(hl7.parse(oru(7).decode())).decode().strip("\x0b\x1c\r"))
    assert (str(said["MSA.F1"]), str(said["MSA.F2"])) == ("AA", "C7")


def test_twenty_connections_are_served_together(store: Store) -> None:
    with listening(store) as here:
        clients = [Client(here.port) for _ in range(20)]
        for turn in range(5):
            for place, client in enumerate(clients):
                client.send(START + oru(20 * turn + place) + END)
            told = [fields(client.answer(), "MSA") for client in clients]
            assert told == [["MSA", "AA", f"C{20 * turn + place}"] for place in range(20)]
        for client in clients:
            client.close()
    assert len(names(store)) == 100


def test_garbage_is_refused_kept_and_followed_by_the_next_message(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert client.asks(b"\x00\xff no message")[:3] == ["MSA", "AR", ""]
        assert client.asks(oru(2)) == ["MSA", "AA", "C2"]
    assert names(store) == ["C2", "message"]
    assert here.listener.stray == len(b"GET / HTTP/1.1")


def test_a_client_that_leaves_before_its_answer_disturbs_nobody(store: Store) -> None:
    with listening(store) as here:
        for number in range(5):
            with Client(here.port) as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.send(START + oru(number) + END)
                time.sleep(0.01)
        with Client(here.port) as client:
            assert client.asks(oru(9)) == ["MSA", "AA", "C9"]


@pytest.mark.sqlite  # of as many pages as it may have
def test_a_full_store_is_answered_with_an_error_and_the_message_taken_when_there_is_room(store: Store) -> None:
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    store.close()
    room = {"pages": pages + 8}
    event.listen(store.engine, "connect", lambda made, _: made.execute(f"PRAGMA max_page_count = {room['pages']}"))
    incompressible = bytes(random.Random(7).choices(range(33, 127), k=300_000))
    with listening(store) as here, Client(here.port) as client:
        large = oru(1) + b"NTE|1||" + incompressible + b"\r"
        assert client.asks(large) == ["MSA", "AE", "C1", "The message could not be stored now; send it again."]
        assert client.asks(oru(2)) == ["MSA", "AA", "C2"]
        room["pages"] = pages + 10_000
        store.engine.dispose()
        assert client.asks(large) == ["MSA", "AA", "C1"]
    assert names(store) == ["C1", "C2"]


def test_at_its_end_idle_connections_are_closed_and_nobody_new_is_let_in(store: Store) -> None:
    with listening(store) as here:
        client = Client(here.port)
        assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
    assert client.answer() == b""
    client.close()
    with pytest.raises(ConnectionRefusedError):
        Client(here.port, seconds=1)


def test_a_port_that_is_taken_is_said_in_a_sentence(store: Store) -> None:
    with listening(store) as here:
        other = Listener(here.settings, Commits(store, "lis", clock=lambda: NOW), refused=lambda *_: None)
        with pytest.raises(ServingError, match=f"source lis: port {here.port} on 127.0.0.1 cannot be opened"):
            asyncio.run(other.start("127.0.0.1", here.port))
