"""Real connections to a listener of this process: limits, time-outs, trouble with the store, TLS."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hl7
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hl7.client import MLLPClient
from sqlalchemy import event

from monitoring.errors import ServingError, SettingsError
from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from monitoring.hl7.tls import context_of
from monitoring.settings import SourceSettings
from storage import deliveries
from storage.engine import Store, open_store
from storage.marks import marks_of
from tests.monitoring.mllp_fixture import END, START, Client, fields, oru, until

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/listener.db")) as opened:
        yield opened


class Here:
    """A listener, its loop in a thread of its own."""

    def __init__(self, store: Store, **told: object) -> None:
        self.settings = SourceSettings(name="lis", kind="hl7", listen="127.0.0.1:0", **told)  # type: ignore[arg-type]
        self.too_large: list[str] = []
        self.listener = Listener(
            self.settings, Commits(store, "lis", clock=lambda: NOW),
            refused=lambda head, sentence: self.too_large.append(head.name),
        )  # fmt: skip
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.port = self._run(self.listener.start("127.0.0.1", 0, tls=context_of(self.settings)))

    def stop(self) -> None:
        self._run(self.listener.stop(5))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _run(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


@contextmanager
def listening(store: Store, **told: object) -> Iterator[Here]:
    here = Here(store, **told)
    try:
        yield here
    finally:
        here.stop()


def names(store: Store) -> list[str]:
    return sorted(one.name for one in deliveries.unread(store, "lis", megabytes=100))


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
        began = time.monotonic()
        assert good.asks(oru(2)) == ["MSA", "AA", "C2"]
        drip = threading.Thread(target=_drip, args=(slow,))
        drip.start()
        assert slow.answer() == b""
        drip.join()
        assert time.monotonic() - began < 5
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
        for thread in flood:
            thread.start()
        until(lambda: here.listener.room.total >= 2**20)
        with Client(here.port) as good:
            assert good.asks(oru(2)) == ["MSA", "AA", "C2"]
        for one in stuck:
            one.answer()  # each is left in its turn, none for having had to wait
            one.close()
        for thread in flood:
            thread.join()
        until(lambda: here.listener.room.total == 0)


def _flood(client: Client) -> None:
    """Just below the limit of one message, and no end."""
    with suppress(OSError):
        client.send(START + oru(1) + b"x" * 3_900_000)


def _drip(client: Client) -> None:
    """A byte now and then buys no time."""
    try:
        for _ in range(40):
            client.send(b"x")
            time.sleep(0.05)
    except OSError:
        pass


def test_a_silent_connection_is_closed_after_its_time(store: Store) -> None:
    with listening(store, idle_seconds=0.2) as here, Client(here.port) as client:
        assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        assert client.answer() == b""


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


def test_with_tls_only_clients_with_a_certificate_of_the_authority_are_heard(store: Store, tmp_path: Path) -> None:
    _certificates(tmp_path)
    told = {
        "tls_certificate": tmp_path / "server.pem",
        "tls_key_file": tmp_path / "server.key",
        "tls_client_authority": tmp_path / "ca.pem",
    }
    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    known = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
    with listening(store, **told) as here:
        with Client(here.port) as client:
            client.socket = known.wrap_socket(client.socket, server_hostname="localhost")
            assert client.asks(oru(1)) == ["MSA", "AA", "C1"]
        with Client(here.port) as stranger:
            assert _heard(stranger, trust) == b""
        with Client(here.port) as plain:
            plain.send(START + oru(3) + END)
            assert b"MSA" not in plain.answer()
    assert names(store) == ["C1"]


def test_a_certificate_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_text("no certificate", encoding="utf-8")
    told = SourceSettings(name="lis", kind="hl7", listen="2575", tls_certificate=tmp_path / "server.pem")
    with pytest.raises(SettingsError, match="source lis: the certificate and its key cannot be used"):
        context_of(told)
    alone = SourceSettings(name="lis", kind="hl7", listen="2575", tls_key_file=tmp_path / "server.pem")
    with pytest.raises(SettingsError, match="tls_certificate is missing"):
        context_of(alone)


def _heard(client: Client, context: ssl.SSLContext) -> bytes:
    """What a client gets to hear, b"" where it is turned away."""
    try:
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        client.send(START + oru(2) + END)
        return client.answer()
    except (ssl.SSLError, ConnectionError):
        return b""


def _certificates(folder: Path) -> None:
    """An authority, and a server and a client that it vouches for."""
    authority, key = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]), _key(folder, "ca")
    root = _certificate(authority, key).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    _written(folder, "ca", root.issuer_name(authority).sign(key, hashes.SHA256()))
    for name in ("server", "client"):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        host = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        made = _certificate(subject, _key(folder, name)).add_extension(host, critical=False)
        _written(folder, name, made.issuer_name(authority).sign(key, hashes.SHA256()))


def _certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # TLS itself looks at the clock
    made = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))


def _key(folder: Path, name: str) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *kind))
    return key


def _written(folder: Path, name: str, certificate: x509.Certificate) -> None:
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
