"""What the feed view says: how sources stand, which codes wait, what is set aside, what the map says."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pandas as pd
import pytest

from dashboard import feed_codes, feed_sheet
from dashboard.feed_sheet import FeedTold
from dashboard.markup import Markup
from monitoring.feed_health import SourceHealth
from monitoring.site_map import Word
from storage import frames
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ZONE, ago


def source(state: str = "well", **more: Any) -> SourceHealth:
    plain: dict[str, Any] = {
        "source": "lis", "kind": "hl7", "state": state, "sentence": "", "last_success_at": ago(0.25),
        "last_heard_at": ago(0.25), "newest_at": ago(2), "usual": 12.0, "silent_after": 36.0, "lag": 1.5, "new": 1200,
        "corrected": 3, "set_aside": 40, "unread": 0, "error": "",
    }  # fmt: skip
    return SourceHealth(**(plain | more))


def group(code: str, count: int, reason: str = "unknown_analyte", **more: Any) -> dict[str, Any]:
    return {
        "source": "lis", "reason": reason, "code": code, "count": count, "patients": 2, "first_at": ago(30),
        "last_at": ago(2), "id": f"id-{code}", "sentence": f"The analyte “{code}” is not in the catalog.",
    } | more  # fmt: skip


def example(code: str, **fields: str) -> dict[str, Any]:
    return {"source": "lis", "code": code, "id": "1", "fields": json.dumps(fields), "received_at": ago(2)}


def told(**more: Any) -> FeedTold:
    """Nothing at all, but what is said."""
    plain = {
        name: frames.shaped(pd.DataFrame(more.pop(name, [])), shape)
        for name, shape in (
            ("runs", frames.RUNS), ("groups", frames.ASIDE_GROUPS), ("examples", frames.ASIDE_EXAMPLES),
            ("deliveries", frames.DELIVERIES),
        )
    }  # fmt: skip
    return FeedTold(**({"sources": [], "words": []} | plain | more))


def words(html: Markup) -> str:
    """As it is read, cell by cell."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", str(html))).split())


def feed(*sources: SourceHealth, **more: Any) -> str:
    return words(feed_sheet.feed_html(told(sources=sources, **more), zone=ZONE, now=NOW))


def test_a_source_that_is_well_says_when_how_often_and_how_much() -> None:
    said = feed(source())
    for part in (
        "lis hl7", "✓ well", "2 h ago 12:12 CET", "15 min ago 13:57 CET", "about every 12 h silent after 36 h",
        "1 h", "1,200 new 3 corrected · 40 set aside",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("state", "tone"),
    [("well", "good"), ("late", "note"), ("silent", "watch"), ("failing", "decision"), ("never heard", "watch")],
)
def test_every_state_has_its_word_and_its_tone(state: str, tone: str) -> None:
    html = feed_sheet.feed_html(told(sources=[source(state, sentence="So it is.")]), zone=ZONE, now=NOW)
    assert f'class="{tone}"' in html
    assert f"{state}</span>" in html
    assert "So it is." in html


def test_what_never_was_is_said_and_not_drawn_as_nothing() -> None:
    nothing = {"last_success_at": None, "last_heard_at": None, "newest_at": None, "usual": None, "lag": None}
    said = feed(source("never heard", **nothing))
    assert said.count("never ") >= 2
    assert "no rhythm known yet" in said
    assert "—" in said


def test_contact_later_than_the_last_success_is_told() -> None:
    assert "heard 3 min ago" in feed(source(last_heard_at=ago(0.05)))


def test_without_a_source_the_view_says_what_to_do() -> None:
    assert "No source is configured" in feed()


def test_a_fault_in_the_sites_file_stands_on_top() -> None:
    assert "The site map cannot be used. codes.toml, map 1: is missing" in feed(
        map_fault="codes.toml, map 1: is missing"
    )


def test_codes_are_told_with_counts_examples_and_units_the_most_frequent_first() -> None:
    found = feed_codes.unmapped(
        told(
            groups=[group("QX1", 3), group("QX2", 1), group("", 1), group("ferritin x", 5, "unknown_unit")],
            examples=[
                example("QX1", value="700", unit="ng/mL"),
                example("QX1", value="9", comparator="<", unit="ng/mL"),
                example("QX2", value="12", unit=""),
            ],
        )
    )
    assert [(code.code, code.count, code.examples) for code in found] == [
        ("QX1", 3, ("700 ng/mL", "<9 ng/mL")), ("QX2", 1, ("12 (no unit)",)),
    ]  # fmt: skip
    assert [code.unit_missing for code in found] == [False, True]
    said = words(feed_codes.codes_html(found))
    assert "2 codes, 4 results waiting" in said
    assert "3 results of 2 patients, first Fri 20 Nov 08:12 CET, 30 h ago" in words(
        feed_codes.code_html(found[0], zone=ZONE, now=NOW)
    )


def test_more_codes_than_fit_are_counted() -> None:
    found = feed_codes.unmapped(told(groups=[group(f"C{place}", 1) for place in range(11)]))
    assert "The 8 most frequent are shown; 3 more wait" in words(feed_codes.codes_html(found))


def test_what_people_wrote_is_never_markup() -> None:
    found = feed_codes.unmapped(told(groups=[group("<b>", 1)], examples=[example("<b>", value="<script>", unit="")]))
    html = feed_codes.code_html(found[0], zone=ZONE, now=NOW)
    assert "&lt;b&gt;" in html
    assert "<script>" not in html


def test_a_unit_the_analyte_is_not_known_in_is_said_before_the_click() -> None:
    (code,) = feed_codes.unmapped(told(groups=[group("QX1", 1)], examples=[example("QX1", value="7", unit="furlong")]))
    assert feed_codes.unit_caution(code, "ferritin", "", known()) == (
        "'furlong' is no unit that Ferritin is known in: those would wait on."
    )
    (code,) = feed_codes.unmapped(told(groups=[group("QX1", 1)], examples=[example("QX1", value="7", unit="")]))
    assert "choose the one to read there" in feed_codes.unit_caution(code, "ferritin", "", known())
    assert feed_codes.unit_caution(code, "ferritin", "ug/L", known()) == ""


def test_set_aside_is_grouped_in_words() -> None:
    found = feed_sheet.groups(told(groups=[group("QX1", 1234), group("x", 1, "odd_reason")]))
    said = words(feed_sheet.aside_html(found, zone=ZONE, now=NOW))
    assert "1,235 kept whole" in said
    assert "lis code not known here QX1 1,234 2 Sat 21 Nov 12:12 CET, 2 h ago" in said
    assert "odd reason" in said
    assert found[0].title == "lis · code not known here · QX1 · 1,234"
    assert "Nothing is set aside." in words(feed_sheet.aside_html([], zone=ZONE, now=NOW))


def test_an_original_is_shown_as_it_came_and_cut_only_when_very_long() -> None:
    (one,) = feed_sheet.groups(told(groups=[group("QX1", 2)]))
    item = {"id": "ab12", "origin": "labs.csv:2", "patient_id": "P-1", "sentence": "So.", "delivery": "d" * 64}
    said = feed_sheet.original_html(item | {"raw": "MSH|^~\\&|A\rPID|<1>\r"}, one)
    assert "MSH|^~\\&amp;|A\nPID|&lt;1&gt;\n" in said
    assert "one of 2" in said
    long = feed_sheet.original_html(item | {"raw": "x" * 20_001}, one)
    assert "x" * 20_001 not in long
    assert "maswatch set-aside show ab12" in long


def test_the_map_says_by_whose_word_and_what_is_overruled() -> None:
    said = words(
        feed_sheet.map_html(
            [
                Word("*", "QX1", "crp"),
                Word("lis", "QX2", "ldh", "U/L"),
                Word("lis", "qx2", "ferritin", "", "Dr W", ago(1)),
            ],
            known(),
            zone=ZONE,
            now=NOW,
        )
    )
    assert "every source QX1 CRP — site file" in said
    assert "lis QX2 LDH overruled U/L site file" in said
    assert "lis qx2 Ferritin — Dr W, Sat 21 Nov 13:12 CET, 1 h ago" in said


def test_runs_tell_how_they_ended_and_deliveries_whether_they_were_read() -> None:
    run = {
        "run_id": "r", "source": "lis", "kind": "source", "started_at": ago(1), "read": 5, "new": 4, "unchanged": 0,
        "corrected": 0, "set_aside": 1, "assessed": 0,
    }  # fmt: skip
    ended = {"finished_at": ago(1) + timedelta(seconds=3)}
    sent = {"id": "a" * 64, "source": "lis", "name": "m1", "size": 5200, "received_at": ago(1), "there": 1}
    said = words(
        feed_sheet.past_html(
            told(
                runs=[
                    run | ended | {"outcome": "ok", "error": ""},
                    run | ended | {"outcome": "failed", "error": "The folder is gone."},
                    run | {"finished_at": None, "outcome": "running", "error": ""},
                    run | {"finished_at": None, "outcome": "running", "error": "", "started_at": ago(0.01)},
                ],
                deliveries=[sent | {"read_at": None}, sent | {"read_at": NOW, "there": 0}],
            ),
            zone=ZONE,
            now=NOW,
        )
    )
    assert "done 3 s 5 4 0 1" in said
    assert "failed The folder is gone. 3 s" in said
    assert "not ended 5 4 0 1" in said
    assert "running 5 4 0 1" in said  # it began 36 s ago
    assert "5 kB waits to be read" in said
    assert "read, original let go after its time" in said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"new": 3, "set_aside": 0, "withdrawn": 0}, "QX1 means LDH: 3 new."),
        ({"new": 1, "set_aside": 2, "withdrawn": 4}, "QX1 means LDH: 1 new, 4 withdrawn, 2 still set aside."),
        ({"new": 0, "set_aside": 0}, "QX1 means LDH; nothing was waiting for it."),
    ],
)
def test_what_a_click_did_is_counted(counts: dict[str, int], said: str) -> None:
    assert feed_sheet.outcome("QX1 means LDH", counts) == said
