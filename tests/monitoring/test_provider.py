"""What `maswatch doctor` says of the sign-in provider, which answers, or does not, on a real socket."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from monitoring import people
from monitoring.provider import admin_found, provider_found
from monitoring.settings_parts import SignIn
from storage.engine import open_store
from tests.monitoring.certificates import certify

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
WHOLE = {"authorization_endpoint": "a", "token_endpoint": "{me}/token", "jwks_uri": "j"}


@contextmanager
def answering(code: int, body: Any, *, secret: str = "", certified: Path | None = None) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """A token endpoint: no code is right here, and who asks with another secret is told so first."""
            self.rfile.read(int(self.headers["Content-Length"]))
            known = self.headers["Authorization"] == "Basic " + b64encode(f"m:{secret}".encode()).decode()
            self.send_response(400 if known else 401)
            self.end_headers()
            self.wfile.write(json.dumps({"error": "invalid_grant" if known else "invalid_client"}).encode())

        def do_GET(self) -> None:
            self.send_response(code)
            self.end_headers()
            told = {key: value.format(me=address) for key, value in body.items()} if isinstance(body, dict) else body
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    address = f"http://127.0.0.1:{server.server_port}"
    if certified:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certified / "server.pem", certified / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        address = f"https://localhost:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "body", "well", "said"),
    [
        (200, WHOLE | {"issuer": "{me}"}, True, "answers"),
        (200, WHOLE | {"issuer": "https://other.example"}, False, "calls itself https://other.example"),
        (200, {"issuer": "{me}"}, False, "authorization_endpoint, token_endpoint, jwks_uri"),
        (200, ["no", "object"], False, "may be no OpenID Connect provider"),
        (404, {}, False, "answers 404"),
    ],
)
def test_a_provider_is_told_by_what_it_says_of_itself(code: int, body: Any, well: bool, said: str) -> None:
    with answering(code, body) as address:
        ((found, sentence),) = provider_found(SignIn(provider=address, client_id="m"))
    assert found is well
    assert said in sentence


@pytest.mark.parametrize(
    ("ours", "well", "said"), [("between us", True, "answers"), ("of last year", False, "does not take our secret")]
)
def test_a_secret_that_the_provider_does_not_know_is_told(ours: str, well: bool, said: str) -> None:
    with answering(200, WHOLE | {"issuer": "{me}"}, secret="between us") as address:
        ((found, sentence),) = provider_found(SignIn(provider=address, client_id="m", secret=ours))
    assert found is well
    assert said in sentence
    assert ours not in sentence


def test_who_has_no_secret_is_not_said_to_have_a_wrong_one() -> None:
    with answering(200, WHOLE | {"issuer": "{me}"}, secret="between us") as address:
        ((found, _),) = provider_found(SignIn(provider=address, client_id="m"))
    assert found


def test_a_provider_without_a_token_endpoint_that_answers_is_not_said_to_refuse_us() -> None:
    nowhere = {"issuer": "{me}", "token_endpoint": "no address"}
    with answering(200, WHOLE | nowhere) as address:
        ((found, _),) = provider_found(SignIn(provider=address, client_id="m", secret="between us"))
    assert found


def test_a_hospitals_own_authority_is_trusted_where_the_machine_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify(tmp_path)
    with answering(200, WHOLE | {"issuer": "{me}"}, certified=tmp_path) as address:
        told = SignIn(provider=address, client_id="m")
        ((_, sentence),) = provider_found(told)
        assert "shows a certificate that this machine does not trust" in sentence
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        ((found, sentence),) = provider_found(told)
    assert found, sentence


def test_a_provider_that_does_not_answer_and_none_at_all() -> None:
    with answering(200, {}) as address:
        pass
    ((found, sentence),) = provider_found(SignIn(provider=address, client_id="m"))
    assert not found
    assert "nobody can sign in" in sentence
    assert list(provider_found(SignIn())) == []


def test_a_site_without_an_admin_is_told_how_to_name_the_first(tmp_path: Path) -> None:
    store, guarded = open_store(f"sqlite:///{tmp_path}/maswatch.db"), SignIn(provider="https://x", client_id="m")
    people.add(store, "7", name="Bo", role="viewer", by="cli", now=NOW)
    ((found, sentence),) = admin_found(guarded, store, now=NOW)
    assert not found
    assert "maswatch people add" in sentence
    people.add(store, "8", name="Ada", role="admin", by="cli", now=NOW)
    assert list(admin_found(guarded, store, now=NOW)) == [(True, "2 people have a role here.")]
    store.close()
