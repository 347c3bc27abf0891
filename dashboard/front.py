"""
The page that every address answers with: Streamlit's own, with our name on it and told where its server is.

Without being told, it asks /patient/_stcore/health first whenever a link to a view is opened, and only then the right
place: a round trip, and two errors in the browser's log. What stands in it until the first view is drawn is ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard import reading
from dashboard.admission import LOCAL, Person
from dashboard.markup import HERE

PATHS: Final = ("/", "/inbox", "/patient", "/rounds", "/feed", "/research", "/people")
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TITLE: Final = re.compile(r"<title>.*?</title>", re.DOTALL)
_NOSCRIPT: Final = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_PRELOADED: Final = re.compile(r'<link\s+rel="preload"[^>]*as="font"[^>]*/>', re.DOTALL)
_AGENT: Final = re.compile(r'<link rel="service-desc"[^>]*/>')
_SERVER: Final = (
    '<script>window.__streamlit = { BACKEND_BASE_URL: location.origin + "/", '
    'MAIN_PAGE_BASE_URL: location.origin + "/" }</script>'
)
_STATIC: Final = HERE / "static"
_NO_SCRIPT: Final = "<noscript><p>maswatch needs JavaScript, from this server alone, to show the ward.</p></noscript>"


@cache
def front_page(idle_seconds: float = 0) -> str:
    """`idle_seconds`: after so long without a touch the page empties itself; 0 for never."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    page = _TITLE.sub(lambda _: f"<title>maswatch</title>{_SERVER}{_idle(idle_seconds)}{_colours()}", page)
    page = _AGENT.sub("", _PRELOADED.sub("", _NOSCRIPT.sub(_NO_SCRIPT, page)))
    return page.replace(
        '<div id="root"></div>',
        f'<div id="root">{(HERE / "templates" / "opening.html").read_text(encoding="utf-8")}</div>',
    )


def _colours() -> str:
    """Colours and what chooses them, there before the first view is."""
    sheets = (_told("theme.css"), _told("wall.css"))
    return f"<style>{''.join(sheets)}</style><script>{_told('theme.js')}</script>"


def _idle(seconds: float) -> str:
    meta = f'<meta name="maswatch-idle" content="{seconds:g}">' if seconds else ""
    return f"{meta}<script>{_told('idle.js')}</script>"


def _told(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def script_hashes() -> list[str]:
    """Hashes of the scripts that stand in the page, for the content policy."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(front_page()))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def routes() -> list[Route]:
    return [Route(path, answer) for path in PATHS]


def answer(request: Request) -> Response:
    person: Person = request.scope.get("person", LOCAL)
    idle = 0.0 if person.local or person.kiosk else reading.settings().sign_in.idle_minutes * 60
    return HTMLResponse(front_page(idle), headers={"Cache-Control": "no-cache"})
