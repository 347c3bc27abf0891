"""Signing in to a FHIR server: basic, bearer, and SMART Backend Services with a signature that is really verified."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from monitoring.errors import SettingsError
from monitoring.fhir_server.asking import Asking
from monitoring.fhir_server.troubles import ServerError, SignInError
from monitoring.settings import SourceSettings
from tests.monitoring.fhir_feed import HASTE, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import START, Server, basic, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.put(person())
        running.put(ferritin("f1"))
        yield running


@cache
def rsa() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "ward-1"}, private=True)


@cache
def p384() -> ECKey:
    return ECKey.generate_key("P-384", {"kid": "ward-1"}, private=True)


def asked(server: Server, auth: httpx.Auth | None = None, **told: Any) -> httpx.Auth | None:
    """One search, which is answered; how it signed in, for the next one."""
    settings = SourceSettings(name="lab", kind="fhir", url=server.url, timeout_seconds=5, **told)
    with Asking(settings, START, HASTE, auth) as asking:
        answer = asking.search("Observation", {})
        assert [entry["resource"]["id"] for entry in answer.node["entry"]] == ["f1"]
        return asking.auth


def smart(folder: Path, server: Server, key: RSAKey | ECKey, *, form: str = "jwk") -> dict[str, Any]:
    """Settings of a client whose key the server knows, and which lies in a file of this form."""
    server.client_key = key
    server.algorithm = "RS384" if isinstance(key, RSAKey) else "ES384"
    told = {"pem": key.as_pem(private=True), "jwk": json.dumps(key.as_dict(private=True)).encode()}
    told["set"] = json.dumps({"keys": [key.as_dict(private=False), key.as_dict(private=True)]}).encode()
    file = folder / "key"
    file.write_bytes(told[form])
    return {"client_id": "ward-client", "key_file": file, "key_id": "ward-1" if form == "pem" else ""}


def test_a_user_and_a_password_are_sent_to_the_server(server: Server) -> None:
    server.accepts = basic("ward", "sesame").__eq__
    asked(server, user="ward", password="sesame")
    with pytest.raises(SignInError, match=r"does not accept who asks \(401\); check user, password or token"):
        asked(server, user="ward", password="wrong")


def test_a_bearer_token_is_sent_to_the_server(server: Server) -> None:
    server.accepts = "Bearer abc".__eq__
    asked(server, token="abc")


def test_without_any_sign_in_the_answer_says_what_to_set(server: Server) -> None:
    server.accepts = "Bearer abc".__eq__
    with pytest.raises(SignInError, match=r"\(401\); set user, a token, or client_id with key_file"):
        asked(server)


@pytest.mark.parametrize("form", ["pem", "jwk", "set"])
@pytest.mark.parametrize("key", [rsa, p384])
def test_a_client_signs_in_with_its_key(
    tmp_path: Path, server: Server, key: Callable[[], RSAKey | ECKey], form: str
) -> None:
    told = smart(tmp_path, server, key(), form=form)
    auth = asked(server, **told)
    asked(server, auth, **told)
    tokens = [one for one in server.asked if one.path == "/token"]
    assert len(tokens) == 1  # kept until shortly before its end
    assert tokens[0].params["scope"] == "system/*.read"


def test_a_source_keeps_its_token_from_poll_to_poll(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, **smart(tmp_path, server, p384())) as feed:
        server.clock = feed.clock
        feed.poll()
        feed.poll()
        assert feed.names == {"f1"}
        assert len(server.used) == 1


def test_the_token_endpoint_may_stand_in_the_capability_statement(tmp_path: Path, server: Server) -> None:
    server.publishes = "statement"
    asked(server, **smart(tmp_path, server, p384()))


def test_the_token_endpoint_may_stand_in_the_settings(tmp_path: Path, server: Server) -> None:
    server.publishes = ""
    told = smart(tmp_path, server, p384())
    with pytest.raises(SignInError, match=r"does not say where tokens are given .* set token_url"):
        asked(server, **told)
    asked(server, token_url=server.token_url, **told)


def test_a_token_that_ends_early_is_renewed_once(tmp_path: Path, server: Server) -> None:
    told = smart(tmp_path, server, p384())
    auth = asked(server, **told)
    server.tokens.clear()  # the server no longer knows it
    asked(server, auth, **told)
    assert len(server.used) == 2


def test_a_token_that_lives_too_short_is_asked_for_at_every_request(tmp_path: Path, server: Server) -> None:
    server.token_seconds = 10
    told = smart(tmp_path, server, p384())
    asked(server, asked(server, **told), **told)
    assert len(server.used) == 2


def test_a_key_that_is_not_the_clients_is_refused_in_words(tmp_path: Path, server: Server) -> None:
    told = smart(tmp_path, server, p384())
    server.client_key, server.algorithm = rsa(), "RS384"
    with pytest.raises(SignInError, match=r"refused to sign in 400 \(invalid_client\); check client_id, key_file"):
        asked(server, **told)


@pytest.mark.parametrize("content", ["", "no key", '{"kty": "oct", "k": "c2VjcmV0", "d": "x"}', "{broken", "[1]"])
def test_a_file_that_holds_no_key_is_said_without_its_content(tmp_path: Path, server: Server, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        asked(server, client_id="ward-client", key_file=file)
    assert str(caught.value) == (
        f"source lab: key_file: {file} holds no private RSA key and none of the curve P-384, as PEM or JWK."
    )


def test_the_public_half_of_a_key_is_not_enough(tmp_path: Path, server: Server) -> None:
    file = tmp_path / "key"
    file.write_bytes(p384().as_pem(private=False))
    with pytest.raises(SettingsError, match="holds no private"):
        asked(server, client_id="ward-client", key_file=file)


def test_a_token_never_goes_to_another_server(server: Server) -> None:
    with serving() as other:
        aim = {"Location": f"{other.url}/Observation"}
        server.fail(302, lambda one: one.path == "/fhir/Observation", headers=aim)
        with pytest.raises(ServerError, match="sends us on to"):
            asked(server, token="abc")
        assert other.asked == []


def test_two_ways_to_sign_in_are_one_too_many(server: Server) -> None:
    with pytest.raises(SettingsError, match="token and user are ways to sign in; one of them may stand"):
        asked(server, user="ward", token="abc")
