from __future__ import annotations

from dataclasses import replace

from dashboard.bedside import Bedside
from dashboard.response_table import ResponseTable, response_table
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, bed


def table(side: Bedside) -> ResponseTable:
    told = response_table(side, catalog(), zone=ZONE)
    assert told is not None
    return told


def test_the_title_names_the_steroid_and_its_start_on_the_wards_clock() -> None:
    assert table(bed("7")).title == "methylprednisolone from Thu 19 Nov 12:12 CET"


def test_markers_stand_in_the_order_of_the_catalog() -> None:
    labels = ["Ferritin", "Fibrinogen", "Platelets", "CRP", "AST", "Temperature"]
    assert [row.label for row in table(bed("7")).rows] == labels


def test_a_marker_has_its_value_before_and_in_every_window() -> None:
    ferritin = table(bed("7")).rows[0]
    assert ferritin.before == "7,400"
    assert [stand.number if stand else None for stand in ferritin.stands] == ["12,400", "21,800", None]
    assert [stand.change if stand else None for stand in ferritin.stands] == ["+68 %", "×2.9", None]
    assert (ferritin.word, ferritin.tone) == ("worse", "decision")


def test_a_temperature_changes_in_degrees_not_in_percent() -> None:
    temperature = table(bed("7")).rows[-1]
    assert [stand.change if stand else None for stand in temperature.stands] == ["−0.3", "", None]


def test_what_cannot_be_read_is_marked_with_its_reason() -> None:
    fibrinogen = table(bed("7")).rows[1].stands[0]
    assert fibrinogen is not None
    assert (fibrinogen.hollow, fibrinogen.state) == (True, "not usable")
    assert "raised by fibrinogen concentrate" in fibrinogen.hover


def test_a_missing_value_is_a_dash_with_the_age_of_what_is_awaited() -> None:
    row = table(bed("7")).rows[-1]
    assert row.stands[1] is not None
    assert (row.stands[1].number, row.word, row.reason) == ("—", "missing", "none since 26 h")


def test_the_verdict_is_that_of_the_newest_window_that_says_anything() -> None:
    told = table(bed("7"))
    assert (told.verdict, told.tone) == ("Not responding at 48 h", "decision")
    assert [(head.words, head.note) for head in told.heads] == [
        ("24 h", "No clear response"), ("48 h", "Not responding"), ("72 h", "due Sun 12:12 CET"),
    ]  # fmt: skip
    assert [head.decided for head in told.heads] == [False, True, False]


def test_for_and_against_are_named_in_words() -> None:
    told = table(bed("7"))
    assert (told.better, told.worse, told.missing) == ("", "Ferritin, fibrinogen, platelets, AST", "Temperature")


def test_options_stand_with_the_verdict_that_asks_for_them() -> None:
    assert [option["label"] for option in table(bed("7")).options] == ["Anakinra", "Ciclosporin", "Emapalumab"]
    assert table(bed("5")).options == ()


def test_before_the_first_window_it_is_too_early_to_say() -> None:
    told = table(bed("3"))
    assert (told.verdict, told.tone) == ("Too early to say", "quiet")
    assert not any(head.decided for head in told.heads)


def test_without_a_steroid_course_there_is_no_table() -> None:
    assert response_table(bed("14"), catalog(), zone=ZONE) is None


def test_the_odds_of_a_response_stand_in_words_and_number() -> None:
    side = bed("7")
    told = {
        "probability": 0.08,
        "probability_low": 0.002,
        "probability_high": 0.21,
        "probability_words": "response unlikely",
    }
    response = side.responses[-1]
    windows = [{**w, **told} if w["hours"] == 48 else w for w in response["windows"]]
    judged = replace(side, responses=(*side.responses[:-1], {**response, "windows": windows}))
    assert table(judged).odds == "Response unlikely, 8 % (1 to 21 % with any one marker left out)"


def test_the_labelled_rule_of_day_3_stands_beside_ours_with_its_scope() -> None:
    side = bed("7")
    rule = {"scope": "primary HLH", "hours": 72, "verdict": "met", "signs": {"fever": "cannot tell", "ferritin": "met"}}
    judged = replace(side, responses=(*side.responses[:-1], {**side.responses[-1], "label_rule": rule}))
    assert table(judged).label_rule == "Primary HLH: met at 72 h (fever cannot tell, ferritin met)"
    assert table(side).label_rule == ""


def test_a_change_within_the_noise_is_not_called_unchanged_and_says_how_far_noise_goes() -> None:
    side = bed("7")
    markers = {"crp": {"state": "unchanged", "change_percent": 54.0, "noise_percent": 76.4}}
    response = side.responses[-1]
    windows = [
        {**w, "markers": {code: {**told, **markers.get(code, {})} for code, told in w["markers"].items()}}
        for w in response["windows"]
    ]
    judged = replace(side, responses=(*side.responses[:-1], {**response, "windows": windows}))
    row = next(row for row in table(judged).rows if row.label == "CRP")
    stand = row.stands[1]
    assert stand is not None
    assert (row.word, stand.change, row.noise) == ("within noise", "+54 %", "+76 %")
    ferritin = table(judged).rows[0]
    assert (ferritin.word, ferritin.noise) == ("worse", "")
