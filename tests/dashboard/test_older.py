"""What was last measured before the days that are read is named on the page, with the way to it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dashboard.figure_choices import choices_html
from dashboard.older import older
from dashboard.selection import PatientAsked
from dashboard.series import phrase
from dashboard.sparkline import Point
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, ago, bed

DAY = 24.0
ASKED = PatientAsked("P-0014", units="si")


def test_an_analyte_of_long_ago_is_named_with_its_age_and_the_stay_is_offered() -> None:
    side = replace(bed("14"), trends={}, patient={**bed("14").patient, "admitted_at": ago(30 * DAY)})
    drawn = {
        "crp": pd.Timestamp(ago(12 * DAY)),
        "ldh": pd.Timestamp(ago(13 * DAY)),
        "of_no_panel": pd.Timestamp(ago(0)),
    }
    told = older(side, drawn, catalog(), ASKED, zone=ZONE)
    assert told is not None
    assert told.words == "CRP (12 d old), LDH (13 d old)"
    assert told.hover == "CRP Mon 9 Nov 14:12 CET · LDH Sun 8 Nov 14:12 CET"
    assert told.href == "/patient?patient=P-0014&span=stay&units=si"
    page = choices_html(side, catalog(), ASKED, told)
    assert "Measured longer ago and not shown here: CRP (12\u00a0d old)" in page


def test_what_was_measured_before_the_admission_is_found_under_all_stays() -> None:
    side = replace(bed("14"), trends={}, patient={**bed("14").patient, "admitted_at": ago(2 * DAY)})
    told = older(side, {"crp": pd.Timestamp(ago(12 * DAY))}, catalog(), ASKED, zone=ZONE)
    assert told is not None
    assert (told.where, told.href) == ("all stays", "/patient?patient=P-0014&span=all&units=si")


def test_nothing_is_said_where_nothing_is_left_out_or_the_stay_is_shown() -> None:
    side, drawn = bed("14"), {"ldh": pd.Timestamp(ago(13 * DAY))}
    assert older(side, {code: pd.Timestamp(ago(1)) for code in side.trends}, catalog(), ASKED, zone=ZONE) is None
    assert older(side, drawn, catalog(), replace(ASKED, span="stay"), zone=ZONE) is None


def test_a_value_with_others_long_before_it_is_not_said_to_be_the_only_one() -> None:
    series = replace(bed("14").series["crp"], confounded_by="")
    trend = {**bed("14").trends["crp"], "direction": "unknown", "comparator": "", "phrase": "one value"}
    alone, several = (replace(series, points=points) for points in ([Point(-1, 9)], [Point(-200, 80), Point(-1, 9)]))
    assert phrase(trend, alone, catalog()) == "one value"
    assert phrase(trend, several, catalog()) == "nothing comparable lately"
