"""Who is heard of no more sinks below the board: counted, named, never hidden and never drawn as reassuring."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from dashboard.bedside import Bedside, Series, Ward
from dashboard.selection import WardAsked
from dashboard.silence import silent_hours
from dashboard.sparkline import Point
from dashboard.wall_sheet import wall_html
from dashboard.ward_table import rows, ward_html
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NEXT_RUN, ZONE, ago, bed, ward

DAY = 24.0


def old(number: str, days: float, **more: Any) -> Bedside:
    """One of the eight whose only result was drawn so many days ago."""
    told: dict[str, Any] = {
        "series": {"ferritin": Series([Point(-days * DAY, 900)])},
        "trends": {},
        "spans": (),
        "awaited": (),
    }
    return replace(bed(number), **(told | more))


def ward_with(*sides: Bedside) -> Ward:
    names = {side.id: side for side in sides}
    return replace(ward(), sides=tuple(names.get(side.id, side) for side in ward().sides))


def html(told: Ward, asked: WardAsked | None = None) -> str:
    text = ward_html(told, catalog(), asked or WardAsked(), zone=ZONE, next_run_at=NEXT_RUN)
    return str(text).replace("\u00a0", " ")


def beds(text: str) -> list[str]:
    return re.findall(r'<span class="name[^"]*">([^<]*)</span>', text)


def test_who_is_silent_for_two_weeks_is_below_the_board_with_the_last_word_of_them() -> None:
    text = html(ward_with(old("9", 15), old("7", 16)))
    assert beds(text) == ["12", "3", "5", "2", "11", "14"]
    assert "2 patients without any result or dose for 14 days or more, <b>1 of them needs a decision</b>" in text
    assert "Bed 9</a> ICU 2 · last result or dose Fri 6 Nov 14:12 CET, 15 d ago" in text
    assert "Not responding to steroids at 48 h" in text
    assert "are hidden" not in text


@pytest.mark.parametrize(("days", "silent"), [(14 - 1 / 1440, False), (14, True)])
def test_the_fold_begins_at_its_minute(days: float, silent: bool) -> None:
    (row,) = [row for row in rows(ward_with(old("9", days)), catalog(), zone=ZONE) if row.side.name == "9"]
    assert row.silent is silent


def test_a_dose_is_news_as_a_result_is_and_an_end_to_come_is_none() -> None:
    dose = {**bed("7").spans[0], "started_at": ago(3 * DAY), "ended_at": ago(-1)}
    assert silent_hours(old("9", 20, spans=(dose,))) == pytest.approx(72)


def test_without_any_result_the_admission_counts() -> None:
    nothing = old("9", 20, series={}, patient={**bed("9").patient, "admitted_at": ago(16 * DAY)})
    assert "nothing since the admission, Thu 5 Nov 14:12 CET, 16 d ago" in html(ward_with(nothing))


def test_finding_a_silent_patient_opens_the_fold_and_the_wall_says_who_is_not_on_it() -> None:
    told = ward_with(old("9", 15))
    assert '<details class="silent" data-key="silent" open>' in html(told, WardAsked(find="9"))
    assert "No patient here matches" not in html(told, WardAsked(find="9"))
    wall = wall_html(told, catalog(), WardAsked(kiosk="1"), zone=ZONE, next_run_at=NEXT_RUN)
    assert "1 patient without any result or dose for 14 days or more: not on this screen" in wall
