"""
Bulk export: the server writes files of all that is new, and they are fetched when they are ready.

How far an export has come is kept, so that another process goes on with it: the address of the job while the server
works, and the server's own moment of the last export once all its files are stored.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from monitoring.fhir.nodes import Node, children, text
from monitoring.fhir_server.asking import FHIR, NDJSON, Asking
from monitoring.fhir_server.pages import moment
from monitoring.fhir_server.signing_in import fields
from monitoring.fhir_server.troubles import RefusedError, UnreachableError
from monitoring.raw_files import RawFile

JOB, SINCE = "export:job", "export:since"
BESIDE = ("Medication", "Specimen", "Location")
TYPES = (*BESIDE, "Patient", "Encounter", "Condition", "MedicationAdministration", "Procedure", "Observation")
REFERENCE = re.compile(rb'"reference"\s*:\s*"(?:[^"]*/)?((?:Medication|Specimen|Location)/[A-Za-z0-9.-]{1,64})"')
PART_BYTES = 4 * 2**20
GONE = frozenset((404, 410))
WORKING = 202
ELSEWHERE = "source {}: the server names a place for its export where nothing is asked, unless its url says so."
NO_PLACE = "source {}: the server accepted an export and did not say where it can be asked for."
NO_LIST = "source {}: the server says that its export is ready and does not list its files."
FAILED = "The last export says that it could not write everything; look into the server's own log."


@dataclass
class Export:
    """Of the source `asking.told`. `marks`: how far the last export came. `trouble`: what the server left out of it."""

    asking: Asking
    marks: Mapping[str, str]
    trouble: str = ""
    count: int = 0
    beside: dict[bytes, bytes] = field(default_factory=dict)

    def started(self) -> str:
        """The address of the job that runs, begun now where none does. Raises ServerError."""
        if self.marks.get(JOB):
            return self.marks[JOB]
        since = moment(self.marks.get(SINCE, ""))
        params = {"_outputFormat": NDJSON, "_type": ",".join(TYPES)} | ({"_since": since.isoformat()} if since else {})
        group = self.asking.told.group.removeprefix("Group/")
        url = self.asking.base.below(f"Group/{group}/$export" if group else "$export").copy_merge_params(params)
        response = self.asking.job(url, "an export", Accept=FHIR, Prefer="respond-async")
        return str(self._inside(url, response.headers.get("content-location", "")))

    def manifest(self, job: str) -> dict[str, Any]:
        """What was written; {} while the server still works. Raises ServerError."""
        patience, waited, wait = self.asking.patience, 0.0, self.asking.patience.first_seconds
        while True:
            response = self.asking.job(httpx.URL(job), "its export", Accept="application/json")
            if response.status_code != WORKING:
                return self._written(fields(response))
            asked = response.headers.get("retry-after", "")
            wait = float(asked) if asked.isdecimal() else min(2 * wait, patience.most_seconds)
            if waited + wait > patience.asked_seconds:
                return {}
            time.sleep(wait)
            waited += wait

    def files(self, manifest: Node, now: datetime) -> Iterator[RawFile]:
        """In parts that end with a line, those first that others are read by; then what was deleted."""
        self.trouble = FAILED if children(manifest, "error") else ""
        signed = manifest.get("requiresAccessToken") is not False
        told = sorted(children(manifest, "output"), key=lambda one: _order(text(one, "type")))
        for one in [*told, *children(manifest, "deleted")]:
            kind = text(one, "type")
            for part in self._parts(one, kind, signed=signed):
                if kind in BESIDE:
                    self._keep(kind, part)
                    continue
                self.count += 1
                name = f"{kind or 'deleted'} export {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} part {self.count}"
                yield RawFile(name, self._with_beside(part))

    def done(self, manifest: Node) -> dict[str, str]:
        """The marks once every file is stored."""
        at = text(manifest, "transactionTime")
        return {JOB: ""} | ({SINCE: at} if moment(at) else {})

    def forget(self, job: str) -> None:
        """The server need not keep the files any more; it may not offer that."""
        try:
            self.asking.job(httpx.URL(job), "the end of its export", method="DELETE", Accept=FHIR)
        except (RefusedError, UnreachableError):
            return

    def _written(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(manifest.get("output"), list):
            raise UnreachableError(NO_LIST.format(self.asking.told.name), again=False)
        return manifest

    def _parts(self, one: Node, kind: str, *, signed: bool) -> Iterator[bytes]:
        here = self.asking.base.url
        url = self._inside(here, text(one, "url")) if signed else here.join(text(one, "url"))
        held = b""
        with self.asking.streamed(url, f"the exported {kind or 'deletions'}", signed=signed) as pieces:
            for piece in pieces:
                held += piece
                end = held.rfind(b"\n") + 1
                if len(held) >= PART_BYTES and end:
                    yield held[:end]
                    held = held[end:]
        if held.strip():
            yield held

    def _keep(self, kind: str, part: bytes) -> None:
        for line in part.splitlines():
            with suppress(ValueError, RecursionError, AttributeError):
                self.beside[f"{kind}/{json.loads(line).get('id', '')}".encode()] = line

    def _with_beside(self, part: bytes) -> bytes:
        """Before it, as the answer to a search, what its resources are read by."""
        names = sorted(set(REFERENCE.findall(part)) & self.beside.keys())
        if not names:
            return part
        entries = b",".join(b'{"resource":' + self.beside[name] + b"}" for name in names)
        return b'{"resourceType":"Bundle","type":"searchset","entry":[' + entries + b"]}\n" + part

    def _inside(self, here: httpx.URL, told: str) -> httpx.URL:
        """An address that may be told who asks."""
        name = self.asking.told.name
        if not told:
            raise UnreachableError(NO_PLACE.format(name), again=False)
        url = self.asking.base.following(here, told)
        if url is None:
            raise UnreachableError(ELSEWHERE.format(name), again=False)
        return url


def _order(kind: str) -> int:
    return TYPES.index(kind) if kind in TYPES else len(TYPES)
