"""Real connections to a listener that hears only clients with a certificate of its authority."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.errors import SettingsError
from monitoring.hl7.tls import context_of
from monitoring.settings import SourceSettings
from storage.engine import Store, open_store
from tests.monitoring.certificates import certify
from tests.monitoring.mllp_fixture import END, START, Client, oru
from tests.monitoring.mllp_listening import listening, names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/listener.db")) as opened:
        yield opened


def test_with_tls_only_clients_with_a_certificate_of_the_authority_are_heard(store: Store, tmp_path: Path) -> None:
    certify(tmp_path)
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
