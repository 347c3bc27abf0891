"""A knowledge file with a fault stops the start, and says where: file, entry and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog
from monitoring.errors import CatalogError, MaswatchError
from tests.monitoring.broken import appended, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


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
