"""A site's own numbers: what they may change, and that what they change is told as a site setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.errors import CatalogError
from monitoring.terms import Cited


def site(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"  # a site may call its file as it likes
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_may_change_a_rule_and_the_rule_says_so(tmp_path: Path) -> None:
    catalog = load_catalog(site(tmp_path, "[ferritin_rising]\nz_raise = 2.9\nwindow_hours = 96\n"))
    rule = catalog.rules["ferritin_rising"]
    assert (rule.parameters["z_raise"], rule.parameters["window_hours"]) == (2.9, 96)
    assert rule.site_setting
    assert rule.sources["z_raise"] == Cited(("site",), "local default")
    assert "site" in catalog.references


def test_a_rule_in_the_shadow_stays_as_published_until_it_is_switched_on(tmp_path: Path) -> None:
    text = "[ferritin_rising]\nfloor = 600\nshadow = {}\n[fibrinogen_low]\nbelow = 1.6\n"
    plain, tried = load_catalog(), load_catalog(site(tmp_path, text.format("true")))
    assert tried.rules["ferritin_rising"] == plain.rules["ferritin_rising"]
    assert tried.rules["fibrinogen_low"].parameters["below"] == 1.6
    assert list(tried.shadowed) == ["ferritin_rising"]
    on = load_catalog(site(tmp_path, text.format("false")))
    assert tried.switched_on().rules == on.rules
    assert (on.rules["ferritin_rising"].parameters["floor"], on.shadowed) == (600, {})


def test_what_a_site_leaves_alone_stays_as_published(tmp_path: Path) -> None:
    plain, changed = load_catalog(), load_catalog(site(tmp_path, "[ferritin_rising]\nz_raise = 2.9\n"))
    assert changed.rules["ferritin_rising"].parameters["floor"] == plain.rules["ferritin_rising"].parameters["floor"]
    assert changed.rules["ferritin_rising"].sources["floor"] == plain.rules["ferritin_rising"].sources["floor"]
    assert not changed.rules["fibrinogen_falling"].site_setting
    assert not any(rule.site_setting for rule in plain.rules.values())


def test_a_site_may_change_a_list_and_a_setting(tmp_path: Path) -> None:
    text = '[labs_overdue]\nanalytes = ["ferritin", "ldh"]\n[settings]\nfuture_tolerance_minutes = 5\n'
    catalog = load_catalog(site(tmp_path, text))
    assert catalog.rules["labs_overdue"].parameters["analytes"] == ("ferritin", "ldh")
    assert catalog.settings["future_tolerance_minutes"] == 5
    assert catalog.settings_sources["future_tolerance_minutes"].cite == ("site",)


def test_what_would_change_the_mind_is_told_with_the_sites_number(tmp_path: Path) -> None:
    catalog = load_catalog(site(tmp_path, "[fibrinogen_low]\nclear_above = 2.2\n"))
    assert "above 2.2 g/L" in catalog.rules["fibrinogen_low"].changes_mind


def test_the_version_of_the_catalog_changes_with_the_sites_file(tmp_path: Path) -> None:
    plain = load_catalog().version
    assert load_catalog().version == plain
    assert load_catalog(site(tmp_path, "[ferritin_rising]\nz_raise = 2.9\n")).version != plain


@pytest.mark.parametrize(
    ("text", "entry", "field", "says"),
    [
        ("[ferritin_risen]\nz_raise = 3\n", "ferritin_risen", "", "not a rule"),
        ("[ferritin_rising]\nz_rise = 3\n", "ferritin_rising", "z_rise", "not a parameter"),
        ('[ferritin_rising]\nz_raise = "3"\n', "ferritin_rising", "z_raise", "should be like"),
        ("[ferritin_rising]\nz_raise = true\n", "ferritin_rising", "z_raise", "number"),
        ("[ferritin_rising]\nz_raise = [3]\n", "ferritin_rising", "z_raise", "should be like"),
        ("[ferritin_rising]\nfloor = -5\n", "ferritin_rising", "floor", "below zero"),
        ('[ferritin_rising]\ndirection = "sideways"\n', "ferritin_rising", "direction", "should be of"),
        ("[ferritin_extreme]\nclear_below = 20000\n", "ferritin_extreme", "clear_below", "out of order"),
        ("[steroid_response]\nwindows = [72, 24]\n", "steroid_response", "windows", "should rise"),
        ("[settings]\nround = 6\n", "settings", "round", "not a parameter"),
        ("settings = 3\n", "settings", "", "table"),
        ("[ferritin_rising]\nz_raise = inf\n", "ferritin_rising", "z_raise", "number"),
        ('[labs_overdue]\nanalytes = ["zinc"]\n', "labs_overdue", "analytes", "zinc"),
        ('[ferritin_rising]\ncompany = ["ldh"]\n', "ferritin_rising", "company", "as many entries"),
        ('[fibrinogen_falling]\ncompany = ["platelets", "il18"]\n', "fibrinogen_falling", "company", "no variation"),
        ("[ferritin_rising]\np_raise = 0.1\n", "ferritin_rising", "p_raise", "out of order"),
        ("[ferritin_rising]\ncompany_along = 1.5\n", "ferritin_rising", "company_along", "between 0 and 1"),
        ("[ferritin_rising]\nmoving_share = 0\n", "ferritin_rising", "moving_share", "between 0 and 1"),
        ("[ferritin_rising]\nturn_hours = 0\n", "ferritin_rising", "turn_hours", "above zero"),
        ("[ferritin_rising]\ncompany_ratio = [0.3]\n", "ferritin_rising", "company_ratio", "as many entries"),
        ("[ferritin_rising]\nfloor = -5\nshadow = true\n", "ferritin_rising", "floor", "below zero"),
        ("[ferritin_rising]\nfloor = 5\nshadow = 1\n", "ferritin_rising", "shadow", "true or false"),
        ("[ferritin_rising]\nshadow = true\n", "ferritin_rising", "shadow", "nothing to try"),
        ("[ferritin_risen]\nfloor = 5\nshadow = true\n", "ferritin_risen", "", "not a rule"),
    ],
)
def test_a_site_may_not(tmp_path: Path, text: str, entry: str, field: str, says: str) -> None:
    path = site(tmp_path, text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(path)
    error = caught.value
    assert (error.file, error.entry, error.field) == (str(path.resolve()), entry, field)
    assert says in error.message


def test_a_site_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog(tmp_path / "missing.toml")
