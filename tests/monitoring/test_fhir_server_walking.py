"""How often a search is walked, and small pages that are kept and read together: fewer requests, and nothing lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.fhir_server.gathering import Given, gathered
from monitoring.raw_files import RawFile
from storage import deliveries
from tests.monitoring.fhir_feed import Feed, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import Asked, Server, serving

NINE = {f"f{number}" for number in range(9)}


@pytest.fixture
def server() -> Iterator[Server]:
    """Nine results on pages of three, the last of them written an hour ago."""
    with serving(page="live") as running:
        running.put(person())
        for number in range(9):
            running.put(ferritin(f"f{number}"))
        running.at += timedelta(hours=1)
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: Server) -> Iterator[Feed]:
    with feeding(tmp_path, server, page_size=3) as opened:
        yield opened


def pages(server: Server, search: str) -> int:
    """How often a page of this search was asked for, the first included."""
    begun = [place for place, one in enumerate(server.asked) if search in one.params]
    tokens = {f"s{place + 1}" for place in begun}
    return len(begun) + sum(one.params.get("_page") in tokens for one in server.asked)


def test_a_server_on_which_nothing_moved_is_walked_once(server: Server, feed: Feed) -> None:
    feed.poll()
    assert feed.names == NINE
    assert pages(server, "category") == 3


def test_a_server_that_wrote_a_moment_ago_is_walked_twice(server: Server, feed: Feed) -> None:
    server.put(ferritin("now"))
    feed.poll()
    assert pages(server, "category") == 2 * 4  # ten results


def test_a_server_that_counts_nothing_is_walked_twice(
    server: Server, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = server.bundle

    def uncounted(kind: str, params: dict[str, str]) -> dict[str, object]:
        return {name: told for name, told in bundle(kind, params).items() if name != "total"}

    monkeypatch.setattr(server, "bundle", uncounted)
    feed.poll()
    assert pages(server, "category") == 2 * 3


def test_what_moves_up_since_another_was_deleted_meanwhile_is_not_passed_over(server: Server, feed: Feed) -> None:
    def deleted_meanwhile(asked: Asked) -> None:
        if asked.params.get("_kind") == "Observation" and not server.deleted:
            server.delete("Observation", "f0")  # f3 now stands where f2 stood, on the page before

    server.before = deleted_meanwhile
    feed.poll()
    assert feed.names == NINE


def test_what_moves_up_since_one_was_deleted_and_another_written_is_not_passed_over(server: Server, feed: Feed) -> None:
    def changed_meanwhile(asked: Asked) -> None:
        if asked.params.get("_kind") == "Observation" and not server.deleted:
            server.delete("Observation", "f0")
            server.put(ferritin("f9"))  # the server counts nine before and after

    server.before = changed_meanwhile
    feed.poll()
    assert feed.names == NINE | {"f9"}


def test_small_pages_are_kept_together_byte_for_byte_up_to_where_the_server_failed(server: Server, feed: Feed) -> None:
    for number in range(9, 12):
        server.put(ferritin(f"f{number}"))
    server.fail(500, lambda asked: asked.params.get("_from") == "9", left=9)
    assert feed.tried().error
    assert feed.names == NINE
    [name] = [one for one in deliveries.listed(feed.store)["id"] if b"f8" in _content(feed, one)]
    assert _content(feed, name).count(b'"searchset"') == 3
    assert "watermark:Observation" not in feed.marks
    server.faults.clear()
    feed.poll()
    assert feed.names == {f"f{number}" for number in range(12)}


def test_of_a_slow_server_what_is_there_is_given_before_the_rest_has_come() -> None:
    seconds = iter([0.0, 4.0, 11.0, 11.0, 12.0])
    told = [(RawFile(name, name.encode()), Given("Observation", frozenset({1}), frozenset())) for name in "abc"]
    found = [raw for raw, _ in gathered(told, clock=lambda: next(seconds))]
    assert [(raw.name, raw.content) for raw in found] == [("b", b"a\nb"), ("c", b"c")]


def _content(feed: Feed, name: str) -> bytes:
    [kept] = deliveries.delivery(feed.store, name)
    return kept.content or b""
