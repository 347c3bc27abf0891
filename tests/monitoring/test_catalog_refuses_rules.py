"""A faulty rule stops the start, and the error names file, entry and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog
from tests.monitoring.broken import refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


RULES = [
    ("an unknown kind", 'kind = "level"', 'kind = "levels"', "rule.ferritin_extreme", "kind", "one of"),
    (
        "an unknown severity",
        'severity = "urgent"',
        'severity = "red"',
        "rule.steroid_nonresponse",
        "severity",
        "one of",
    ),
    (
        "an unknown analyte",
        'analyte = "platelets"',
        'analyte = "plt"',
        "rule.platelets_falling",
        "analyte",
        "analytes.toml",
    ),
    (
        "an unknown marker",
        '"ldh", "temperature"]',
        '"ldh", "fever"]',
        "rule.steroid_response",
        "parameters.markers",
        "fever",
    ),
    ("a parameter left out", "p_clear = {", "# p_clear = {", "rule.ferritin_rising", "parameters.p_clear", "missing"),
    (
        "a parameter of another kind",
        "p_clear = {",
        "grace_hours = {",
        "rule.ferritin_rising",
        "parameters.p_clear",
        "missing",
    ),
    (
        "a number without its reason",
        ', why = "highly suspicious of MAS"',
        "",
        "rule.ferritin_extreme.parameters.above",
        "why",
        "missing",
    ),
    (
        "a way that is none",
        'direction = { value = "up"',
        'direction = { value = "upward"',
        "rule.ferritin_rising",
        "parameters.direction",
        "should be of",
    ),
    (
        "bounds the wrong way round",
        "clear_below = { value = 7000",
        "clear_below = { value = 70000",
        "rule.ferritin_extreme",
        "parameters.clear_below",
        "out of order",
    ),
    (
        "a bound with nothing to end it",
        "clear_below = {",
        "urgent_above = {",
        "rule.ferritin_extreme",
        "parameters",
        "above with clear_below",
    ),
    (
        "a number below nothing",
        "floor = { value = 500",
        "floor = { value = -1",
        "rule.ferritin_rising",
        "parameters.floor",
        "below zero",
    ),
    (
        "a company of which not every marker has its ratio",
        "company_ratio = { value = [",
        "company_ratio = { value = [0.1, ",
        "rule.ferritin_rising",
        "parameters.company",
        "as many entries",
    ),
    (
        "a spread below nothing, which only a ratio may be",
        "company_spread_percent_per_day = { value = [",
        "company_spread_percent_per_day = { value = [-1, ",
        "rule.ferritin_rising",
        "parameters.company_spread_percent_per_day",
        "below zero",
    ),
    (
        "a company nobody knows",
        'company = { value = ["ldh"',
        'company = { value = ["ld"',
        "rule.ferritin_rising",
        "parameters.company",
        "'ld' is not in analytes.toml",
    ),
    (
        "a marker that keeps itself company",
        'company = { value = ["ldh"',
        'company = { value = ["ferritin"',
        "rule.ferritin_rising",
        "parameters.company",
        "counted twice",
    ),
    (
        "a company that names a marker twice",
        'company = { value = ["ldh"',
        'company = { value = ["ast"',
        "rule.ferritin_rising",
        "parameters.company",
        "'ast' would be counted twice",
    ),
    (
        "a company whose noise nobody measured",
        'company = { value = ["ldh"',
        'company = { value = ["il18"',
        "rule.ferritin_rising",
        "parameters.company",
        "'il18' has no variation",
    ),
    (
        "an end more probable than the beginning",
        "p_clear = { value = 0.2,",
        "p_clear = { value = 0.9,",
        "rule.ferritin_rising",
        "parameters.p_clear",
        "out of order",
    ),
    (
        "windows out of order",
        "value = [24, 48, 72]",
        "value = [48, 24, 72]",
        "rule.steroid_response",
        "parameters.windows",
        "should rise",
    ),
    ("an empty list", "value = [24, 48, 72]", "value = []", "rule.steroid_response", "parameters.windows", "empty"),
    (
        "a truth for a number",
        "window_hours = { value = 72",
        "window_hours = { value = true",
        "rule.ferritin_rising.parameters.window_hours",
        "value",
        "number",
    ),
    ("a sentence it cannot fill", "{doubling}", "{tripling}", "rule.ferritin_rising", "sentences.holds", "tripling"),
    (
        "a sentence that is no template",
        "{doubling}",
        "{doubling",
        "rule.ferritin_rising",
        "sentences.holds",
        "template",
    ),
    (
        "a sentence left out",
        'bounded = "{label} rising',
        'upper = "{label} rising',
        "rule.ferritin_rising",
        "sentences.bounded",
        "missing",
    ),
    (
        "a long sentence",
        '"{label} doubling every',
        '"{label} is by now already doubling about every',
        "rule.ferritin_rising",
        "sentences.holds",
        "at most 9 words",
    ),
    (
        "an end told by a number it has not",
        "{clear_below:,.0f}",
        "{clear_beneath:,.0f}",
        "rule.ferritin_extreme",
        "changes_mind",
        "clear_beneath",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "entry", "field", "says"), [row[1:] for row in RULES], ids=[row[0] for row in RULES]
)
def test_a_rule_is_refused_for(folder: Path, old: str, new: str, entry: str, field: str, says: str) -> None:
    error = refused(folder, "rules.toml", old, new)
    assert (error.file, error.entry, error.field) == ("rules.toml", entry, field)
    assert says in error.message


def test_a_rule_may_not_bring_a_parameter_its_kind_never_reads(folder: Path) -> None:
    error = refused(
        folder, "rules.toml", "p_clear = {", 'grace_hours = { value = 1, tag = "M", why = "no" }\np_clear = {'
    )
    assert (error.entry, error.field) == ("rule.ferritin_rising", "parameters.grace_hours")


def test_a_ratio_may_be_below_zero_and_the_company_stands_in_any_order() -> None:
    ratios = load_catalog().rules["ferritin_rising"].parameters["company_ratio"]
    assert min(ratios) < 0 < max(ratios)  # platelets fall as ferritin rises
    assert list(ratios) != sorted(ratios)
