"""
A FHIR R4 server on a real socket, in a thread: searches, pages, versions, sign-in, and every way of failing.

Its clock is its own: `at` is when the next version is written. `page` tells how it pages: "snapshot" keeps what a
search found, "live" counts through what is there when a page is asked for, as many servers do.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from tests.monitoring.fhir_search_fixture import TIMES, Resource, matches, moment_of

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
PARAMS = ("_id", "_lastUpdated", "patient", "category", "code", "identifier", "location", "organization")
KINDS = ("Patient", "Encounter", "Condition", "Group", *TIMES, "Specimen", "Medication", "Location")


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    params: dict[str, str]
    authorization: str


@dataclass
class Fault:
    """`when`: of which requests. `left`: how many of them fail. `how`: a status, "cut", or seconds of silence."""

    when: Callable[[Asked], bool]
    how: int | str | float
    left: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Server:
    """`offers`: resource type -> its search parameters, None for a statement that lists none."""

    at: datetime = START
    page: str = "snapshot"
    offers: dict[str, tuple[str, ...] | None] = field(
        default_factory=lambda: {kind: (*PARAMS, *TIMES.get(kind, {})) for kind in KINDS}
    )
    versions: dict[tuple[str, str], list[Resource]] = field(default_factory=lambda: defaultdict(list))
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], None] = field(default=lambda asked: None)
    accepts: Callable[[str], bool] = field(default=lambda authorization: True)
    client_key: RSAKey | ECKey | None = None
    algorithm: str = "RS384"
    tokens: set[str] = field(default_factory=set)
    clock: Callable[[], datetime] = field(default=lambda: START)
    used: set[str] = field(default_factory=set)
    token_seconds: int = 300
    publishes: str = "well-known"
    written_as: str = ""
    url: str = ""
    searches: dict[str, tuple[list[Resource], dict[str, str]]] = field(default_factory=dict)
    histories: tuple[str, ...] = ()
    deleted: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def put(self, resource: Resource, *, seconds: float = 1.0) -> Resource:
        """The next version; the server's clock then goes on by so many seconds."""
        versions = self.versions[resource["resourceType"], resource["id"]]
        meta = {"versionId": str(len(versions) + 1), "lastUpdated": self.at.isoformat(timespec="milliseconds")}
        versions.append({**resource, "meta": meta})
        self.at += timedelta(seconds=seconds)
        return versions[-1]

    def delete(self, kind: str, name: str) -> None:
        """It stands in no search any more; its type's history says so."""
        self.deleted[kind, name] = self.at
        self.at += timedelta(seconds=1)

    def history(self, kind: str, since: datetime) -> Resource:
        """The newest first, all on one page."""
        told = [
            (at, {
                "fullUrl": f"{self.own}/{kind}/{name}", "request": {"method": "DELETE", "url": f"{kind}/{name}"},
                "response": {"status": "204", "lastModified": at.isoformat(timespec="milliseconds")},
            })
            for (own, name), at in self.deleted.items() if own == kind and at >= since
        ]  # fmt: skip
        for (own, name), versions in self.versions.items():
            put = {"request": {"method": "PUT", "url": f"{kind}/{name}"}}
            told += [
                (moment_of(one["meta"]["lastUpdated"]), {"resource": one, **put}) for one in versions if own == kind
            ]
        entries = [entry for at, entry in sorted(told, key=lambda one: one[0], reverse=True) if at >= since]
        return {"resourceType": "Bundle", "type": "history", "entry": entries}

    def fail(self, how: int | str | float, when: Callable[[Asked], bool], **told: Any) -> None:
        self.faults.append(Fault(when, how, **told))

    def expire(self) -> None:
        """Next links that were given are no longer good."""
        self.searches.clear()

    def asked_for(self, kind: str) -> list[Asked]:
        """The requests for a kind of resource, further pages included."""
        return [one for one in self.asked if one.path == f"/fhir/{kind}" or one.params.get("_kind") == kind]

    def found(self, kind: str, params: dict[str, str]) -> list[Resource]:
        there = [
            versions[-1] for (own, name), versions in self.versions.items()
            if own == kind and (own, name) not in self.deleted
        ]  # fmt: skip
        chosen = [one for one in there if all(matches(one, name, told) for name, told in params.items())]
        return sorted(chosen, key=lambda one: (one["meta"]["lastUpdated"], one["id"]))

    def bundle(self, kind: str, params: dict[str, str]) -> Resource:
        token, start = params.get("_page", ""), int(params.get("_from", "0"))
        if token:
            if token not in self.searches:
                raise KeyError(token)
            snapshot, params = self.searches[token]
            found = snapshot if self.page == "snapshot" else self.found(kind, params)
        else:
            found, token = self.found(kind, params), f"s{len(self.asked)}"
            self.searches[token] = (found, params)
        size = int(params.get("_count", "20"))
        links = [{"relation": "self", "url": f"{self.own}/{kind}"}]
        if start + size < len(found):
            more = f"{self.own}?_page={token}&_from={start + size}&_kind={kind}"
            links.append({"relation": "next", "url": more})
        entries = [{"resource": one, "search": {"mode": "match"}} for one in found[start : start + size]]
        return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries, "total": len(found)}

    @property
    def own(self) -> str:
        """The address under which it believes to be known."""
        return self.written_as or self.url

    def statement(self) -> Resource:
        told = [
            {"type": kind, "interaction": [{"code": "history-type"}] if kind in self.histories else []}
            | ({"searchParam": [{"name": name} for name in names]} if names is not None else {})
            for kind, names in self.offers.items()
        ]
        uris = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
        token = {"url": "token", "valueUri": self.token_url}
        security = {"extension": [{"url": uris, "extension": [token]}]} if self.publishes == "statement" else {}
        return {
            "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
            "software": {"name": "Small Server", "version": "1.2"},
            "rest": [{"mode": "server", "resource": told, "security": security}],
        }  # fmt: skip

    @property
    def token_url(self) -> str:
        return self.url.removesuffix("/fhir") + "/token"

    def token(self, form: dict[str, str]) -> tuple[int, Resource]:
        """Gives a token where the assertion is signed by the client's key, for us, in time, and for the first time."""
        assert self.client_key is not None
        try:
            told = jwt.decode(form["client_assertion"], self.client_key, algorithms=[self.algorithm])
        except (JoseError, ValueError, KeyError):
            return 400, {"error": "invalid_client"}
        claims = told.claims
        lives = 0 < claims["exp"] - self.clock().timestamp() <= 300
        sound = claims["iss"] == claims["sub"] == "ward-client" and claims["aud"] == self.token_url
        if not (sound and lives) or claims["jti"] in self.used or form["grant_type"] != "client_credentials":
            return 400, {"error": "invalid_client"}
        self.used.add(claims["jti"])
        token = f"token-{len(self.used)}"
        self.tokens = {token}
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": self.token_seconds}

    def read(self, path: str, params: dict[str, str]) -> tuple[int, Resource]:
        if path == "/fhir/metadata":
            return 200, self.statement()
        if path == "/fhir/.well-known/smart-configuration" and self.publishes == "well-known":
            return 200, {"token_endpoint": self.token_url}
        parts = path.removeprefix("/fhir").strip("/").split("/")
        kind = params.pop("_kind", "") or parts[0]
        try:
            if params.get("_summary") == "count":
                return 200, {"resourceType": "Bundle", "type": "searchset", "total": len(self.found(kind, {}))}
            if parts[-1] == "_history":
                return 200, self.history(parts[0], moment_of(params["_since"]))
            if len(parts) == 2:
                return 200, self.versions[parts[0], parts[1]][-1]
            if self.offers.get(kind) is None and kind not in self.offers:
                return 404, outcome("not-supported")
            return 200, self.bundle(kind, params)
        except KeyError:
            return 410, outcome("expired")
        except IndexError:
            return 404, outcome("not-found")


def outcome(code: str) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": "Lena"}]}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextmanager
def serving(**told: Any) -> Iterator[Server]:
    """A server on a free port of this machine."""
    server = Server(**told)
    with answered_by(_answering(server)) as server.url:
        yield server


@contextmanager
def answered_by(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Where it answers."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}/fhir"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


def _answering(server: Server) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one piece: in two, the second waits for the other side's acknowledgement

        def log_message(self, *told: Any) -> None:
            """Nothing on the screen."""

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            server.asked.append(Asked(self.path, form, self.headers.get("Authorization", "")))
            self._say(*server.token(form))

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            params = dict(parse_qsl(url.query))
            asked = Asked(url.path, dict(params), self.headers.get("Authorization", ""))
            server.asked.append(asked)
            server.before(asked)
            fault = next((one for one in server.faults if one.left and one.when(asked)), None)
            if fault:
                fault.left -= 1
                self._fail(fault)
            elif not self._known(asked):
                self._say(401, outcome("login"))
            else:
                self._say(*server.read(url.path, params))

        def _known(self, asked: Asked) -> bool:
            if asked.path.endswith(("metadata", "smart-configuration")):
                return True
            if server.client_key is not None:
                return asked.authorization.removeprefix("Bearer ") in server.tokens
            return server.accepts(asked.authorization)

        def _fail(self, fault: Fault) -> None:
            if isinstance(fault.how, float):
                time.sleep(fault.how)
                self.close_connection = True
            elif fault.how == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b'{"resourceType": "Bundle", "ent')
                self.close_connection = True
            else:
                self._say(int(fault.how), outcome("exception"), fault)

        def _say(self, status: int, told: Resource, fault: Fault | None = None) -> None:
            body = (fault and fault.body) or json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(server.at, usegmt=True))
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (fault.headers if fault else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Answering
