from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import wording
from tests.dashboard.catalog_fixture import catalog

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 21, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("analyte", "value", "comparator", "words"),
    [
        ("ferritin", 21800.0, "", "21,800"),
        ("ferritin", 40000.0, ">", ">40,000"),
        ("fibrinogen", 1.71, "", "1.71"),
        ("fibrinogen", 1.1, "", "1.10"),
        ("ferritin", None, "", "—"),
        ("ferritin", math.nan, ">", "—"),
        ("platelets", 0.0, "", "0"),
    ],
)
def test_a_number_is_printed_as_it_is_read_aloud(analyte: str, value: float, comparator: str, words: str) -> None:
    assert wording.number(value, catalog().analytes[analyte], comparator) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [(-58.4, "−58 %"), (17.6, "+18 %"), (99.0, "+99 %"), (194.6, "×2.9"), (None, ""), (math.nan, "")],
)
def test_a_change_is_in_percent_until_it_has_doubled(change: float, words: str) -> None:
    assert wording.signed_percent(change) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [(11 / 60, "11 min"), (0, "0 min"), (1, "1 h"), (19.9, "19 h"), (71.9, "71 h"), (72, "3 d"), (math.nan, "—")],
)
def test_an_age_is_minutes_then_hours_then_days(hours: float, words: str) -> None:
    assert wording.hours(hours) == words


def test_the_ward_clock_never_stands_without_its_zone() -> None:
    assert wording.stamp(AT, BERLIN) == "Sat 21 Nov 14:12 CET"
    assert wording.dated(AT, BERLIN) == "Sat 21 Nov 2026 14:12 CET"
    assert wording.clock(AT, BERLIN, today=AT) == "14:12 CET"
    assert wording.clock(AT + timedelta(hours=10), BERLIN, today=AT) == "Sun 00:12 CET"
    assert wording.clock(AT + timedelta(days=9), BERLIN, today=AT) == "Mon 30 Nov 14:12 CET"


def test_a_zone_without_a_name_is_said_by_its_offset() -> None:
    assert wording.stamp(AT, ZoneInfo("America/Sao_Paulo")) == "Sat 21 Nov 10:12 UTC-03"


def test_the_name_of_the_zone_follows_the_change_of_the_clocks() -> None:
    summer = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert wording.stamp(summer, BERLIN) == "Sun 25 Oct 02:30 CEST"
    assert wording.stamp(summer + timedelta(hours=1), BERLIN) == "Sun 25 Oct 02:30 CET"


def test_no_moment_is_a_dash() -> None:
    assert wording.stamp(None, BERLIN) == "—"
    assert wording.stamp(pd.NaT, BERLIN) == "—"
    assert wording.age(None, AT) == "—"


@pytest.mark.parametrize(
    ("born", "words"),
    [
        ("1992-03-02", "34 y"),
        ("2026-01-30", "9 mo"),
        ("2024-11-22", "23 mo"),
        ("2024-11-21", "2 y"),
        ("1992", "33–34 y"),
        ("1992-12", "33 y"),
        ("1992-11", "33–34 y"),
        ("2024", "22 mo–2 y"),
        ("2026", "0–10 mo"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_an_age_in_years_counts_birthdays_and_infants_in_months(born: str, words: str) -> None:
    assert wording.whole_years(born, AT) == words


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("ug/L", "µg/L"),
        ("10*9/L", "×10⁹/L"),
        ("Cel", "°C"),
        ("U/L", "U/L"),
        ("umol/L", "µmol/L"),
        ("g/L", "g/L"),
        ("ug/L FEU", "µg/L"),
        ("mg/L DDU", "mg/L"),
    ],
)
def test_units_are_printed_in_their_signs(unit: str, printed: str) -> None:
    assert wording.unit(unit) == printed


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    assert wording.kept("Ferritin doubling every 21 h") == "Ferritin doubling every 21\u00a0h"
    assert wording.kept("−13 % in 12 h") == "−13\u00a0% in 12\u00a0h"
    assert wording.kept("Ferritin 12,341 ug/L") == "Ferritin 12,341\u00a0µg/L"
    assert wording.kept("48 hours") == "48 hours"


@pytest.mark.parametrize(
    ("flag", "arrow"),
    [
        ("ferritin_rising", "▲"),
        ("ferritin_extreme", "▲"),
        ("fibrinogen_low", "▼"),
        ("platelets_falling", "▼"),
        ("labs_overdue", ""),
        ("cytopenia", "▼"),
        ("ferritin_hook_suspected", ""),
        ("method_changed", ""),
        ("dilution_suspected", ""),
    ],
)
def test_a_flag_points_the_way_its_code_says(flag: str, arrow: str) -> None:
    assert wording.flag_arrow(flag) == arrow


def test_a_label_inside_a_sentence_is_small_unless_it_is_an_abbreviation() -> None:
    assert wording.running("Methylprednisolone") == "methylprednisolone"
    assert wording.running("IVIG") == "IVIG"
    assert wording.running("G-CSF") == "G-CSF"


def test_every_verdict_and_marker_state_has_words_and_a_known_tone() -> None:
    assert set(wording.VERDICT_WORD) == set(wording.VERDICT_TONE)
    assert set(wording.MARKER_WORD) == set(wording.MARKER_TONE)
    tones = {*wording.VERDICT_TONE.values(), *wording.MARKER_TONE.values(), *wording.SEVERITY_TONE.values()}
    assert tones <= set(wording.TONES)


def test_only_a_positive_statement_is_drawn_as_good() -> None:
    assert [verdict for verdict, tone in wording.VERDICT_TONE.items() if tone == "good"] == ["responding"]
    assert [state for state, tone in wording.MARKER_TONE.items() if tone == "good"] == ["improved"]
