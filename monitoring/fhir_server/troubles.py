"""
Why a server could not be read, in one sentence without a patient's value: it goes to the log and on the screen.

SourceError
└── ServerError             any of these
    ├── UnreachableError    no answer, or none that may be trusted: nothing more is asked for now
    ├── SignInError         nothing will be answered before it is mended
    └── RefusedError        an answer to one request alone, with its status
"""

from __future__ import annotations

import re
from http import HTTPStatus

from monitoring.errors import SourceError
from monitoring.fhir.nodes import Node, children, text

ISSUE_CODE = re.compile(r"[a-z-]{1,40}")  # the words of FHIR's own list; anything longer may quote a patient
ADVICE = {
    400: "it may only answer for named patients: set patients, group, location or patient_query",
    403: "ask its administrators to let this client read them, or check the scope",
    404: "check the url of the source",
    405: "it does not offer this",
    406: "it does not speak FHIR JSON",
    410: "the page has expired",
    429: "it asks for more time between requests; raise poll_minutes",
}
LATER = "it is asked again at the next poll"


class ServerError(SourceError):
    """Base of what goes wrong with a server."""


class UnreachableError(ServerError):
    """`again`: whether another attempt may help."""

    def __init__(self, sentence: str, *, again: bool = True) -> None:
        super().__init__(sentence)
        self.again = again


class SignInError(ServerError):
    """The server or its token endpoint does not accept who asks."""


class RefusedError(ServerError):
    """`status`: that of the answer. `wait`: the seconds that the server asked for."""

    def __init__(self, sentence: str, status: int, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.status, self.wait = status, wait


def refused(source: str, asked: str, status: int, outcome: Node, wait: float | None = None) -> RefusedError:
    """`asked`: what was wanted, in words. Of the server's words only codes are told: others may name a patient."""
    codes = [code for issue in children(outcome, "issue") if ISSUE_CODE.fullmatch(code := text(issue, "code"))]
    said = f"{status} {_phrase(status)}".strip() + (f" ({', '.join(dict.fromkeys(codes))})" if codes else "")
    advice = ADVICE.get(status, LATER)
    return RefusedError(f"source {source}: the server answered {said} when asked for {asked}; {advice}.", status, wait)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
