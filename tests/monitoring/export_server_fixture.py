"""A server on a real socket that offers nothing but bulk export: job, status, files, what was deleted, its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.monitoring.fhir_server_fixture import answered_by

Resource = dict[str, Any]
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
Answer = tuple[int, bytes, dict[str, str]]


@dataclass
class ExportServer:
    """`working`: how often a job is still at it when it is asked. `breaks`: how many files are cut in their middle."""

    at: datetime = START
    working: int = 1
    breaks: int = 0
    resources: list[tuple[datetime, Resource]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    preferred: list[str] = field(default_factory=list)
    url: str = ""

    def put(self, resource: Resource) -> None:
        meta = {"lastUpdated": self.at.isoformat(timespec="milliseconds")}
        self.resources.append((self.at, {**resource, "meta": meta}))
        self.at += timedelta(seconds=1)

    def answers(self, method: str, path: str, params: dict[str, str]) -> Answer:
        if path == "/fhir/metadata":
            return 200, json.dumps({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}).encode(), {}
        if path.endswith("$export"):
            name = f"job{len(self.jobs) + 1}"
            self.jobs[name], self.left[name] = params, self.working
            return 202, b"", {"Content-Location": f"{self.url}/jobs/{name}"}
        name, *rest = path.removeprefix("/fhir/jobs/").split("/")
        if name not in self.jobs:
            return 404, b"{}", {}
        if method == "DELETE":
            del self.jobs[name]
            return 202, b"", {}
        return self._file(name, rest[0]) if rest else self._status(name)

    def _status(self, name: str) -> Answer:
        if self.left[name]:
            self.left[name] -= 1
            return 202, b"", {"Retry-After": "0", "X-Progress": "halfway"}
        kinds = dict.fromkeys(one["resourceType"] for one in self._wanted(name))
        output = [{"type": kind, "url": f"{self.url}/jobs/{name}/{kind}"} for kind in kinds]
        gone = [{"type": "Bundle", "url": f"{self.url}/jobs/{name}/deleted"}] if self.deleted else []
        told = {
            "transactionTime": self.at.isoformat(), "requiresAccessToken": True, "output": output, "deleted": gone,
            "error": [],
        }  # fmt: skip
        return 200, json.dumps(told).encode(), {}

    def _file(self, name: str, kind: str) -> Answer:
        told = [one for one in self._wanted(name) if one["resourceType"] == kind]
        if kind == "deleted":
            entries = [{"request": {"method": "DELETE", "url": one}} for one in self.deleted]
            told = [{"resourceType": "Bundle", "type": "transaction", "entry": entries}]
        return 200, b"".join(json.dumps(one).encode() + b"\n" for one in told), {}

    def _wanted(self, name: str) -> list[Resource]:
        since = self.jobs[name].get("_since", "")
        return [one for at, one in self.resources if not since or at >= datetime.fromisoformat(since)]


@contextmanager
def exporting(**told: Any) -> Iterator[ExportServer]:
    """On a free port of this machine."""
    server = ExportServer(**told)
    with answered_by(_answering(server)) as server.url:
        yield server


def _answering(server: ExportServer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def log_message(self, *told: Any) -> None:
            """Nothing on the screen."""

        def do_GET(self) -> None:
            self._answer("GET")

        def do_DELETE(self) -> None:
            self._answer("DELETE")

        def _answer(self, method: str) -> None:
            url = urlsplit(self.path)
            server.asked.append(f"{method} {url.path}")
            if url.path.endswith("$export"):
                server.preferred.append(self.headers.get("Prefer", ""))
            status, body, headers = server.answers(method, url.path, dict(parse_qsl(url.query)))
            cut = bool(server.breaks and url.path.endswith("/Observation"))
            server.breaks -= cut
            self.send_response_only(status)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = cut

    return Answering
