"""
The ASGI app: Streamlit with /healthz and /metrics beside it, the door in front, and headers that keep the page here.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import access_log, front, gauging, handing_out, metrics, reading, who
from dashboard.admission import Admission
from dashboard.cookies import own_secret
from dashboard.door import Door
from dashboard.left_pages import LeftPages
from dashboard.shell import say_failed
from dashboard.ways_in import Told
from monitoring.memory import give_back
from monitoring.settings import Settings, name_certificates

# A page is many short steps; while the ward is judged beside it, each would wait for Python's usual 5 ms.
TURN_SECONDS: Final = 0.001
APP: Final = Path(__file__).with_name("app.py")


def application(settings: Settings) -> st.App:
    """The dashboard of this site's store, as an ASGI app."""
    reading.use(settings)
    sys.setswitchinterval(TURN_SECONDS)
    give_back()
    reading.keep_judged(lambda: datetime.now(UTC))
    access_log.keep_writing()
    name_certificates()  # for Streamlit's own client, which asks the provider
    admission = Admission(settings.sign_in)
    who.use(admission)
    secret = own_secret(settings.data_dir) if admission.asks else ""
    door = Told(admission, secret, settings.dashboard.url.rstrip("/"), frozenset(front.PATHS))
    logging.getLogger("streamlit.error_util").disabled = True  # it logs values; say_failed logs the same without them
    return st.App(
        APP,
        secrets=provider_told(settings, secret),
        routes=[Route("/healthz", healthz), Route("/metrics", prometheus), *handing_out.routes(), *front.routes()],
        middleware=[Middleware(Sealed, policy=content_policy()), Middleware(Door, told=door), Middleware(LeftPages)],
        on_script_error=say_failed,
    )


def provider_told(settings: Settings, secret: str) -> dict[str, Any] | None:
    """How Streamlit is to ask the provider; kept in memory, no file is written."""
    told = settings.sign_in
    if not told.provider:
        return None
    return {
        "auth": {
            "redirect_uri": f"{settings.dashboard.url.rstrip('/')}/oauth2callback",
            "cookie_secret": secret,
            "client_id": told.client_id,
            "client_secret": told.secret,
            "server_metadata_url": told.described_at,
            "client_kwargs": {"scope": "openid email profile", "prompt": told.prompt},
        }
    }


def healthz(request: Request) -> Response:
    feed = reading.feed(datetime.now(UTC))
    return JSONResponse(feed.shape(), status_code=503 if feed.status == "failing" else 200)


def prometheus(request: Request) -> Response:
    now = datetime.now(UTC)
    return Response(metrics.text(gauging.gauges(now, unwritten=access_log.waiting())), media_type=metrics.CONTENT_TYPE)


def content_policy() -> str:
    """Everything from this host alone. Styles are inline because Streamlit's are; scripts only those it ships."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {' '.join(front.script_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class Sealed:
    """Adds the security headers to every answer. What a person sees of a patient is not kept by caches in between."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, sealed)
