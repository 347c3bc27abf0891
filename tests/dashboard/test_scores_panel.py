"""The scores panel: what is open and how old, in words; nothing unknown reads as reassuring."""

from __future__ import annotations

from typing import Any

from dashboard.scores_panel import ScoreRow, score_rows, scores_html
from monitoring.catalog import load_catalog

CATALOG = load_catalog()


def row(**more: Any) -> dict[str, Any]:
    """HLH-2004 with fever and sCD25 open: 2 to 5 of 8, five needed."""
    plain: dict[str, Any] = {
        "score": "hlh2004", "label": "HLH-2004", "low": 2.0, "high": 5.0, "positive": None,
        "points": dict.fromkeys(["fever", "nk_activity", "scd25"]) | dict.fromkeys(
            ["splenomegaly", "haemophagocytosis", "ferritin", "cytopenia", "triglycerides_or_fibrinogen"], 0.0),
        "missing": ["temperature", "sil2r"],
        "reasons": {"temperature": "moved by Anakinra", "sil2r": "not known within 7 d"},
        "ages": {"ferritin": 13.7, "splenomegaly": 49.0}, "scope": CATALOG.scores.scores["hlh2004"].scope,
        "source": ["henter2007"], "unit": "criteria of 8", "cutoff": 5.0, "probability": None,
    }  # fmt: skip
    return plain | more


def one(**more: Any) -> ScoreRow:
    (told,) = score_rows([row(**more)], CATALOG)
    return told


def test_an_interval_across_the_cut_off_cannot_be_told_yet_and_says_what_is_open() -> None:
    told = one()
    assert (told.span, told.word, told.tone) == ("2–5", "cannot tell yet", "note")
    assert told.cutoff == "positive from 5 criteria of 8"
    assert told.missing == ("temperature: moved by Anakinra", "sIL-2R in U/mL: not known within 7 d")


def test_no_answer_of_a_score_is_drawn_as_good() -> None:
    assert [one(positive=told).tone for told in (True, False, None)] == ["watch", "quiet", "note"]


def test_a_score_is_no_younger_than_its_oldest_component() -> None:
    assert one().oldest == "49 h (splenomegaly)"
    assert one(ages={}).oldest == "nothing known"


def test_a_score_that_nothing_is_known_of_has_no_number() -> None:
    assert one(low=None, high=None).span == "?"
    assert one(low=float("nan"), high=5.0).span == "?–5"


def test_one_number_stands_alone_and_negative_ones_are_told_apart() -> None:
    assert one(low=4.0, high=4.0).span == "4"
    assert one(low=-2.5, high=1.0524).span == "−2.5 to 1.05"


def test_lines_that_hang_on_what_is_missing_are_open() -> None:
    parts = {part.label: part.points for part in one().parts}
    fever = next(item.label for item in CATALOG.scores.scores["hlh2004"].items if item.code == "fever")
    assert parts[fever] == "open"
    assert sorted(set(parts.values())) == ["0", "open"]


def test_scores_made_for_other_patients_come_last_and_say_so() -> None:
    scope = CATALOG.scores.scores["hlh2004"].scope
    other = row(scope=f"{scope} Made for primary-HLH, not for sJIA.")
    mas = row(score="mas2016", label="MAS 2016", scope=CATALOG.scores.scores["mas2016"].scope, points={
        item.code: 1.0 for item in (*CATALOG.scores.scores["mas2016"].required, *CATALOG.scores.scores["mas2016"].items)
    })  # fmt: skip
    told = score_rows([other, mas], CATALOG)
    assert [(one.label, one.outside) for one in told] == [("MAS 2016", False), ("HLH-2004", True)]


def test_the_published_chance_stands_with_its_note() -> None:
    assert one(probability={"low": "1 %", "high": "9 %", "note": "once"}).chance == "1 % to 9 % once"
    assert one(probability={"low": "1 %", "high": "1 %", "note": "once"}).chance == "1 % once"


def test_source_and_scope_are_told_on_demand() -> None:
    html = scores_html([row()], CATALOG)
    assert "<summary>scope and source</summary>" in html
    assert "henter2007" in html
    assert CATALOG.scores.scores["hlh2004"].scope.split(";")[0] in html


def test_nothing_to_score_is_said() -> None:
    assert "nothing to score yet" in scores_html([], CATALOG)
