"""The clock bar and the chart are laid out for the windows of the rule; a change of one must be seen in the other."""

from __future__ import annotations

from dashboard.bedside import STEROID_CLOCK_HOURS
from dashboard.chart_time import DECISION
from monitoring.catalog import load_catalog


def test_the_screen_shows_the_windows_that_the_rule_judges() -> None:
    rule = load_catalog().rules["steroid_response"].parameters
    assert (*DECISION, STEROID_CLOCK_HOURS) == rule["windows"]
    assert DECISION[1] == rule["decision_hours"]
