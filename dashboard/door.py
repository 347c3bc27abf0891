"""
The door in front of everything: whoever is not signed in gets a page to sign in on, and nothing else from anywhere.

It looks before Streamlit sees a request: at pages, files that are asked for, uploads and the stream that pages are
drawn through. Pages look once more by themselves, on every run. Streamlit's own way to hand out files stays shut: ours
is in handing_out.py.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.admission import Person
from dashboard.door_pages import store_page, unknown_page
from dashboard.ways_in import LATER, UNSIGNED, Told, WaysIn, secured, unkept
from storage.errors import StoreError

OPEN: Final = frozenset({"/healthz", "/metrics", "/_stcore/health", "/_stcore/host-config", "/favicon.png"})
OPEN_BELOW: Final = ("/static/",)  # Streamlit's own scripts and fonts
BACK: Final = "/oauth2callback"
UNUSED: Final = "/media/"
REFUSED: Final = 403
POLICY: Final = 1008


class Door:
    """ASGI middleware; without a provider it stands open."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self.app, self.told, self.ways = app, told, WaysIn(told)
        ways = self.ways
        self.ours = {
            "/sign-in": ways.page,
            "/sign-in/begin": ways.begin,
            "/touched": ways.touched,
            "/locked": ways.locked,
        }
        self.theirs = {BACK: ways.called_back, "/auth/login": ways.sent_off, "/auth/logout": ways.left}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self.told.admission.asks:
            return await self.app(scope, receive, send)
        asked = HTTPConnection(scope)
        if scope["type"] == "websocket":
            return await self._stream(asked, receive, send)
        send = secured(send) if self.told.secure else send
        path = asked.url.path
        if path in self.ours:
            return await (await self.ours[path](asked))(scope, receive, send)
        if path == BACK and not {"code", "error"} & {*asked.query_params}:
            return await (await self.ways.come_back(asked))(scope, receive, send)
        if path in self.theirs:
            return await self.app(scope, receive, self.theirs[path](asked, send))
        if path in OPEN or path.startswith(OPEN_BELOW):
            return await self.app(scope, receive, send)
        return await self._rest(asked, receive, unkept(send))

    async def _stream(self, asked: HTTPConnection, receive: Receive, send: Send) -> None:
        person = await self.ways.person(asked)
        if isinstance(person, Person) and not person.turned:
            return await self.app(asked.scope, receive, send)
        await receive()
        return await send({"type": "websocket.close", "code": POLICY, "reason": ""})

    async def _rest(self, asked: HTTPConnection, receive: Receive, send: Send) -> None:
        person = await self.ways.person(asked)
        answer = self._refusal(asked, person)
        if answer is not None:
            return await answer(asked.scope, receive, send)
        asked.scope["person"] = person
        return await self.app(asked.scope, receive, send)

    def _refusal(self, asked: HTTPConnection, person: Person | StoreError) -> Response | None:
        """Why there is no further, as a page for a reader and in a word for a program; None for who may pass."""
        path, reads = asked.url.path, asked.scope["method"] == "GET" and asked.url.path in self.told.paths
        if isinstance(person, StoreError):
            return store_page(str(person)) if reads else PlainTextResponse("store unreachable", LATER)
        if person.turned in ("nobody", "idle"):
            return self.ways.to_sign_in(asked) if reads else PlainTextResponse("not signed in", UNSIGNED)
        if person.turned:
            page = unknown_page(self.ways.claims(asked), self.told.admission.told)
            return page if reads else PlainTextResponse("no role here", REFUSED)
        if path.startswith(UNUSED):
            return PlainTextResponse("nothing is handed out here", REFUSED)
        return None
