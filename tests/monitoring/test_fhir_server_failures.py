"""A FHIR server that fails: what came is kept, nothing is passed over, and one sentence says what is wrong."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitoring.fhir_server.troubles import RefusedError
from tests.monitoring.fhir_feed import HASTE, Feed, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import Asked, Server, serving
from tests.servers import free_port


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.offers = {kind: running.offers[kind] for kind in ("Patient", "Observation", "Procedure")}
        running.put(person())
        for number in range(6):
            running.put(ferritin(f"f{number}"))
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: Server) -> Iterator[Feed]:
    with feeding(tmp_path, server, page_size=2) as opened:
        yield opened


def impatient(feed: Feed, how: int | str | float, *, seconds: float) -> None:
    """Only where the server falls silent: elsewhere a machine that is busy would look like one that is silent."""
    if isinstance(how, float):
        feed.again(timeout_seconds=seconds)


def a_search(asked: Asked) -> bool:
    return asked.path == "/fhir/Observation"


def the_third_page(asked: Asked) -> bool:
    return asked.params.get("_from") == "4" and asked.params.get("_kind") == "Observation"


@pytest.mark.parametrize("how", [500, 503, "cut", 9.0])
def test_a_server_that_fails_in_the_middle_of_paging_loses_nothing(server: Server, feed: Feed, how: int | str) -> None:
    impatient(feed, how, seconds=0.3)  # whatever else is late is asked for again
    server.fail(how, the_third_page, left=HASTE.attempts)
    told = feed.tried()
    assert told.error
    assert feed.names == {"f0", "f1", "f2", "f3"}
    assert "watermark:Observation" not in feed.marks
    assert feed.marks["failed"] == told.error
    impatient(feed, how, seconds=5.0)
    told = feed.poll()
    assert told.counts["new"] == 2
    assert feed.names == {f"f{number}" for number in range(6)}
    assert feed.marks["watermark:Observation"] == "2026-03-02T06:00:06+00:00"
    assert feed.marks["failed"] == ""


@pytest.mark.parametrize("how", [500, 429, "cut", 9.0])
def test_a_passing_failure_is_tried_again_at_once(server: Server, feed: Feed, how: int | str) -> None:
    impatient(feed, how, seconds=1.0)  # the last attempt has no other behind it
    server.fail(how, a_search, left=HASTE.attempts - 1)
    feed.poll()
    assert len(feed.names) == 6


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_server_says_how_long_to_wait(server: Server, feed: Feed, seconds: int) -> None:
    until = format_datetime(server.at + timedelta(seconds=seconds), usegmt=True)
    server.fail(429, a_search, headers={"Retry-After": until})
    with feed.source_asking() as asking:
        began = time.monotonic()
        asking.search("Observation", {})
        assert seconds <= time.monotonic() - began
        assert asking.again(RefusedError("", 429, 0.5)) == 0.5


def test_a_server_that_wants_to_be_left_alone_for_long_is_asked_at_the_next_poll(server: Server, feed: Feed) -> None:
    server.fail(503, a_search, headers={"Retry-After": "86400"})
    assert "503 Service Unavailable" in feed.tried().error
    assert len(server.asked_for("Observation")) == 1
    feed.poll()
    assert len(feed.names) == 6


def test_a_server_that_is_not_there_is_said_in_one_sentence(feed: Feed) -> None:
    port = free_port()
    feed.again(url=f"http://127.0.0.1:{port}/fhir")
    told = feed.tried()
    assert told.error == (
        f"source lab: http://127.0.0.1:{port} cannot be reached; check its url and the network."
    )  # fmt: skip
    assert "heard" not in feed.marks


def test_a_server_that_went_away_is_not_taken_for_heard(server: Server, feed: Feed) -> None:
    feed.poll()
    heard = feed.marks["heard"]
    server.fail("cut", lambda asked: True, left=99)
    assert feed.tried().error
    assert feed.marks["heard"] == heard


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "400 Bad Request (exception) when asked for a search for Observation"),
        (403, "403 Forbidden (exception) when asked for a search for Observation; ask its administrators"),
        (404, "404 Not Found (exception) when asked for a search for Observation; check the url"),
    ],
)
def test_a_refusal_is_said_in_plain_words_and_names_no_patient(
    server: Server, feed: Feed, status: int, said: str
) -> None:
    server.fail(status, a_search, left=99)
    told = feed.tried()
    assert said in told.error
    assert "Lena" not in told.error
    assert len(server.asked_for("Observation")) <= 2  # asking again does not help


def test_one_kind_that_may_not_be_read_stops_no_other(server: Server, feed: Feed) -> None:
    server.fail(403, lambda asked: asked.path == "/fhir/Procedure", left=99)
    feed.poll()
    assert len(feed.names) == 6
    assert "Procedure" in feed.marks["left_out"]


def test_patients_that_may_not_be_read_do_not_hold_up_their_results(server: Server, feed: Feed) -> None:
    server.fail(403, lambda asked: asked.path == "/fhir/Patient", left=99)
    assert "Patient" in feed.tried().error
    assert len(feed.names) == 6


def test_a_page_that_is_no_fhir_is_said(server: Server, feed: Feed) -> None:
    page = b"<html>Please sign in</html>"
    server.fail(200, lambda asked: asked.path.endswith("metadata"), headers={"Content-Type": "text/html"}, body=page)
    assert "answered with something that is no FHIR JSON" in feed.tried().error


def test_a_redirect_within_the_server_is_followed_and_one_to_another_is_not(server: Server, feed: Feed) -> None:
    server.fail(307, a_search, headers={"Location": "/fhir/Observation?_count=50&moved=yes"})
    feed.poll()
    assert any(one.params.get("moved") for one in server.asked)
    with serving() as other:
        server.fail(302, a_search, left=99, headers={"Location": f"{other.url}/Observation"})
        told = feed.tried()
        assert f"the server sends us on to {other.url.removesuffix('/fhir')}" in told.error
        assert not other.asked


@pytest.mark.parametrize("link", ["http://elsewhere.example/other?page=2", "file:///etc/passwd"])
def test_a_next_link_to_another_address_is_not_followed(server: Server, feed: Feed, link: str) -> None:
    body = f'{{"resourceType":"Bundle","type":"searchset","link":[{{"relation":"next","url":"{link}"}}]}}'
    server.fail(200, a_search, left=99, body=body.encode())
    assert "leads to another address than its own" in feed.tried().error


def test_next_links_in_a_circle_come_to_an_end(server: Server, feed: Feed) -> None:
    link = f"{server.url}?_page=x&_kind=Observation"
    body = f'{{"resourceType":"Bundle","type":"searchset","link":[{{"relation":"next","url":"{link}"}}]}}'
    server.fail(
        200, lambda asked: "Observation" in (asked.path, asked.params.get("_kind")), left=99, body=body.encode()
    )
    server.fail(200, a_search, left=99, body=body.encode())
    assert "in a circle" in feed.tried().error


def test_no_patient_stands_in_any_log_line(server: Server, feed: Feed, caplog: pytest.LogCaptureFixture) -> None:
    feed.again(patients=("lena-4711",))
    server.put(person("lena-4711"))
    server.put(ferritin("f9", patient="lena-4711"))
    server.fail(500, a_search, left=HASTE.attempts)
    with caplog.at_level(logging.INFO):
        feed.tried()
    ours = [one for one in caplog.records if one.name.split(".")[0] in ("monitoring", "storage", "stamina")]
    assert "lena-4711" not in "".join(f"{one.getMessage()} {one.__dict__}" for one in ours)


ODD = [
    {"entry": {"resource": {"resourceType": "Observation"}}},
    {"entry": [1, None, "x", {"resource": 7}, {"resource": {"resourceType": ["Observation"]}}], "link": "next"},
    {"entry": [{"resource": ferritin("odd", meta={"lastUpdated": moment})} for moment in (7, "soon", "9999-12-31")]},
    {"entry": [{"resource": ferritin("odd", meta={"lastUpdated": "0001-01-01T00:00:00+14:00"})}]},
    {"entry": [{"resource": ferritin("odd", meta={"lastUpdated": "9999-12-31T23:59:59-14:00"})}]},
    {"link": [{"relation": "next", "url": "http://[broken"}]},
    {
        "entry": [
            {
                "resource": {
                    **ferritin("odd"),
                    "subject": {"reference": ["Patient/x"]},
                    "note": [{"reference": "Patient/" * 9}],
                }
            }
        ]
    },
]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_ends_in_words_or_set_aside(server: Server, feed: Feed, odd: dict[str, object]) -> None:
    body = json.dumps({"resourceType": "Bundle", "type": "searchset", **odd}).encode()
    server.fail(200, a_search, left=99, body=body)
    assert "Unforeseen" not in feed.tried().error


@pytest.mark.parametrize("depth", [900, 100_000])
def test_an_answer_that_is_nested_without_end_ends_in_words(server: Server, feed: Feed, depth: int) -> None:
    deep = b'{"resourceType":"Observation","id":"d","note":' + b"[" * depth + b"]" * depth + b"}"
    body = b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":' + deep + b"}]}"
    server.fail(200, a_search, left=99, body=body)
    assert "Unforeseen" not in feed.tried().error
