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

from dashboard import figure_colours, reading
from dashboard.admission import LOCAL, Person
from dashboard.ahead_of_need import preloads
from dashboard.markup import HERE
from dashboard.sheets import script

PATHS: Final = ("/", "/inbox", "/patient", "/rounds", "/feed", "/research", "/people")
WITH_FIGURE: Final = "/patient"
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TITLE: Final = re.compile(r"<title>.*?</title>", re.DOTALL)
_NOSCRIPT: Final = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_PRELOADED: Final = re.compile(r'<link\s+rel="preload"[^>]*as="font"[^>]*/>', re.DOTALL)
_ICON: Final = re.compile(r'<link rel="shortcut icon"[^>]*/>')
_OUR_ICON: Final = (
    "<link rel=\"icon\" href=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<circle cx='8' cy='8' r='7' fill='white' stroke='%231d4ed8' stroke-width='2'/>"
    "<path d='M1 8a7 7 0 0 0 14 0z' fill='%231d4ed8'/></svg>\">"
)
_AGENT: Final = re.compile(r'<link rel="service-desc"[^>]*/>')
_SERVER: Final = (
    '<script>window.__streamlit = { BACKEND_BASE_URL: location.origin + "/", '
    'MAIN_PAGE_BASE_URL: location.origin + "/" }</script>'
)
_STATIC: Final = HERE / "static"
_NO_SCRIPT: Final = "<noscript><p>maswatch needs JavaScript, from this server alone, to show the ward.</p></noscript>"


@cache
def front_page(idle_seconds: float = 0, *, figure: bool = False) -> str:
    """`idle_seconds`: after so long without a touch the page empties itself; 0 for never. `figure`: it shows one."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    page = _ICON.sub(lambda _: _OUR_ICON, page)
    page = page.replace("</head>", f"{preloads(page, figure=figure)}</head>")
    page = _TITLE.sub(lambda _: f"<title>maswatch</title>{_SERVER}{_idle(idle_seconds)}{_colours()}", page)
    page = _AGENT.sub("", _PRELOADED.sub("", _NOSCRIPT.sub(_NO_SCRIPT, page)))
    opening = (HERE / "templates" / "opening.html").read_text(encoding="utf-8")
    return page.replace('<div id="root"></div>', f'<div id="root">{opening}</div>{_looks()}<script>{script()}</script>')


def _looks() -> str:
    """How our views look; behind Streamlit's own styles, so that where both speak ours holds."""
    return f"<style>{_told('dashboard.css')}{_told('narrow.css')}</style>"


def _colours() -> str:
    """Colours and what chooses them, there before the first view is."""
    sheets = (_told("theme.css"), _told("wall.css"))
    figures = (f'<style data-figure="{name}" media="not all">{told}</style>' for name, told in figure_colours.styles())
    return f"<style>{''.join(sheets)}</style>{''.join(figures)}<script>{_told('theme.js')}</script>"


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
    page = front_page(idle, figure=request.url.path == WITH_FIGURE)
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})
