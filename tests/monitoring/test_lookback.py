"""How far back a cycle reads, and when nothing short of all history will do."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from monitoring.analysis.lookback import lookback, reach_hours
from tests.spec.drawing import at, catalog

NOW = pd.Timestamp(at(1000))
HOUR = pd.Timedelta(hours=1)


def test_every_line_and_the_level_before_it_lie_within_reach() -> None:
    for rule in catalog().rules.values():
        numbers = rule.parameters
        if rule.kind in ("trend", "relapse"):
            assert numbers["window_hours"] + numbers["level_hours"] < reach_hours(catalog())
            assert numbers.get("span_hours", 0) < reach_hours(catalog())


def test_a_longer_window_of_a_site_makes_it_read_further_back() -> None:
    rule = catalog().rules["fibrinogen_falling"]
    longer = replace(rule, parameters={**rule.parameters, "span_hours": 400.0})
    changed = replace(catalog(), rules={**catalog().rules, rule.code: longer})
    assert reach_hours(changed) == 400 + 0.75 + 48


@pytest.mark.parametrize(("ago", "bounded"), [(12, True), (48, True), (48.1, False), (None, False)])
def test_a_judgement_too_long_ago_asks_for_all_history(ago: float | None, bounded: bool) -> None:
    judged_at = None if ago is None else NOW - ago * HOUR
    assert (lookback(catalog(), as_of=NOW, judged_at=judged_at) is not None) == bounded


def test_what_was_told_in_the_day_before_the_last_judgement_is_not_taken_for_judged() -> None:
    span = lookback(catalog(), as_of=NOW, judged_at=NOW - 12 * HOUR)
    assert span is not None
    assert span.heard == NOW - 36 * HOUR
    assert span.heard - span.trusted >= 24 * HOUR
    assert span.trusted - span.since == reach_hours(catalog()) * HOUR


def test_a_kind_of_rule_nobody_has_accounted_for_asks_for_all_history() -> None:
    rule = replace(catalog().rules["relapse"], kind="something new")
    changed = replace(catalog(), rules={**catalog().rules, rule.code: rule})
    assert lookback(changed, as_of=NOW, judged_at=NOW - 12 * HOUR) is None
