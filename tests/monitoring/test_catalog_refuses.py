"""A knowledge file with a fault stops the start, and says where: file, entry and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog
from monitoring.errors import CatalogError, MaswatchError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


def refused(folder: Path, file: str, old: str, new: str) -> CatalogError:
    """What loading says once the first `old` of a file is replaced by `new`."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder=folder)
    return caught.value


def appended(folder: Path, file: str, text: str) -> CatalogError:
    with (folder / file).open("a", encoding="utf-8") as out:
        out.write(text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder=folder)
    return caught.value


ANALYTES = [
    ("a LOINC code whose check digit is wrong", '"2276-4"', '"2276-5"', "ferritin", "loinc", "check digit"),
    ("the rectal temperature code that does not exist", '"8332-9"', '"8332-3"', "temperature", "loinc", "check digit"),
    ("a LOINC code of another analyte", '"3255-7"', '"2276-4"', "fibrinogen", "loinc", "already a code of ferritin"),
    ("an empty label", 'label = "Ferritin"', 'label = " "', "ferritin", "label", "not empty"),
    ("a missing field", 'label = "Ferritin"\n', "", "ferritin", "label", "missing"),
    ("a misspelt field", "decimals = 0\norder = 1\n", "decimal = 0\norder = 1\n", "ferritin", "decimals", "missing"),
    ("a field nobody knows", "order = 1\n", "order = 1\ncolour = 3\n", "ferritin", "colour", "not a field"),
    ("an unknown axis", 'axis = "log"', 'axis = "logarithm"', "ferritin", "axis", "one of log, linear"),
    ("a factor of nothing", '"mg/L" = 1000', '"mg/L" = 0', "ferritin.units", "mg/L", "above zero"),
    ("a factor below nothing", '"mg/L" = 1000', '"mg/L" = -1000', "ferritin.units", "mg/L", "above zero"),
    ("a factor in words", '"mg/L" = 1000', '"mg/L" = "thousand"', "ferritin.units", "mg/L", "a number"),
    ("a fraction of nothing", '"pmol/L" = "1/2.247"', '"pmol/L" = "1/0"', "ferritin.units", "pmol/L", "a number"),
    ("the same unit twice", '"ng/mL" = 1, ', '"ng/mL" = 1, "ng / ml" = 2, ', "ferritin", "units", "case alone"),
    ("one unit in two spellings", '"mg/L" = 1000', '"ug / dL" = 10', "ferritin.units", "ug / dL", "same unit"),
    ("our own unit left out", '{ "ug/L" = 1, ', "{ ", "ferritin", "units", "factor 1"),
    ("a blank unit of a mass", '{ "ug/L" = 1, ', '{ "ug/L" = 1, "" = 1, ', "ferritin.units", '""', "left blank"),
    ("an unknown unit family", 'unit_family = "counts"', 'unit_family = "count"', "platelets", "unit_family", "count"),
    ("a plausible range upside down", "[0, 5_000_000]", "[5_000_000, 0]", "ferritin", "plausible", "out of order"),
    ("a variation in percent", "within_subject = 0.128", "within_subject = 12.8", "ferritin.variation", "within_subject", "0 and 1"),
    ("an unknown source", '"cokluk2021"', '"cokluk2099"', "ferritin.variation", "cite", "references.toml"),
    ("a tag nobody knows", 'tag = "S1" }\nsi_unit', 'tag = "S3" }\nsi_unit', "ferritin.due", "tag", "one of"),
    ("a verified value without its source", 'cite = ["labgeneeskunde2024"], tag', "tag", "ferritin.half_life", "cite", "needs a source"),
    ("a founding document's tag on another source", 'cite = ["S1"], tag = "S1"', 'cite = ["S2"], tag = "S1"', "ferritin.due", "cite", "'S1'"),
    ("an interval upside down", "[150, 973,", "[973, 150,", "ferritin.intervals 1", "rows", "out of order"),
    ("an interval without its ages", '[150, 973, "", 0, 0.08]', "[150, 973]", "ferritin.intervals 1", "rows", "each be"),
    ("a cut-off nothing can reach", "value = 10_000,", "value = 10_000_000,", "ferritin", "thresholds", "plausible"),
    ("a specimen without spellings", '["serum", "plasma", "blood"]', '["sera"]', "ferritin", "specimens", "words.toml"),
    ("a name with the same unit elsewhere", '"FERR",', '"FERR", "CRP",', "crp", "aliases", "could also be ferritin"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "entry", "field", "says"), [row[1:] for row in ANALYTES], ids=[row[0] for row in ANALYTES])
def test_an_analyte_is_refused_for(folder: Path, old: str, new: str, entry: str, field: str, says: str) -> None:
    error = refused(folder, "analytes.toml", old, new)
    assert (error.file, error.entry, error.field) == ("analytes.toml", entry, field)
    assert says in error.message


GIVEN = [
    ("an unknown line", "drugs.toml", 'line = "first"', 'line = "1st"', "methylprednisolone", "line", "one of"),
    ("a dose range upside down", "drugs.toml", "low = 2, high = 3", "low = 3, high = 2", "methylprednisolone.doses 3", "low", "out of order"),
    ("a maximum without its unit", "drugs.toml", ', maximum_unit = "mg/day"', "", "methylprednisolone.doses 2", "maximum", "maximum_unit"),
    ("an equivalence without its reason", "drugs.toml", ', why = "5 mg prednisone = 4 mg"', "", "methylprednisolone.prednisone", "why", "missing"),
    ("a name of another drug", "drugs.toml", '"Solu-Medrol",', '"Solu-Cortef",', "hydrocortisone", "aliases", "methylprednisolone"),
    ("an RxNorm code of another drug", "drugs.toml", '"8640"', '"6902"', "prednisone", "aliases", "methylprednisolone"),
    ("an option without a caution", "drugs.toml", 'caution = "10 mg/kg', 'xaution = "10 mg/kg', "anakinra", "xaution", "not a field"),
    ("an option after no line", "drugs.toml", 'option_after = ["first"]', 'option_after = ["third"]', "anakinra", "option_after", "third"),
    ("a course started by no steroid", "drugs.toml", "holds = { hours = 672", "starts_course = true\nholds = { hours = 672", "canakinumab", "starts_course", "steroid"),
    ("an effect on nothing known", "products.toml", 'analyte = "fibrinogen"', 'analyte = "fibrin"', "fibrinogen_concentrate", "effects", "analytes.toml"),
    ("an effect for no time", "products.toml", "hours = 72", "hours = 0", "fibrinogen_concentrate.effects 1", "hours", "above zero"),
    ("an effect in no direction", "products.toml", 'direction = "up"', 'direction = "rising"', "fibrinogen_concentrate.effects 1", "direction", "one of"),
    ("a product of an unknown drug", "products.toml", 'drug = "tocilizumab"', 'drug = "toci"', "tocilizumab", "drug", "drugs.toml"),
    ("a drug's code for another substance", "products.toml", 'drug = "tocilizumab"\n', "", "tocilizumab", "drug", "own code"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "entry", "field", "says"), [row[1:] for row in GIVEN], ids=[row[0] for row in GIVEN])
def test_a_drug_or_product_is_refused_for(folder: Path, file: str, old: str, new: str, entry: str, field: str, says: str) -> None:
    error = refused(folder, file, old, new)
    assert (error.file, error.entry, error.field) == (file, entry, field)
    assert says in error.message


RULES = [
    ("an unknown kind", 'kind = "level"', 'kind = "levels"', "rule.ferritin_extreme", "kind", "one of"),
    ("an unknown severity", 'severity = "urgent"', 'severity = "red"', "rule.steroid_nonresponse", "severity", "one of"),
    ("an unknown analyte", 'analyte = "platelets"', 'analyte = "plt"', "rule.platelets_falling", "analyte", "analytes.toml"),
    ("an unknown marker", '"ldh", "temperature"]', '"ldh", "fever"]', "rule.steroid_response", "parameters.markers", "fever"),
    ("a parameter left out", "z_clear = {", "# z_clear = {", "rule.ferritin_rising", "parameters.z_clear", "missing"),
    ("a parameter of another kind", "z_clear = {", "grace_hours = {", "rule.ferritin_rising", "parameters.z_clear", "missing"),
    ("a number without its reason", ', why = "highly suspicious of MAS"', "", "rule.ferritin_extreme.parameters.above", "why", "missing"),
    ("a way that is none", 'direction = { value = "up"', 'direction = { value = "upward"', "rule.ferritin_rising", "direction", "should be of"),
    ("bounds the wrong way round", "clear_below = { value = 7000", "clear_below = { value = 70000", "rule.ferritin_extreme", "clear_below", "out of order"),
    ("a bound with nothing to end it", "clear_below = {", "urgent_above = {", "rule.ferritin_extreme", "parameters", "above with clear_below"),
    ("a number below nothing", "floor = { value = 684", "floor = { value = -1", "rule.ferritin_rising", "floor", "below zero"),
    ("windows out of order", "value = [24, 48, 72]", "value = [48, 24, 72]", "rule.steroid_response", "windows", "should rise"),
    ("an empty list", "value = [24, 48, 72]", "value = []", "rule.steroid_response", "windows", "empty"),
    ("a truth for a number", "window_hours = { value = 72", "window_hours = { value = true", "rule.ferritin_rising.parameters.window_hours", "value", "number"),
    ("a sentence it cannot fill", "{doubling}", "{tripling}", "rule.ferritin_rising", "sentences.holds", "tripling"),
    ("a sentence that is no template", "{doubling}", "{doubling", "rule.ferritin_rising", "sentences.holds", "template"),
    ("a sentence left out", 'bounded = "{label} rising', 'upper = "{label} rising', "rule.ferritin_rising", "sentences.bounded", "missing"),
    ("a long sentence", '"{label} doubling every', '"{label} is by now already doubling about every', "rule.ferritin_rising", "sentences.holds", "at most 9 words"),
    ("an end told by a number it has not", "{clear_below:,.0f}", "{clear_beneath:,.0f}", "rule.ferritin_extreme", "changes_mind", "clear_beneath"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "entry", "field", "says"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_rule_is_refused_for(folder: Path, old: str, new: str, entry: str, field: str, says: str) -> None:
    error = refused(folder, "rules.toml", old, new)
    assert (error.file, error.entry, error.field) == ("rules.toml", entry, field)
    assert says in error.message


def test_a_rule_may_not_bring_a_parameter_its_kind_never_reads(folder: Path) -> None:
    error = refused(folder, "rules.toml", "z_clear = {", 'grace_hours = { value = 1, tag = "M", why = "no" }\nz_clear = {')
    assert (error.entry, error.field) == ("rule.ferritin_rising", "parameters.grace_hours")


def test_an_entry_that_stands_twice_is_refused_as_the_file_it_is_in(folder: Path) -> None:
    error = appended(folder, "drugs.toml", '\n[anakinra]\nlabel = "Anakinra"\n')
    assert error.file == "drugs.toml"
    assert "not valid TOML" in error.message


def test_an_analyte_named_twice_by_a_product_is_refused(folder: Path) -> None:
    text = '\n[salt]\nlabel = "Salt"\nshort = "Salt"\ntag = "M"\neffects = [\n' + 2 * (
        '  { analyte = "sodium", direction = "up", hours = 6, size = "a little", tag = "M" },\n'
    )
    error = appended(folder, "products.toml", text + "]\n")
    assert (error.entry, error.field) == ("salt", "effects")


def test_a_specimen_spelling_means_one_thing(folder: Path) -> None:
    error = refused(folder, "words.toml", '"plas", "p",', '"plas", "p", "ser",')
    assert (error.file, error.field) == ("words.toml", "plasma")


def test_a_reference_needs_its_citation(folder: Path) -> None:
    error = refused(folder, "references.toml", "citation = ", "text = ")
    assert (error.file, error.entry, error.field) == ("references.toml", "S1", "citation")


def test_a_setting_needs_its_reason(folder: Path) -> None:
    error = refused(folder, "settings.toml", "why = ", "because = ")
    assert (error.file, error.entry, error.field) == ("settings.toml", "settings.future_tolerance_minutes", "why")


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "drugs.toml").unlink()
    with pytest.raises(CatalogError, match=r"drugs\.toml: cannot be read"):
        load_catalog(folder=folder)


def test_a_file_that_is_not_text_is_named(folder: Path) -> None:
    (folder / "drugs.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match=r"drugs\.toml: is not valid TOML"):
        load_catalog(folder=folder)


def test_the_error_is_one_line_that_says_where_to_mend_it(folder: Path) -> None:
    error = refused(folder, "analytes.toml", '"mg/L" = 1000', '"mg/L" = 0')
    assert isinstance(error, MaswatchError)
    assert str(error) == "analytes.toml, [ferritin.units], mg/L: should be above zero, found 0"
