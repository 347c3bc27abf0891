"""The door in front of Streamlit: what it lets through, to whom, and what it answers everybody else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from dashboard import access_log, front, reading
from dashboard.admission import Admission
from dashboard.cookies import slip_written
from dashboard.door import Door
from dashboard.sign_ins import Slip, sign_in_id
from dashboard.ways_in import Told
from monitoring import people
from monitoring.settings import Settings
from monitoring.settings_parts import SignIn
from storage.accesses import accesses
from storage.engine import open_store

SECRET = "a secret of forty characters, as ours are"
HERE = "https://mas.example"
CLAIMS = {"iss": "https://idp.example", "sub": "cleo", "iat": 1, "nonce": "a", "name": "Cleo"}
NOW = datetime.now(UTC)
CLOSED = ("/", "/patient?patient=P-0007", "/people", "/take", "/media/one.csv", "/_stcore/metrics", "/anything")


def inside(request: Request) -> Response:
    return PlainTextResponse("inside")


def called_back(request: Request) -> Response:
    """As Streamlit answers when the provider has vouched for somebody, or has not."""
    answer = RedirectResponse("/", 302)
    if request.query_params.get("code") == "good":
        answer.set_cookie("_streamlit_user", user_cookie(CLAIMS | {"nonce": "new"}), httponly=True)
    return answer


def user_cookie(claims: Mapping[str, Any]) -> str:
    return create_signed_value(SECRET, "_streamlit_user", json.dumps(claims)).decode()


def brought(claims: Mapping[str, Any] = CLAIMS, *, touched: timedelta = timedelta()) -> dict[str, str]:
    """The cookies of somebody whose page was last touched so long ago."""
    at = datetime.now(UTC) - touched  # not NOW: when a long run comes here, that is as long ago as a sign-in lasts
    slip = Slip(at, at)
    return {
        "_streamlit_user": user_cookie(claims),
        "maswatch_touched": slip_written(sign_in_id(claims), slip, SECRET),
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Cleo is a clinician."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("door"))
    reading.use(settings)
    store = open_store(settings.database_url)
    people.add(store, "cleo", name="Cleo", role="clinician", by="cli", now=NOW - timedelta(hours=1))
    store.close()
    admission = Admission(SignIn(provider="https://idp.example", client_id="m", contact="the ward office"))
    yield Told(admission, SECRET, HERE, frozenset(front.PATHS))
    reading.store().close()


class Client:
    """Asks the door, and what is behind it, over ASGI."""

    def __init__(self, told: Told) -> None:
        routes = [Route("/oauth2callback", called_back), Route("/{path:path}", inside, methods=["GET", "PUT", "POST"])]
        self.app = Starlette(routes=routes, middleware=[Middleware(Door, told=told)])

    async def ask(self, method: str, path: str, cookies: Mapping[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=header) as client:
            return await client.request(method, path)


@pytest.fixture
def ask(told: Told) -> Any:

    client = Client(told)
    return lambda path, cookies=None, method="GET": asyncio.run(client.ask(method, path, cookies or {}))


@pytest.mark.parametrize("path", CLOSED)
def test_nobody_gets_past_it_without_a_cookie_that_we_signed(ask: Any, path: str) -> None:
    for cookies in ({}, {"_streamlit_user": "forged"}, brought() | {"maswatch_touched": "forged"}):
        answer = ask(path, cookies)
        assert answer.status_code in (303, 401)
        assert "inside" not in answer.text
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/_stcore/health", "/static/js/index.js"])
def test_what_tells_nothing_of_patients_stays_open(ask: Any, path: str) -> None:
    assert ask(path).text == "inside"


def test_whoever_is_signed_in_gets_pages_and_can_ask_for_files_in_our_way_alone(ask: Any) -> None:
    assert ask("/patient", brought()).text == "inside"
    assert ask("/take", brought(), "POST").text == "inside"
    refused = ask("/media/one.csv", brought())
    assert (refused.status_code, refused.text) == (403, "nothing is handed out here")


def test_whom_to_ask_stands_where_somebody_is_kept_out(ask: Any) -> None:
    assert "If you cannot sign in, ask the ward office." in ask("/sign-in").text
    stranger = ask("/", brought(CLAIMS | {"sub": "eve", "name": "Eve"}))
    assert stranger.status_code == 403
    assert "Ask the ward office to let you in; they need this: eve. Then load this page again." in stranger.text


def test_a_sign_in_that_nobody_touched_is_over_for_pages_and_files(ask: Any) -> None:
    late = brought(CLAIMS | {"nonce": "late"}, touched=timedelta(minutes=16))
    assert ask("/patient", late).headers["location"] == "/sign-in"
    assert ask("/take", late, "POST").status_code == 401
    assert ask("/touched", late, "POST").status_code == 401


def test_touching_a_page_writes_a_new_slip(ask: Any) -> None:
    answer = ask("/touched", brought(), "POST")
    assert answer.status_code == 204
    assert "maswatch_touched=" in answer.headers["set-cookie"]
    assert "set-cookie" not in ask("/touched", brought()).headers


def test_somebody_without_a_role_is_told_whom_to_ask_and_by_what_name(ask: Any) -> None:
    eve = brought(CLAIMS | {"sub": "eve-1", "name": "Eve"})
    answer = ask("/patient?patient=P-0007", eve)
    assert answer.status_code == 403
    for words in ("You are signed in as Eve", "Ask the ward office", "eve-1"):
        assert words in answer.text
    assert "P-0007" not in answer.text
    assert ask("/take", eve, "POST").text == "no role here"


def test_the_way_back_from_the_provider_begins_a_sign_in_ends_the_one_before_and_goes_on(ask: Any, told: Told) -> None:
    old = CLAIMS | {"nonce": "old"}
    wanted = ask("/patient?patient=P-0007").cookies["maswatch_wanted"]
    answer = ask("/oauth2callback?code=good&state=s", brought(old) | {"maswatch_wanted": wanted})
    assert answer.headers["location"] == "/patient?patient=P-0007"
    assert ask("/patient", brought(old)).status_code == 303
    new = {
        "_streamlit_user": user_cookie(CLAIMS | {"nonce": "new"}),
        "maswatch_touched": answer.cookies["maswatch_touched"],
    }
    assert ask("/patient", new).text == "inside"


@pytest.mark.parametrize(
    ("query", "where"),
    [("code=bad&state=s", "failed"), ("error=access_denied", "failed"), ("", "out")],
)
def test_the_way_back_without_anybody_says_why(ask: Any, query: str, where: str) -> None:
    assert ask(f"/oauth2callback?{query}").headers["location"] == f"/sign-in?why={where}"


@pytest.mark.parametrize("path", ["/auth/logout", "/locked"])
def test_leaving_ends_the_sign_in_for_every_copy_of_its_cookie(ask: Any, path: str) -> None:
    mine = brought(CLAIMS | {"nonce": path})
    assert ask("/", mine).text == "inside"
    ask(path, mine)
    assert ask("/", mine).status_code == 303
    assert ask("/take", mine, "POST").status_code == 401


def test_who_comes_and_goes_stands_in_the_access_log_by_what_the_store_names_them(ask: Any) -> None:
    address = "noa@hospital.example"
    people.add(reading.store(), address, name="Noa Berg", role="viewer", by="cli", now=NOW - timedelta(hours=1))
    ask("/auth/logout", brought(CLAIMS | {"sub": "f81d4fae", "email": address, "email_verified": True}))
    ask("/auth/logout", brought(CLAIMS | {"sub": "a stranger"}))
    ask("/auth/logout", brought(CLAIMS | {"sub": "868b763a", "name": "Gina Berg"}))  # has a role by her group, say
    assert _written(3) == [
        ("868b763a", "signed out as Gina Berg"),
        ("a stranger", "signed out as Cleo"),
        (address, "signed out"),
    ]


def _written(wanted: int) -> list[tuple[str, str]]:
    """Who and what of the newest entries of the access log, by name, once there are so many."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        access_log.write_now()
        told = accesses(reading.store(), who=("a stranger", "noa@hospital.example", "f81d4fae", "868b763a"))
        if len(told) >= wanted:
            break
        time.sleep(0.02)
    return sorted(zip(told["who"], told["what"], strict=True))


def test_over_https_no_cookie_goes_without_the_word_for_it(ask: Any) -> None:
    for answer in (ask("/oauth2callback?code=good", {}), ask("/patient"), ask("/touched", brought(), "POST")):
        cookies = answer.headers.get_list("set-cookie")
        assert cookies
        assert all("secure" in cookie.lower() and "samesite=lax" in cookie.lower() for cookie in cookies)


@pytest.mark.parametrize(("brings", "first"), [(dict, "websocket.close"), (brought, "http or stream")])
def test_the_stream_that_pages_are_drawn_through_opens_for_nobody_else(told: Told, brings: Any, first: str) -> None:
    cookies = brings()  # now: one that was made when the tests were found has run out where they take long
    sent: list[str] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        sent.append("http or stream")

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    header = "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()
    headers = [(b"cookie", header), (b"host", b"mas.example")]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers, "query_string": b"", "scheme": "wss"}
    asyncio.run(Door(behind, told)(scope, receive, send))
    assert sent == [first]
