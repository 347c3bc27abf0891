"""The few pages of the door: to sign in on, for somebody unknown, for a store that cannot say who may enter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import HTMLResponse

from dashboard.admission import called_by, subjects
from dashboard.markup import HERE, page
from monitoring.settings_parts import SignIn

WHY: Final[Mapping[str, str]] = {
    "out": "You are signed out.",
    "idle": "Nobody touched the page, so it closed itself. What was shown on it is gone.",
    "failed": "The sign-in provider did not let you in. Try again, or ask whoever looks after your account.",
    "silent": "The sign-in provider does not answer, so nobody can sign in now. What is taken in and judged goes on.",
}
NOBODY_NAMED: Final = "whoever looks after maswatch here"


def sign_in_page(told: SignIn, why: str) -> HTMLResponse:
    minutes = f"{told.idle_minutes:g} minutes" if told.idle_minutes != 1 else "a minute"
    sentences = [WHY[why]] if why in WHY else []
    return _page(
        "Sign in to see the ward",
        *sentences,
        href="/sign-in/begin",
        does="Sign in",
        small=f"A page that nobody touches for {minutes} closes itself and signs you out. {_helps(told)}",
    )


def _helps(told: SignIn) -> str:
    """Whom to ask, where a site has named somebody."""
    return f"If you cannot sign in, ask {told.contact}." if told.contact else ""


def unknown_page(claims: Mapping[str, Any], told: SignIn) -> HTMLResponse:
    """Signed in and not registered: whom to ask, and by what name they are to be registered."""
    known_by = " or ".join(subjects(claims, told)[::-1]) or "nothing that maswatch can know you by"
    return _page(
        "You have no role here yet",
        f"You are signed in as {called_by(claims)}, and nothing about any patient is shown to you.",
        f"Ask {told.contact or NOBODY_NAMED} to let you in; they need this: {known_by}. Then load this page again.",
        href="/auth/logout",
        does="Sign out",
        status=403,
    )


def store_page(sentence: str) -> HTMLResponse:
    return _page(
        "The store cannot be read",
        sentence,
        "It also says who may see what, so nothing is shown until it answers. Nothing that was taken in is lost.",
        href="/",
        does="Try again",
        status=503,
    )


def _page(title: str, *sentences: str, status: int = 200, **more: str) -> HTMLResponse:
    told = {"href": "", "does": "", "small": "", **more}
    html = page("door.html", title=title, sentences=sentences, **told, **_look())
    return HTMLResponse(str(html), status, {"Cache-Control": "no-store"})


@cache
def _look() -> dict[str, Markup]:
    names = {"colours": "theme.css", "style": "door.css", "script": "theme.js"}
    return {name: Markup((HERE / "static" / file).read_text(encoding="utf-8")) for name, file in names.items()}
