"""A faulty analyte stops the start, and the error names file, entry and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE
from tests.monitoring.broken import refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


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
    (
        "a variation in percent",
        "within_subject = 0.128",
        "within_subject = 12.8",
        "ferritin.variation",
        "within_subject",
        "0 and 1",
    ),
    ("an unknown source", '"cokluk2021"', '"cokluk2099"', "ferritin.variation", "cite", "references.toml"),
    ("a tag nobody knows", 'tag = "S1" }\nsi_unit', 'tag = "S3" }\nsi_unit', "ferritin.due", "tag", "one of"),
    (
        "a verified value without its source",
        'cite = ["labgeneeskunde2024"], tag',
        "tag",
        "ferritin.half_life",
        "cite",
        "needs a source",
    ),
    (
        "a founding document's tag on another source",
        'cite = ["S1"], tag = "S1"',
        'cite = ["S2"], tag = "S1"',
        "ferritin.due",
        "cite",
        "'S1'",
    ),
    ("an interval upside down", "[150, 973,", "[973, 150,", "ferritin.intervals 1", "rows", "out of order"),
    (
        "an interval without its ages",
        '[150, 973, "", 0, 0.08]',
        "[150, 973]",
        "ferritin.intervals 1",
        "rows",
        "each be",
    ),
    ("a cut-off nothing can reach", "value = 10_000,", "value = 10_000_000,", "ferritin", "thresholds", "plausible"),
    ("a specimen without spellings", '["serum", "plasma", "blood"]', '["sera"]', "ferritin", "specimens", "words.toml"),
    ("a name with the same unit elsewhere", '"FERR",', '"FERR", "CRP",', "crp", "aliases", "could also be ferritin"),
]


@pytest.mark.parametrize(
    ("old", "new", "entry", "field", "says"), [row[1:] for row in ANALYTES], ids=[row[0] for row in ANALYTES]
)
def test_an_analyte_is_refused_for(folder: Path, old: str, new: str, entry: str, field: str, says: str) -> None:
    error = refused(folder, "analytes.toml", old, new)
    assert (error.file, error.entry, error.field) == ("analytes.toml", entry, field)
    assert says in error.message
