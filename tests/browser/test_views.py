"""Each view as its reader sees it, on a desk and on a tablet."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
WIDTHS = pytest.mark.parametrize("width", [1440, 1024])
Open = Callable[..., Watched]


@WIDTHS
def test_the_ward_shows_who_needs_a_decision_first(ward: str, opened: Open, width: int) -> None:
    page = opened(ward, width=width)
    assert page.page.title() == "maswatch"
    assert page.texts(".board .name") == ["7", "12", "3", "9", "5", "2", "11", "14"]
    assert page.text("tr[data-key='P-0007'] .number") == "21,800"
    assert page.text("tr[data-key='P-0012'] .number") == ">40,000"
    assert "Responding at 72 h" in page.text("tr[data-key='P-0005'] .matters")
    assert page.texts("tr[data-key='P-0002'] .number")[0] == "—"
    assert page.overflowing() == []


def test_on_a_tablet_platelets_and_crp_are_a_tap_away(ward: str, opened: Open) -> None:
    page = opened(ward, width=1024)
    heads = ".board thead .value"
    assert [text.split()[0] for text in page.texts(heads) if text] == ["Ferritin", "Fibrinogen"]
    page.page.locator("#unfold").check()
    assert [text.split()[0] for text in page.texts(heads) if text] == ["Platelets", "CRP"]


@WIDTHS
def test_the_patient_page_reads_verdict_options_flags_then_the_figure(ward: str, opened: Open, width: int) -> None:
    page = opened(f"{ward}/patient?patient=P-0007", width=width)
    assert page.text(".who h1") == "Bed 7"
    assert page.text(".who .tag") == "Not responding at 48 h"
    assert "142–710 mg/day" in page.text(".options")
    assert "Not responding 48 h after steroid start" in page.texts(".flag .tag")
    gutter = page.text(".js-plotly-plot .infolayer")
    assert all(word in gutter for word in ("Ferritin", "21,800", "Fibrinogen", "1.71", "Haemoglobin", "steroid start"))
    assert page.page.locator(".js-plotly-plot canvas").count() == 0  # SVG, no WebGL
    assert page.overflowing() == []


def test_why_opens_by_keyboard_and_names_rule_threshold_and_source(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007")
    page.page.locator(".flag summary").first.focus()
    page.page.keyboard.press("Enter")
    said = page.text(".flag[open]")
    assert all(word in said for word in ("Rests on", "Thresholds", "Would change this", "version"))


def test_a_point_tells_its_times_with_their_zone_when_pointed_at(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/patient?patient=P-0007", height=1400)
    box = page.page.locator(".js-plotly-plot .points path.point").nth(12).bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = page.text(".js-plotly-plot .hoverlayer")
    assert re.search(r"collected .* \d\d:\d\d CES?T", hover)
    assert "source drop" in hover


@WIDTHS
def test_the_research_view_shows_and_downloads_tidy_rows(ward: str, opened: Open, width: int, tmp_path: Path) -> None:
    page = opened(f"{ward}/research?patients=P-0011&analytes=Ferritin", width=width)
    assert page.text("[data-testid=stCaptionContainer]") == "4 values"
    with page.page.expect_download() as download:
        page.page.locator("[data-take]").click()
    download.value.save_as(tmp_path / "labs.csv")
    rows = (tmp_path / "labs.csv").read_text().splitlines()
    assert rows[0].startswith("patient_id,analyte,value,comparator,unit,collected_at,")
    assert len(rows) == 5
    assert "P-0011" not in "".join(rows)
    assert page.overflowing() == []


def test_an_unknown_patient_is_a_designed_state(ward: str, opened: Open) -> None:
    assert "No patient “P-9999” is known here" in opened(f"{ward}/patient?patient=P-9999").text(".state")


def test_looking_back_is_said_on_the_page(ward: str, opened: Open) -> None:
    page = opened(f"{ward}/?as_of=2020-01-01T00:00:00%2B00:00")
    assert "As it was known at Wed 1 Jan 01:00 CET" in page.text(".banner")
    assert "No patients yet" in page.text(".state")


@pytest.mark.parametrize("path", ["/", "/patient", "/healthz", "/metrics", "/_stcore/health"])
def test_every_answer_keeps_the_page_to_this_machine(ward: str, path: str) -> None:
    with urllib.request.urlopen(ward + path, timeout=30) as answer:
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_metrics_count_the_ward(ward: str) -> None:
    with urllib.request.urlopen(f"{ward}/metrics", timeout=60) as answer:
        said = answer.read().decode()
    assert "maswatch_patients 8.0" in said
    assert 'maswatch_flags_active{flag="steroid_nonresponse"} 1.0' in said
    assert "P-0007" not in said
