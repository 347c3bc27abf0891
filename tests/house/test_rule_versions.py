"""A rule's numbers and meaning do not change without its version, and what older versions meant stays listed."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.rule_versions import added, changed, current, digest, faults, listed, meaning, written

LISTED = listed()
ALL = [(code, version) for code, versions in LISTED.items() for version in versions]


def of_rule(**parameters: Any) -> dict[str, Any]:
    stated = {name: {"value": value, "unit": "h", "why": "a reason"} for name, value in parameters.items()}
    return meaning({"kind": "level", "severity": "watch", "label": "Some rule", "parameters": stated})


def test_every_rule_means_what_is_listed_for_its_version() -> None:
    assert list(faults(current(), LISTED)) == []


@pytest.mark.parametrize(("code", "version"), ALL)
def test_what_is_listed_was_not_changed_by_hand(code: str, version: str) -> None:
    told = {name: value for name, value in LISTED[code][version].items() if name != "digest"}
    assert digest(told) == LISTED[code][version]["digest"]


def test_the_first_rules_are_still_listed_with_their_numbers() -> None:
    # before it weighed probabilities, a rise was called from 2.58 noises: two-sided 99 %
    assert LISTED["ferritin_rising"]["1.0.0"]["parameters"]["z_raise"] == {"value": 2.58}


def test_a_number_that_changes_within_its_version_is_named() -> None:
    (told,) = faults({"low": {"1.0.0": of_rule(below=2, above=5)}}, {"low": {"1.0.0": of_rule(below=1.5, above=5)}})
    assert told == "low: below changed within version 1.0.0; raise the version"


def test_a_version_that_is_not_listed_is_named() -> None:
    (told,) = faults({"low": {"1.1.0": of_rule(below=2)}}, {"low": {"1.0.0": of_rule(below=1.5)}})
    assert told.startswith("low: version 1.1.0 is not listed")


def test_reasons_and_the_way_a_number_is_written_change_nothing() -> None:
    other = {"below": {"value": 2.0, "unit": "h", "why": "a better reason"}}
    again = meaning({"kind": "level", "severity": "watch", "label": "Another label", "parameters": other})
    assert again["digest"] == of_rule(below=2)["digest"]


@pytest.mark.parametrize(("field", "value"), [("severity", "urgent"), ("kind", "trend"), ("analyte", "crp")])
def test_kind_analyte_and_severity_are_part_of_the_meaning(field: str, value: str) -> None:
    table = {"kind": "level", "severity": "watch", "parameters": {"below": {"value": 2, "unit": "h"}}}
    other = meaning(table | {field: value})
    assert other["digest"] != meaning(table)["digest"]
    assert changed(meaning(table), other) == [field]


def test_a_new_version_is_added_and_the_older_one_stays() -> None:
    old, new = of_rule(below=1.5), of_rule(below=2)
    whole = added({"low": {"1.1.0": new}}, {"low": {"1.0.0": old}, "gone": {"1.0.0": old}}, anew=False)
    assert whole == {"low": {"1.0.0": old, "1.1.0": new}, "gone": {"1.0.0": old}}


def test_what_is_listed_is_written_over_only_when_asked() -> None:
    old, new = {"low": {"1.0.0": of_rule(below=1.5)}}, {"low": {"1.0.0": of_rule(below=2)}}
    assert added(new, deepcopy(old), anew=False) == old
    assert added(new, deepcopy(old), anew=True) == new


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    (tmp_path / "versions.toml").write_text(written(LISTED), encoding="utf-8")
    assert listed(tmp_path) == LISTED
    assert (KNOWLEDGE / "versions.toml").read_text(encoding="utf-8") == written(LISTED)
    assert parsed("versions.toml", read_bytes(tmp_path / "versions.toml")) == LISTED
