"""Real connections that ask for too much: too large, too many, too slow, silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitoring.hl7.room import Room
from storage import deliveries
from storage.engine import Store, open_store
from tests.monitoring.mllp_fixture import END, SECONDS, START, Client, fields, oru, until
from tests.monitoring.mllp_listening import Here, listening, names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/listener.db")) as opened:
        yield opened


def test_five_megabytes_are_taken_while_others_are_answered(store: Store) -> None:
    large = oru(1) + b"NTE|1||" + b"x" * 5_000_000 + b"\r"
    with listening(store) as here, Client(here.port) as heavy, Client(here.port) as light:
        sending = threading.Thread(target=heavy.send, args=(START + large + END,))
        sending.start()
        assert [light.asks(oru(number))[1] for number in range(2, 12)] == ["AA"] * 10
        sending.join()
        assert fields(heavy.answer(), "MSA") == ["MSA", "AA", "C1"]
    assert max(len(one.content or b"") for one in deliveries.unread(store, "lis", megabytes=100)) == len(large)


def test_a_message_beyond_the_limit_is_refused_by_its_head_and_its_connection_closed(store: Store) -> None:
    with listening(store, most_megabytes=0.1) as here:
        with Client(here.port) as client:
            assert client.asks(oru(1) + b"x" * 3_000_000)[:3] == ["MSA", "AR", "C1"]
            assert client.answer() == b""
        with Client(here.port) as client:
            assert client.asks(oru(2)) == ["MSA", "AA", "C2"]
        assert (names(store), here.too_large) == (["C2"], ["C1"])


def test_a_connection_too_many_is_closed_at_once_and_one_that_left_makes_room(store: Store) -> None:
    with listening(store, most_connections=2) as here:
        first, second = Client(here.port), Client(here.port)
        assert [one.asks(oru(place))[1] for place, one in enumerate((first, second))] == ["AA", "AA"]
        with Client(here.port) as third:
            assert third.answer() == b""
        first.close()
        until(lambda: len(here.listener._open) == 1)
        with Client(here.port) as fourth:
            assert fourth.asks(oru(3)) == ["MSA", "AA", "C3"]
        second.close()


def test_a_client_that_never_finishes_its_message_is_left_and_disturbs_nobody(store: Store) -> None:
    with listening(store, frame_seconds=0.3) as here, Client(here.port) as slow, Client(here.port) as good:
        slow.send(START + oru(1)[:50])
        assert good.asks(oru(2)) == ["MSA", "AA", "C2"]
        drip = threading.Thread(target=_drip, args=(slow,))
        drip.start()
        assert slow.answer() == b""
        drip.join()
        assert good.asks(oru(3)) == ["MSA", "AA", "C3"]
    assert names(store) == ["C2", "C3"]


def test_many_large_messages_at_once_wait_for_each_other_and_all_are_kept(store: Store) -> None:
    """Eight of 1 MB, begun together, where 2 MB may stand at once: back-pressure, and nobody is turned away."""
    large = [oru(number) + b"NTE|1||" + b"x" * 2**20 + b"\r" for number in range(1, 9)]
    with listening(store, most_megabytes_at_once=2) as here:
        clients = [Client(here.port) for _ in large]
        half = [
            threading.Thread(target=one.send, args=(START + told + END,))
            for one, told in zip(clients, large, strict=True)
        ]
        for thread in half:
            thread.start()
        highest = _highest(here, half)
        answers = [fields(one.answer(), "MSA")[1] for one in clients]
        for one in clients:
            one.close()
    assert answers == ["AA"] * 8
    assert (
        highest <= 2 * 2**20 + 2**20 + 8 * 2**18 + 8 * 65536
    )  # one message above, the small beginnings, one read each
    assert names(store) == [f"C{number}" for number in range(1, 9)]


def _highest(here: Here, threads: list[threading.Thread]) -> int:
    found = 0
    while any(thread.is_alive() for thread in threads):
        found = max(found, here.listener.room.total)
        time.sleep(0.001)
    return found


def test_never_ending_messages_fill_the_room_and_small_ones_come_through(store: Store) -> None:
    with listening(store, most_megabytes_at_once=1, most_megabytes=4, frame_seconds=0.5) as here:
        stuck = [Client(here.port) for _ in range(4)]
        flood = [threading.Thread(target=_flood, args=(one,)) for one in stuck]
        filled = _filled(here.listener.room, 2**20)
        for thread in flood:
            thread.start()
        assert filled.wait(SECONDS)
        with Client(here.port) as good:
            assert good.asks(oru(2)) == ["MSA", "AA", "C2"]
        for one in stuck:
            one.answer()  # each is left in its turn, none for having had to wait
            one.close()
        for thread in flood:
            thread.join()
        until(lambda: here.listener.room.total == 0)


def _filled(room: Room, size: int) -> threading.Event:
    """Set once so many bytes are held, for however short a time."""
    event, holds = threading.Event(), room.holds

    def held(who: Hashable, its: int) -> None:
        holds(who, its)
        if room.total >= size:
            event.set()

    room.holds = held  # type: ignore[method-assign]
    return event


def _flood(client: Client) -> None:
    """Just below the limit of one message, and no end."""
    with suppress(OSError):
        client.send(START + oru(1) + b"x" * 3_900_000)


def _drip(client: Client) -> None:
    """A byte now and then buys no time: it goes on until the other side, or the test, has closed."""
    with suppress(OSError):
        while True:
            client.send(b"x")
            time.sleep(0.05)


def test_a_silent_connection_is_closed_after_its_time(store: Store) -> None:
    with listening(store) as here, Client(here.port) as client:
        assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        here.listener.told = here.settings.model_copy(update={"idle_seconds": 0.2})  # from its next answer on
        assert client.asks(oru(2)) == ["MSA", "AA", "C2"]
        assert client.answer() == b""
