"""The rounds on paper: exactly one page a patient, whatever there is to say, and the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zlib import decompressobj

import pytest

from dashboard import paper_fit
from dashboard.bedside import Bedside
from dashboard.paper import PAPERS, Paper, pdf
from dashboard.rounds_list import here
from dashboard.rounds_sheet import scores_of
from dashboard.selection import RoundsAsked
from monitoring.cli import cli
from monitoring.ending import ended
from storage.engine import Store
from storage.tables import METADATA
from tests.dashboard.rounds_fixture import Gone, filled, gone
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ZONE

LONG = "repeat ferritin diluted and ask haematology whether the marrow was read; " * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ward")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    opened = filled(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def whole(store: Store) -> Gone:
    return gone(store)


def printed(told: Gone, sides: list[Bedside], size: str = "A4", *, scored: bool = True) -> bytes:
    scores = scores_of(told.ward, [side.id for side in sides]) if scored else {}
    return pdf(sides, told.news, scores, known(), paper=Paper(size, NOW, ZONE))


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", content))


def texts(content: bytes) -> list[str]:
    """What is written on each page, in the order drawn; letters outside ASCII are left out."""
    streams = re.findall(rb"/FlateDecode[^>]*>>\s*stream\r?\n(.*?)endstream", content, re.DOTALL)
    opened = [decompressobj().decompress(stream) for stream in streams]
    drawn = [stream for stream in opened if b" Tf" in stream]
    return [" ".join(part.decode("ascii", "ignore") for part in re.findall(rb"\((.*?)\) Tj", page)) for page in drawn]


@pytest.mark.parametrize("size", PAPERS)
def test_every_patient_has_one_page_in_the_order_of_the_beds(whole: Gone, size: str) -> None:
    sides = here(whole.ward, RoundsAsked())
    content = printed(whole, sides, size)
    told = texts(content)
    assert pages(content) == len(told) == 8
    assert [re.search(r"Bed \d+", page)[0] for page in told] == [f"Bed {n}" for n in (2, 3, 5, 7, 9, 11, 12, 14)]  # type: ignore[index]
    width, height = PAPERS[size]
    assert f"/MediaBox [ 0 0 {width:g} {height:g} ]"[:18].encode() in content


def test_a_page_says_who_when_how_and_what_it_is(whole: Gone) -> None:
    page = texts(printed(whole, here(whole.ward, RoundsAsked())))[3]
    for words in (
        "Bed 7", "P-0007", "Not responding at 48", "Sat 21 Nov 2026 14:12 CET", "page 4 of 8", "Decision support",
        "maswatch", "Anakinra", "Caution", "Ferritin", "needs a decision", "Sources: S1",
    ):  # fmt: skip
        assert words in page


def test_the_same_input_gives_the_same_bytes(whole: Gone) -> None:
    sides = here(whole.ward, RoundsAsked())[3:4]
    assert printed(whole, sides, scored=False) == printed(whole, sides, scored=False)


@pytest.mark.parametrize("size", PAPERS)
def test_the_longest_patient_still_has_one_page_and_says_what_is_left_out(whole: Gone, size: str) -> None:
    side, news = whole.side("P-0007"), whole.news["P-0007"]
    response = dict(side.responses[-1])
    response["windows"] = [{**window, "options": list(window["options"]) * 5} for window in response["windows"]]
    flags = tuple({**row, "sentence": f"{row['sentence']} {LONG}"} for row in side.flags * 8)
    heavy = replace(side, flags=flags, responses=(response,))
    note = {"at": NOW, "by": "Dr Aydin", "note": LONG, "done": 1}
    more = replace(
        news, flags=news.flags * 8, answers=tuple({**row, "words": LONG} for row in news.answers * 40),
        results=news.results * 4, notes=(note,) * 12,
    )  # fmt: skip
    content = printed(Gone(whole.ward, {"P-0007": more}), [heavy], size)
    (page,) = texts(content)
    assert pages(content) == 1
    assert page.count("more on the screen") >= 4
    assert "characters\\)" in page


def test_what_fits_is_left_whole() -> None:
    assert paper_fit.counts([[10, 10], [10]], room=60, head=15, more=9) == [2, 1]


def test_the_longest_section_gives_first_and_its_rest_is_counted() -> None:
    # 15 + 50 and 15 + 10 make 90; with three of five shown 15 + 30 + 9 and 25 make 79
    assert paper_fit.counts([[10] * 5, [10]], room=80, head=15, more=9) == [3, 1]


def test_what_gives_way_gives_before_a_longer_one() -> None:
    # 65 and 35 make 100; with one of two shown 65 and 34 make 99
    assert paper_fit.counts([[10] * 5, [10] * 2], room=99, head=15, more=9, gives=[1]) == [5, 1]


def test_every_section_keeps_a_line_however_little_room_there_is() -> None:
    assert paper_fit.counts([[10] * 5, [10] * 2, []], room=0, head=15, more=9) == [1, 1, 0]


def test_a_long_text_is_cut_at_a_word_and_says_by_how_much() -> None:
    # 40 - 18 = 22 characters end inside the fifth word; 20 are kept of 60
    assert paper_fit.clipped("abcd " * 12, 40) == "abcd abcd abcd abcd … (+41 characters)"
    assert paper_fit.clipped("short", 40) == "short"


def test_the_command_writes_a_ward_and_notes_who_was_printed(folder: Path, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "rounds.pdf"
    arguments = ["--data-dir", str(folder), "rounds", str(out), "--as-of", NOW.isoformat(), "--ward", "ICU 2"]
    assert ended(cli, arguments) == 0
    assert pages(out.read_bytes()) == 8
    with store.reading() as connection:
        seen = connection.execute(METADATA.tables["access"].select()).mappings().all()
    assert sorted(row["patient_id"] for row in seen if row["what"] == f"rounds {out}")[:2] == ["P-0002", "P-0003"]


def test_a_ward_that_is_not_there_is_one_sentence(
    folder: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data-dir", str(folder), "rounds", str(tmp_path / "x.pdf"), "--ward", "ICU 9"]
    assert ended(cli, arguments) == 2
    assert "Nobody is on a ward 'ICU 9'; there are ICU 2." in capsys.readouterr().err
    assert not (tmp_path / "x.pdf").exists()
