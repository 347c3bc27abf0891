"""
What rules on trial would have raised, counted on the research view.

The ward of eight with fibrinogen called low below 1.5 g/L, on trial below 1.75. P-0012 had 1.5 and 1.3, both taken in
12 h ago: raised by either, at the same time. P-0007 has 1.71, taken in now: raised on trial alone. Nobody else came
below 2. Watched are five from 72 h ago and two (P-0009, P-0011) from 36 h ago until now: 5 x 72 h + 2 x 36 h = 18 days,
so one flag is 5.6 per 100 patient-days and two are 11.1.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import trial_reading
from dashboard.trial_sheet import trial_html
from monitoring.catalog import load_catalog
from monitoring.settings import Settings
from tests.dashboard import store_fixture
from tests.dashboard.test_views import opened, sheets
from tests.dashboard.ward_fixture import NOW, ZONE

TRIED = "[fibrinogen_low]\nbelow = 1.75\nshadow = true\n"
LOW = ["Fibrinogen low", "1", "5.6", "2", "11.1", "1", "0", "", "1"]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The ward of eight at a site that tries a rule."""
    folder = tmp_path_factory.mktemp("trial")
    site = folder / "site.toml"
    site.write_text(TRIED, encoding="utf-8")
    return store_fixture.filled(folder).model_copy(update={"site_catalog": site})


def asked(settings: Settings) -> AppTest:
    app = opened(settings, "research")
    app.button(key="trial-count").click()
    return app.run(timeout=300)


def cells(page: str, label: str) -> list[str]:
    row = next(row for row in page.split("<tr")[1:] if label in row)
    return [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)]


def test_what_a_rule_on_trial_would_have_raised_stands_beside_what_the_one_in_force_did(tried: Settings) -> None:
    before = opened(tried, "research")
    assert "tried" not in sheets(before)
    assert "Numbers of the site that raise nothing yet: Fibrinogen low." in [one.value for one in before.caption]
    page = sheets(asked(tried))["tried"]
    assert cells(page, "Fibrinogen low") == LOW
    assert "7 patients, 18.0 patient-days" in page
    assert "Fibrinogen low: below 1.5 → 1.75" in page


def test_other_days_are_not_counted_before_they_are_asked_for(tried: Settings) -> None:
    app = asked(tried)
    assert "tried" in sheets(app)
    app.selectbox(key="trial-span").select("last 30 days").run()
    assert "tried" not in sheets(app)


def test_a_site_that_tries_no_rule_is_told_how_and_offered_nothing_to_count(tmp_path: Path) -> None:
    app = opened(store_fixture.filled(tmp_path), "research")
    assert any("No rule is on trial" in one.value for one in app.markdown)
    assert "trial-count" not in [one.key for one in app.button]


def test_a_count_that_fails_is_said_in_its_place_and_the_rest_of_the_page_stands(
    tried: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial_reading._counted.clear()
    monkeypatch.setattr(trial_reading, "PATIENCE", 0.0)  # it is ended before it can answer
    page = sheets(asked(tried))
    assert "It could not be counted" in page["uncounted"]
    assert "tried" not in page
    assert "Research" in page["research"]


def flag(code: str, active: int, changed: int, **differs: int | float | None) -> dict[str, object]:
    plain = dict.fromkeys(("more", "fewer", "earlier", "later", "severity", "patients"), 0)
    hours = {"earlier_hours": None, "later_hours": None}
    return plain | hours | {"flag": code, "raised_active": active, "raised_changed": changed} | differs


def test_who_may_see_nobody_is_told_a_few_as_a_few_others_to_the_nearest_five_and_no_rate_that_tells_more() -> None:
    """12 and 13 are told as 10 and 15: else the one between them would be."""
    told = {
        "patients": 7, "patient_days": 20.0, "changed": [],
        "flags": [
            flag("ferritin_rising", 8, 8),
            flag("fibrinogen_low", 3, 6, more=3, earlier=2, earlier_hours=12.0, patients=4),
            flag("relapse", 12, 13, more=1, patients=1),
        ],
    }  # fmt: skip
    page = str(trial_html(told, load_catalog(), exact=False, at=NOW, zone=ZONE))
    few = "fewer than 5"
    assert cells(page, "Fibrinogen low") == ["Fibrinogen low", few, "—", "5", "25.0", few, "0",
                                             f"{few} earlier by 12 h", few]  # fmt: skip
    assert cells(page, "Ferritin rising") == ["Ferritin rising", "10", "50.0", "10", "50.0", "0", "0", "", "0"]
    assert cells(page, "Relapse")[1:5] == ["10", "50.0", "15", "75.0"]
    assert "5 patients, 20.0 patient-days" in page
    assert page.index("Fibrinogen low") < page.index("Ferritin rising")  # what differs stands first


def test_days_without_any_flag_say_so() -> None:
    told = {"patients": 0, "patient_days": 0.0, "changed": [], "flags": []}
    assert "Neither raised any flag in these days." in trial_html(told, load_catalog(), exact=True, at=NOW, zone=ZONE)
