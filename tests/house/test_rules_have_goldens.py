"""Every rule has golden courses beside it, and one that raises flags has courses with and without its flag."""

from __future__ import annotations

from functools import cache

import pytest

from monitoring.catalog import load_catalog
from monitoring.golden import golden_courses

CATALOG = load_catalog()


@cache
def stands() -> dict[str, set[str]]:
    """Rule -> how its flag stands in any of its golden courses."""
    told = golden_courses(CATALOG)
    return {code: {e.flag for golden in told if golden.rule == code for e in golden.expected} for code in CATALOG.rules}


@pytest.mark.parametrize("code", [code for code, rule in CATALOG.rules.items() if rule.sentences])
def test_a_rule_that_raises_flags_has_a_course_with_its_flag_and_one_without(code: str) -> None:
    assert {"active", "silent"} <= stands()[code]


@pytest.mark.parametrize("code", [code for code, rule in CATALOG.rules.items() if not rule.sentences])
def test_a_rule_that_raises_none_has_a_course_too(code: str) -> None:
    assert stands()[code]
