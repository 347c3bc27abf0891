"""
Signing in and out, as the browser asks for it. Streamlit speaks to the provider and signs the cookie; what it answers
is completed here: when a sign-in began, when it was last touched, that it is over, and where its person wanted to go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Message, Send
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard import reading
from dashboard.access_log import note
from dashboard.admission import NOBODY, Admission, Person
from dashboard.cookies import SLIP, WANTED, claims_of, slip_of, slip_written
from dashboard.door_pages import sign_in_page
from dashboard.sign_ins import Slip, sign_in_id
from storage.errors import StoreError

UNSIGNED: Final = 401
LATER: Final = 503
UNKEPT: Final = {"Cache-Control": "no-store"}
WANTED_SECONDS: Final = 600
THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True)
class Told:
    """What the door goes by: `secret` signs cookies, `address` is where readers reach us, `paths` are the pages."""

    admission: Admission
    secret: str
    address: str
    paths: frozenset[str]

    @property
    def secure(self) -> bool:
        return self.address.startswith("https://")


class WaysIn:
    def __init__(self, told: Told) -> None:
        self.told, self.sign_ins = told, told.admission.sign_ins

    def claims(self, asked: HTTPConnection) -> dict[str, Any]:
        return claims_of(asked.cookies, self.told.secret)

    async def person(self, asked: HTTPConnection) -> Person | StoreError:
        claims = self.claims(asked)
        if not claims.get("sub"):
            return NOBODY
        if slip := slip_of(asked.cookies, sign_in_id(claims), self.told.secret):
            self.sign_ins.recall(sign_in_id(claims), slip)
        try:
            return await run_in_threadpool(lambda: self.told.admission.of(claims, reading.store(), now=_now()))
        except StoreError as error:
            return error

    def to_sign_in(self, asked: HTTPConnection) -> Response:
        """Where they wanted to go is kept in the browser for as long as signing in takes."""
        answer = RedirectResponse("/sign-in", 303, UNKEPT)
        wanted = f"{asked.url.path}?{asked.url.query}" if asked.url.query else asked.url.path
        answer.set_cookie(WANTED, wanted.encode().hex(), max_age=WANTED_SECONDS, **self._flags())
        return answer

    async def page(self, asked: HTTPConnection) -> Response:
        return sign_in_page(self.told.admission.told, asked.query_params.get("why", ""))

    async def begin(self, asked: HTTPConnection) -> Response:
        """On this machine itself two names lead here, and the provider leads back to one: begin under that one."""
        wanted, here = urlsplit(self.told.address), asked.url
        if {wanted.hostname, here.hostname} == THIS_MACHINE:
            return RedirectResponse(f"{self.told.address}/sign-in/begin", 303)
        return RedirectResponse(generate_login_redirect_url("default"), 303, UNKEPT)

    async def touched(self, asked: HTTPConnection) -> Response:
        """POST: somebody moved or typed, and the sign-in lives on. GET: whether it still lives."""
        person = await self.person(asked)
        if isinstance(person, StoreError):
            return PlainTextResponse("store unreachable", LATER)
        if person.turned:
            return PlainTextResponse("not signed in", UNSIGNED)
        answer = Response(status_code=204, headers=UNKEPT)
        if asked.scope["method"] == "POST":
            self.sign_ins.touch(person.sign_in, _now())
            self._keep(answer, person.sign_in)
        return answer

    async def locked(self, asked: HTTPConnection) -> Response:
        """
        A page closed itself: signed out here, and not at the provider, where other programs are signed in too. The
        provider is asked to make sure of the person the next time (`prompt`).
        """
        self._end(asked)
        answer = sign_in_page(self.told.admission.told, "idle")
        for name in (SLIP, *(cookie for cookie in asked.cookies if cookie.startswith(USER_COOKIE_NAME))):
            answer.delete_cookie(name, **self._flags())
        return answer

    async def come_back(self, asked: HTTPConnection) -> Response:
        """From signing out at the provider. Streamlit would take it for somebody who comes in, and warn of a replay."""
        return RedirectResponse("/sign-in?why=out", 303, UNKEPT)

    def called_back(self, asked: HTTPConnection, send: Send) -> Send:
        return _heading(send, lambda headers: self._back(asked, headers))

    def left(self, asked: HTTPConnection, send: Send) -> Send:
        self._end(asked)
        gone = Response()
        gone.delete_cookie(SLIP, **self._flags())
        return _heading(send, lambda headers: _add(headers, gone))

    def sent_off(self, asked: HTTPConnection, send: Send) -> Send:
        """To the provider; where that does not answer, a page says so instead of two words."""
        silent = False

        async def answered(message: Message) -> None:
            nonlocal silent
            if message["type"] == "http.response.start" and message["status"] >= 400:
                silent = True
                await RedirectResponse("/sign-in?why=silent", 303)(asked.scope, _nothing, send)
            elif not silent:
                await send(message)

        return answered

    def _back(self, asked: HTTPConnection, headers: MutableHeaders) -> None:
        """From the provider: the sign-in begins, the one before it ends, and on it goes to where they wanted to go."""
        claims = claims_of(_set(headers), self.told.secret)
        if not claims.get("sub"):
            headers["Location"] = "/sign-in?why=failed"
            return
        self._end(asked)
        self.sign_ins.begin(sign_in_id(claims), _now())
        extra = Response()
        self._keep(extra, sign_in_id(claims))
        extra.delete_cookie(WANTED, **self._flags())
        _add(headers, extra)
        headers["Location"] = wanted(asked.cookies.get(WANTED, ""), self.told.paths)
        self._noted(claims, "signed in")

    def _end(self, asked: HTTPConnection) -> None:
        claims = self.claims(asked)
        if claims.get("sub") and not self.sign_ins.has_ended(sign_in_id(claims)):
            self.sign_ins.end(sign_in_id(claims), _now())
            self._noted(claims, "signed out")

    def _noted(self, claims: Mapping[str, Any], what: str) -> None:
        """Under what all else in the access log names them by; no other request waits until the store has said it."""
        at = _now()

        def write() -> None:
            try:
                who, called = self.told.admission.named(claims, reading.store(), now=at)
            except Exception:  # whatever it is: that they came is written down
                who, called = str(claims["sub"]), ""
            note(at, who, f"{what} as {called}" if called not in ("", who) else what)

        Thread(target=write).start()

    def _keep(self, answer: Response, name: str) -> None:
        slip: Slip | None = self.sign_ins.slip(name)
        if slip:
            answer.set_cookie(SLIP, slip_written(name, slip, self.told.secret), **self._flags())

    def _flags(self) -> dict[str, Any]:
        return {"httponly": True, "samesite": "lax", "path": "/", "secure": self.told.secure}


def wanted(kept: str, paths: frozenset[str]) -> str:
    """Where somebody wanted to go before signing in: one of our own pages, or the first of them."""
    try:
        told = bytes.fromhex(kept).decode()
    except ValueError:
        return "/"
    return told if urlsplit(told).path in paths and told.startswith("/") and not told.startswith("//") else "/"


def secured(send: Send) -> Send:
    """Over https every cookie stays there, Streamlit's own too."""

    def mark(headers: MutableHeaders) -> None:
        kept = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in kept:
            headers.append("set-cookie", cookie if "secure" in cookie.lower().split("; ") else f"{cookie}; Secure")

    return _heading(send, mark)


def unkept(send: Send) -> Send:
    """No cache in between, nor the browser's own, keeps what somebody saw."""
    return _heading(send, lambda headers: headers.update(UNKEPT))


def _heading(send: Send, change: Callable[[MutableHeaders], object]) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            change(MutableHeaders(scope=message))
        await send(message)

    return headed


def _add(headers: MutableHeaders, extra: Response) -> None:
    for cookie in extra.headers.getlist("set-cookie"):
        headers.append("set-cookie", cookie)


def _set(headers: MutableHeaders) -> dict[str, str]:
    """The cookies that an answer sets."""
    told: SimpleCookie = SimpleCookie()
    for cookie in headers.getlist("set-cookie"):
        told.load(cookie)
    return {name: one.value for name, one in told.items()}


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _now() -> datetime:
    return datetime.now(UTC)
