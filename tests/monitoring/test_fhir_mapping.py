"""Codes of a FHIR server that the site maps: what waited is read at once, and the server is asked for them too."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.fhir_server.searches import searchable
from monitoring.mapping import map_code, take_back
from storage import queries
from storage.versions import current
from tests.monitoring.fhir_feed import Feed, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import Server, serving

MINUTE = timedelta(minutes=1)
LOINC = "http://loinc.org"
UNKNOWN = {"system": LOINC, "code": "99999-9"}
FERRITIN, CRP = {"system": LOINC, "code": "2276-4"}, {"system": LOINC, "code": "1988-5"}
LOCAL = {"system": "http://lab", "code": "FERR9"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.put(person())
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: Server) -> Iterator[Feed]:
    with feeding(tmp_path, server) as opened:
        yield opened


def coded(*codings: dict[str, str], text: str = "Ferritin 9") -> dict[str, Any]:
    return {"coding": [*codings], "text": text}


def says(feed: Feed, code: str, analyte: str = "ferritin") -> dict[str, int]:
    feed.clock.now += MINUTE
    return map_code(feed.site, "lab", code, analyte, by="Dr Weber", now=feed.clock.now)


def takes_back(feed: Feed, code: str) -> None:
    feed.clock.now += MINUTE
    take_back(feed.site, "lab", code, by="Dr Weber", now=feed.clock.now)


def stands(feed: Feed) -> list[tuple[str, float]]:
    labs = current(feed.labs)
    return sorted(zip(labs["analyte"], labs["value"], strict=True))


@pytest.mark.parametrize("code", ["99999-9", "http://lab|FERR9", "FERR9", "http://loinc.org|99999-9", "Ferritin 9"])
def test_a_result_that_waits_is_read_by_a_word_on_any_of_its_codes(server: Server, feed: Feed, code: str) -> None:
    server.put(ferritin("f1", 812, code=coded(UNKNOWN, LOCAL)))
    feed.poll()
    assert queries.set_aside(feed.store)["reason"].tolist() == ["unknown_analyte"]
    assert says(feed, code)["new"] == 1
    assert (stands(feed), len(queries.set_aside(feed.store))) == ([("ferritin", 812.0)], 0)
    takes_back(feed, code)
    assert (stands(feed), len(queries.set_aside(feed.store))) == ([], 1)


@pytest.mark.parametrize("code", ["2276-4", "1988-5", "FERR9"])
def test_a_result_whose_codes_contradict_each_other_waits_until_the_site_says_which_counts(
    server: Server, feed: Feed, code: str
) -> None:
    server.put(ferritin("f1", 812, code=coded(FERRITIN, CRP, LOCAL)))
    feed.poll()
    assert queries.set_aside(feed.store)[["reason", "code"]].to_numpy().tolist() == [["conflicting_codes", "2276-4"]]
    assert says(feed, code)["new"] == 1
    assert stands(feed) == [("ferritin", 812.0)]


def test_results_without_a_category_are_asked_for_by_the_codes_that_the_site_maps(server: Server, feed: Feed) -> None:
    server.put(ferritin("f1", 812, code=coded(LOCAL), category=None), seconds=7200)
    server.put(ferritin("f2", 900))
    feed.poll()
    assert feed.names == {"f2"}
    says(feed, "http://lab|FERR9")
    feed.poll()
    assert feed.names == {"f1", "f2"}  # written two hours before what was read last
    assert feed.marks["codes:Observation"] == "http://lab|FERR9"
    server.asked.clear()
    feed.poll()
    told = [one.params for one in server.asked_for("Observation") if "FERR9" in one.params.get("code", "")]
    assert {one["_lastUpdated"] for one in told} == {"ge2026-03-02T07:50:01Z"}  # f2 at 08:00:01, ten minutes over


def test_a_mapped_code_is_written_as_a_search_wants_it_and_words_are_no_code() -> None:
    told = ("http://lab|20005", "A,B", "$x", "text|Ferritin", "Ferritin serum", "FERR ")
    assert searchable(told) == {"http://lab|20005", "A\\,B", "\\$x", "FERR"}
