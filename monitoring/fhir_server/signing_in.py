"""
Who asks: nobody in particular, a user, a bearer token, or a client of SMART Backend Services.

Credentials go to the server's own origin alone; a signed assertion goes to the token endpoint that the settings or the
server itself name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from monitoring.errors import SettingsError
from monitoring.fhir_server.keys import Signer, signer
from monitoring.fhir_server.links import Base, origin
from monitoring.fhir_server.troubles import SignInError, UnreachableError
from monitoring.settings import SourceSettings

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SPARE_SECONDS = 30.0  # a token is not used up to its last moment
LIFE_SECONDS = 300.0  # where the endpoint does not say how long a token lives
LONGEST_QUOTED = 60


def authority(told: SourceSettings, base: Base) -> httpx.Auth | None:
    """Raises SettingsError where the settings name two ways, or half of one."""
    ways = {"client_id": bool(told.client_id), "token": bool(told.token), "user": bool(told.user)}
    named = [name for name, is_set in ways.items() if is_set]
    if len(named) > 1:
        raise SettingsError(f"source {told.name}: {' and '.join(named)} are ways to sign in; one of them may stand.")
    if told.client_id:
        return Smart(told, base, _signer(told))
    if told.token:
        return _Only(base, httpx.Headers({"Authorization": f"Bearer {told.token}"}))
    if told.user:
        request = next(httpx.BasicAuth(told.user, told.password).auth_flow(httpx.Request("GET", base.url)))
        return _Only(base, httpx.Headers({"Authorization": request.headers["Authorization"]}))
    return None


def _signer(told: SourceSettings) -> Signer:
    if told.key_file is None:
        raise SettingsError(f"source {told.name}: client_id needs the key_file that signs for it.")
    return signer(told.name, told.key_file, told.key_id)


@dataclass
class _Only(httpx.Auth):
    """The same header with every request to the server itself."""

    base: Base
    headers: httpx.Headers

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin(request.url) == origin(self.base.url):
            request.headers.update(self.headers)
        yield request


@dataclass
class Smart(httpx.Auth):
    """
    A token by client_credentials, kept until shortly before its end; an answer of 401 gets one new token.

    `clock` tells the time of the assertion; the life of a token is measured by a clock that nobody sets.
    """

    told: SourceSettings
    base: Base
    signer: Signer
    clock: Callable[[], datetime] | None = None
    endpoint: str = ""
    token: str = field(default="", repr=False)
    ends: float = 0.0
    requires_response_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin(request.url) != origin(self.base.url):
            yield request
            return
        if not self.token or time.monotonic() >= self.ends:
            yield from self._renew()
        request.headers["Authorization"] = f"Bearer {self.token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._renew()
            request.headers["Authorization"] = f"Bearer {self.token}"
            yield request

    def _renew(self) -> Generator[httpx.Request, httpx.Response, None]:
        self.token = ""
        if not self.endpoint:
            self.endpoint = yield from self._found()
        assert self.clock is not None
        form = {
            "grant_type": "client_credentials", "scope": self.told.scope, "client_assertion_type": JWT_BEARER,
            "client_assertion": self.signer.assertion(self.told.client_id, self.endpoint, self.clock()),
        }  # fmt: skip
        answer = yield self._request("POST", self.endpoint, form)
        self._take(answer)

    def _take(self, answer: httpx.Response) -> None:
        told = fields(answer)
        token = told.get("access_token")
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise UnreachableError(f"source {self.told.name}: the token endpoint answered {answer.status_code}.")
        if not answer.is_success or not isinstance(token, str):
            said = _quoted(told.get("error"))
            raise SignInError(
                f"source {self.told.name}: the token endpoint refused to sign in {answer.status_code}{said}; check "
                "client_id, key_file, key_id and scope, and that the public key is registered there."
            )
        life = told.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) else LIFE_SECONDS
        self.token, self.ends = token, time.monotonic() + max(0.0, seconds - SPARE_SECONDS)

    def _found(self) -> Generator[httpx.Request, httpx.Response, str]:
        """The token endpoint: as set, else as the server publishes it."""
        if self.told.token_url:
            return self.told.token_url
        answer = yield self._request("GET", self.base.below(".well-known/smart-configuration"))
        found = fields(answer).get("token_endpoint") if answer.is_success else None
        if not isinstance(found, str):
            answer = yield self._request("GET", self.base.below("metadata"))
            found = oauth_endpoint(fields(answer)) if answer.is_success else ""
        return self._sound(str(self.base.url.join(found)) if found else "")

    def _request(self, method: str, url: httpx.URL | str, form: dict[str, str] | None = None) -> httpx.Request:
        """With the time-out of the source: a request made by hand has none."""
        patience = {"timeout": httpx.Timeout(self.told.timeout_seconds).as_dict()}
        return httpx.Request(method, url, data=form, headers={"Accept": "application/json"}, extensions=patience)

    def _sound(self, found: str) -> str:
        name = self.told.name
        if not found:
            raise SignInError(
                f"source {name}: the server does not say where tokens are given (no .well-known/smart-configuration, "
                "nothing in its CapabilityStatement); set token_url."
            )
        if self.base.url.scheme == "https" and not found.startswith("https://"):
            raise SignInError(f"source {name}: the server names a token endpoint without https; set token_url.")
        return found


def oauth_endpoint(statement: dict[str, object]) -> str:
    """The token endpoint in a CapabilityStatement's extension, "" where there is none."""
    rest = statement.get("rest")
    security = [one.get("security") for one in rest if isinstance(one, dict)] if isinstance(rest, list) else []
    outer = [each for one in security if isinstance(one, dict) for each in one.get("extension") or ()]
    inner = [each for one in outer if isinstance(one, dict) for each in one.get("extension") or ()]
    named = [one for one in inner if isinstance(one, dict) and one.get("url") == "token"]
    return next((told for one in named if isinstance(told := one.get("valueUri"), str)), "")


def fields(answer: httpx.Response) -> dict[str, object]:
    """The JSON object of an answer, {} where it is none."""
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _quoted(said: object) -> str:
    """An OAuth error code such as invalid_client."""
    plain = said if isinstance(said, str) and said.replace("_", "").isalnum() else ""
    return f" ({plain[:LONGEST_QUOTED]})" if plain else ""
