"""A faulty drug or product stops the start, and the error names file, entry and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog
from tests.monitoring.broken import refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


GIVEN = [
    ("an unknown line", "drugs.toml", 'line = "first"', 'line = "1st"', "methylprednisolone", "line", "one of"),
    (
        "a dose range upside down",
        "drugs.toml",
        "low = 2, high = 3",
        "low = 3, high = 2",
        "methylprednisolone.doses 3",
        "low",
        "out of order",
    ),
    (
        "a maximum without its unit",
        "drugs.toml",
        ', maximum_unit = "mg/day"',
        "",
        "methylprednisolone.doses 2",
        "maximum",
        "maximum_unit",
    ),
    (
        "an equivalence without its reason",
        "drugs.toml",
        ', why = "5 mg prednisone = 4 mg"',
        "",
        "methylprednisolone.prednisone",
        "why",
        "missing",
    ),
    (
        "a name of another drug",
        "drugs.toml",
        '"Solu-Medrol",',
        '"Solu-Cortef",',
        "hydrocortisone",
        "aliases",
        "methylprednisolone",
    ),
    ("an RxNorm code of another drug", "drugs.toml", '"8640"', '"6902"', "prednisone", "aliases", "methylprednisolone"),
    (
        "an option without a caution",
        "drugs.toml",
        'caution = "10 mg/kg',
        'xaution = "10 mg/kg',
        "anakinra",
        "xaution",
        "not a field",
    ),
    (
        "an option after no line",
        "drugs.toml",
        'option_after = ["first"]',
        'option_after = ["third"]',
        "anakinra",
        "option_after",
        "third",
    ),
    (
        "a course started by no steroid",
        "drugs.toml",
        "holds = { hours = 672",
        "starts_course = true\nholds = { hours = 672",
        "canakinumab",
        "starts_course",
        "steroid",
    ),
    (
        "an effect on nothing known",
        "products.toml",
        'analyte = "fibrinogen"',
        'analyte = "fibrin"',
        "fibrinogen_concentrate",
        "effects",
        "analytes.toml",
    ),
    (
        "an effect for no time",
        "products.toml",
        "hours = 72",
        "hours = 0",
        "fibrinogen_concentrate.effects 1",
        "hours",
        "above zero",
    ),
    (
        "an effect in no direction",
        "products.toml",
        'direction = "up"',
        'direction = "rising"',
        "fibrinogen_concentrate.effects 1",
        "direction",
        "one of",
    ),
    (
        "a strength without its half-life",
        "products.toml",
        "half_life_hours = 76, ",
        "",
        "fibrinogen_concentrate.effects 1",
        "half_life_hours",
        "missing",
    ),
    (
        "a half-life without its strength",
        "products.toml",
        "raises_per_mg_kg = 0.017, ",
        "",
        "fibrinogen_concentrate.effects 1",
        "raises_per_mg_kg",
        "missing",
    ),
    (
        "a strength that is as sure as none can be",
        "products.toml",
        "differs = 0.35",
        "differs = 0",
        "fibrinogen_concentrate.effects 1",
        "differs",
        "above zero",
    ),
    (
        "a product of an unknown drug",
        "products.toml",
        'drug = "tocilizumab"',
        'drug = "toci"',
        "tocilizumab",
        "drug",
        "drugs.toml",
    ),
    (
        "a drug's code for another substance",
        "products.toml",
        'drug = "tocilizumab"\n',
        "",
        "tocilizumab",
        "drug",
        "own code",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "entry", "field", "says"), [row[1:] for row in GIVEN], ids=[row[0] for row in GIVEN]
)
def test_a_drug_or_product_is_refused_for(
    folder: Path, file: str, old: str, new: str, entry: str, field: str, says: str
) -> None:
    error = refused(folder, file, old, new)
    assert (error.file, error.entry, error.field) == (file, entry, field)
    assert says in error.message


def test_a_product_whose_strength_nobody_knows_raises_by_none() -> None:
    plasma = next(one for one in load_catalog().products["plasma"].effects if one.analyte == "fibrinogen")
    assert plasma.raises_per_mg_kg is None
