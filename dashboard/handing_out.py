"""
Where files are asked for: POST /take, with the word that a page was told. Whoever asks is looked at again by the door,
what they take is written down before they have it, and nobody else can ask by that word. Imports no streamlit.
"""

from __future__ import annotations

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.access_log import note, write_now
from dashboard.admission import LOCAL, Person
from dashboard.asked_once import one_run
from dashboard.offers import OFFERS, Offered
from dashboard.views.now import now
from dashboard.ways_in import LATER, UNKEPT
from monitoring.errors import AnswerRefused
from monitoring.logs import without_values
from storage.errors import StoreError

PATH: Final = "/take"
WORD: Final = "X-Maswatch-Take"  # a header, not a part of the address: proxies write addresses down
REFUSED: Final = 403
GONE: Final = 410
FAULT: Final = 500
NOT_YOURS: Final = "This was offered to somebody else. Load the page anew and press again."
NOT_ALLOWED: Final = "You are signed out, or your role no longer lets you take this."
FORGOTTEN: Final = "The server no longer knows what was shown here. Load the page anew and press again."
UNWRITTEN: Final = "The access log cannot be written now, so nothing is handed out. Try again in a minute."
FAILED: Final = "The file could not be made; the log says where."
log = logging.getLogger(__name__)


def routes() -> list[Route]:
    return [Route(PATH, take, methods=["POST"])]


def take(request: Request) -> Response:
    """The file, or in one sentence why not. In a thread of its own: a file may take a while."""
    person: Person = request.scope.get("person", LOCAL)
    offered = OFFERS.of(request.headers.get(WORD, ""), now=now())
    if offered is None:
        return _said(FORGOTTEN, GONE)
    if offered.subject != person.subject:
        return _said(NOT_YOURS, REFUSED)
    if not person.may(offered.offer.right):
        return _said(NOT_ALLOWED, REFUSED)
    try:
        with one_run():
            return _file(offered)
    except AnswerRefused as error:
        return _said(str(error), GONE)
    except StoreError as error:
        log.error("a file could not be made: %s", type(error).__name__)
        return _said(str(error), LATER)
    except Exception as error:  # its words may quote a value
        log.error("a file could not be made:\n%s", without_values(error))
        return _said(FAILED, FAULT)


def _file(offered: Offered) -> Response:
    at = now()
    file = offered.offer.find(*offered.offer.asked, now=at)
    note(at, offered.called, file.what, file.patients)
    if not write_now():
        return _said(UNWRITTEN, LATER)
    headers = UNKEPT | {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.make(), media_type=file.mime, headers=headers)


def _said(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status, UNKEPT)
