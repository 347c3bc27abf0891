"""Requests to one FHIR server: with patience where it may help, and one clear sentence where it does not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
import stamina

from monitoring.fhir_server.links import Base, shown
from monitoring.fhir_server.signing_in import Smart, authority, fields
from monitoring.fhir_server.troubles import RefusedError, SignInError, UnreachableError, refused
from monitoring.settings import SourceSettings
from monitoring.trust import trusted, untrusted

FHIR = "application/fhir+json"
PIECE_BYTES = 65_536
NDJSON = "application/fhir+ndjson"
REDIRECTS = frozenset((301, 302, 303, 307, 308))
MOST_REDIRECTS = 5
# Answers after which the same request may well succeed.
PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
stamina.instrumentation.set_on_retry_hooks([])  # its own log lines would say nothing of use
Params = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Patience:
    """
    `attempts` in all; the waits between them grow from `first` to `most`. A Retry-After is kept to up to `asked`;
    a server that wants longer is left alone until the next poll, so that the other sources need not wait with it.
    """

    attempts: int = 4
    first_seconds: float = 1.0
    most_seconds: float = 20.0
    jitter_seconds: float = 1.0
    asked_seconds: float = 60.0


@dataclass(frozen=True)
class Answer:
    """`content` as it came, `node` what it says. `at`: the server's own clock then, where it told the time."""

    url: httpx.URL
    content: bytes
    node: dict[str, Any]
    at: datetime | None


@dataclass
class Asking:
    """
    A connection to the server of a source, to be closed. `now`: what the time was when it was opened; `there`: by the
    server's own clock, when it answered first.

    The environment is not asked for proxies or passwords. Certificates are checked against those that the machine and
    certifi trust.
    """

    told: SourceSettings
    now: datetime
    patience: Patience = field(default_factory=Patience)
    auth: httpx.Auth | None = None
    heard: bool = False
    there: datetime | None = None

    def __post_init__(self) -> None:
        self.base = Base.of(self.told.name, self.told.url)
        self.auth = self.auth or authority(self.told, self.base)
        self._began = time.monotonic()
        if isinstance(self.auth, Smart):
            self.auth.clock = self._moment
        self._client = httpx.Client(
            auth=self.auth, timeout=self.told.timeout_seconds, trust_env=False, follow_redirects=False,
            verify=trusted() if self.base.url.scheme == "https" else False,
            headers={"Accept": FHIR, "Cache-Control": "no-cache"},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def read(self, path: str, asked: str) -> Answer:
        """`path` below the server's address. `asked`: the same in words."""
        return self.follow(self.base.below(path), asked)

    def search(self, kind: str, params: Params) -> Answer:
        return self.follow(self.base.below(kind).copy_merge_params(params), f"a search for {kind}")

    def follow(self, url: httpx.URL, asked: str) -> Answer:
        """Raises ServerError once patience has come to its end."""
        patience = self.patience
        attempts = stamina.retry_context(
            on=self.again, attempts=patience.attempts, timeout=None, wait_initial=patience.first_seconds,
            wait_max=patience.most_seconds, wait_jitter=patience.jitter_seconds,
        )  # fmt: skip
        for attempt in attempts:
            with attempt:
                answer = self._once(url, asked)
        return answer

    def job(self, url: httpx.URL, asked: str, *, method: str = "GET", **headers: str) -> httpx.Response:
        """Of an export: any answer that is none of an error; `headers` as they are called. Raises ServerError."""
        patience = self.patience
        for attempt in stamina.retry_context(
            on=self.again, attempts=patience.attempts, timeout=None, wait_initial=patience.first_seconds,
            wait_max=patience.most_seconds, wait_jitter=patience.jitter_seconds,
        ):  # fmt: skip
            with attempt:
                response = self._tried(url, asked, method=method, headers=headers)
                self._checked(response, asked)
        return response

    @contextmanager
    def streamed(self, url: httpx.URL, asked: str, *, signed: bool) -> Iterator[Iterator[bytes]]:
        """A file of an export, piece by piece; `signed` False: from whoever keeps it, without saying who asks."""
        auth = self._client.auth if signed else None
        try:
            with self._client.stream("GET", url, auth=auth, headers={"Accept": NDJSON}) as response:
                if not response.is_success:
                    response.read()
                    self._checked(response, asked)
                yield response.iter_bytes(PIECE_BYTES)
        except (httpx.TransportError, httpx.DecodingError):
            raise UnreachableError(f"source {self.told.name}: {shown(url)} broke off its answer to {asked}.") from None

    def _checked(self, response: httpx.Response, asked: str) -> None:
        """Raises SignInError or RefusedError."""
        self.heard = True
        self.there = self.there or _date(response.headers.get("date", ""))
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise SignInError(f"source {self.told.name}: the server does not accept who asks (401); {self._mend()}.")
        if not response.is_success:
            wait = _wait(response, self._moment())
            raise refused(self.told.name, asked, response.status_code, fields(response), wait)

    def again(self, error: Exception) -> bool | float:
        """Whether another attempt may help; or after how many seconds the server wants it."""
        if isinstance(error, RefusedError) and error.status in PASSING:
            return True if error.wait is None else error.wait <= self.patience.asked_seconds and error.wait
        return isinstance(error, UnreachableError) and error.again

    def _once(self, url: httpx.URL, asked: str) -> Answer:
        response = self._sent(url, asked)
        self._checked(response, asked)
        node = fields(response)
        if not isinstance(node.get("resourceType"), str):
            kind = response.headers.get("content-type", "").partition(";")[0][:40] or "no content type"
            raise UnreachableError(
                f"source {self.told.name}: {shown(url)} answered with something that is no FHIR JSON ({kind}); check "
                "the url of the source.",
                again=False,
            )
        if node["resourceType"] == "OperationOutcome":
            raise refused(self.told.name, asked, response.status_code, node)
        return Answer(response.url, response.content, node, _date(response.headers.get("date", "")))

    def _sent(self, url: httpx.URL, asked: str) -> httpx.Response:
        for _ in range(MOST_REDIRECTS):
            response = self._tried(url, asked)
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                return response
            there = self.base.redirected(url, response.headers["location"])
            if there is None:
                elsewhere = shown(url.join(response.headers["location"]))
                raise UnreachableError(
                    f"source {self.told.name}: the server sends us on to {elsewhere}, where nothing is asked "
                    "unless the url of the source says so.",
                    again=False,
                )
            url = there
        raise UnreachableError(f"source {self.told.name}: the server sends us round in circles.", again=False)

    def _tried(self, url: httpx.URL, asked: str, **how: Any) -> httpx.Response:
        """`how`: method and headers, where it is no plain question."""
        name, where = self.told.name, shown(url)
        try:
            return self._client.request(how.get("method", "GET"), url, headers=how.get("headers"))
        except httpx.TimeoutException:
            seconds = f"{self.told.timeout_seconds:g}"
            raise UnreachableError(
                f"source {name}: {where} did not answer within {seconds} s when asked for {asked}."
            ) from None
        except httpx.ConnectError as error:
            unsafe = untrusted(error)
            why = "shows a certificate that this machine does not trust" if unsafe else "cannot be reached"
            raise UnreachableError(
                f"source {name}: {where} {why}; check its url and the network.", again=not unsafe
            ) from None
        except (httpx.TransportError, httpx.DecodingError):
            raise UnreachableError(f"source {name}: {where} broke off its answer to {asked}.") from None
        except httpx.InvalidURL:
            raise UnreachableError(f"source {name}: the server named an address that is none.", again=False) from None

    def _mend(self) -> str:
        if self.auth is None:
            return "set user, a token, or client_id with key_file"
        return (
            "check scope and rights of the client" if isinstance(self.auth, Smart) else "check user, password or token"
        )

    def _moment(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._began)


def _wait(response: httpx.Response, now: datetime) -> float | None:
    """Retry-After in seconds or as a date, which is told by the server's clock."""
    told = response.headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    until = _date(told)
    there = _date(response.headers.get("date", "")) or now
    return max(0.0, (until - there).total_seconds()) if until else None


def _date(told: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
