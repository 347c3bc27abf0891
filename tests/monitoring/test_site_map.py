"""What a source means by its own codes: the site's file, and over it what a person said; for every kind of feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors import CatalogError
from monitoring.intake import Circumstances, RawFile, Taken, read
from monitoring.settings import Settings
from monitoring.sieve import OwnName
from monitoring.site_map import file_words, own_names
from storage.meanings import say_meaning
from tests.monitoring.hl7_fixture import result
from tests.monitoring.intake_fixture import NOW, Site, catalog, lab, settings, site

WORD = '[[map]]\nsource = "lis"\ncode = "QX1"\nanalyte = "ferritin"\nunit = "ug/L"\n'


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


def with_file(folder: Path, text: str) -> Settings:
    file = folder / "codes.toml"
    file.write_text(text, encoding="utf-8")
    return settings(folder).model_copy(update={"site_map": file})


def meant(ward: Site, source: str) -> dict[str, OwnName]:
    return dict(own_names(ward.store, ward.settings, ward.catalog, source))


def say(ward: Site, source: str, code: str, analyte: str) -> None:
    ward.now += timedelta(minutes=1)
    say_meaning(ward.store, source, code, analyte=analyte, at=ward.now, by="Dr Weber")


def test_without_a_file_and_without_a_word_nothing_is_mapped(ward: Site) -> None:
    assert meant(ward, "lis") == {}


def test_the_file_names_codes_source_by_source(ward: Site, tmp_path: Path) -> None:
    anywhere = '[[map]]\nsource = "*"\ncode = "QX2"\nanalyte = "CRP"\n'
    ward.settings = with_file(tmp_path, WORD + anywhere)
    assert meant(ward, "lis") == {"qx1": OwnName("ferritin", "ug/L"), "qx2": OwnName("crp")}
    assert meant(ward, "other") == {"qx2": OwnName("crp")}


def test_a_word_for_one_source_goes_before_one_for_all_and_a_persons_before_the_files(
    ward: Site, tmp_path: Path
) -> None:
    ward.settings = with_file(tmp_path, WORD)
    say(ward, "*", "qx1", "crp")
    assert meant(ward, "lis")["qx1"].analyte == "crp"
    say(ward, "lis", "QX1", "ldh")
    say(ward, "*", "qx1", "ast")
    assert meant(ward, "lis")["qx1"].analyte == "ldh"
    assert meant(ward, "other")["qx1"].analyte == "ast"


def test_a_word_taken_back_leaves_the_files(ward: Site, tmp_path: Path) -> None:
    ward.settings = with_file(tmp_path, WORD)
    say(ward, "lis", "QX1", "ldh")
    say(ward, "lis", "QX1", "")
    assert meant(ward, "lis")["qx1"].analyte == "ferritin"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WORD.replace("ferritin", "zonulin"), "map 1, lis QX1], analyte: 'zonulin' is no analyte of the catalog"),
        (WORD.replace("ug/L", "furlong"), "map 1, lis QX1], unit: 'furlong' is no unit that Ferritin is known in"),
        (WORD + WORD.replace("QX1", " qx1 "), "map 2, lis qx1], code: stands there twice, also in map 1"),
        (WORD.replace("unit =", "units ="), "map 1, lis QX1], units: is not known here"),
        (WORD.replace('code = "QX1"\n', ""), "map 1], code: is missing"),
        (WORD.replace('"QX1"', "7"), "map 1, lis 7], code: must be a text"),
        ("[map]\nsource = 'lis'\n", "map: is not known here; write [[map]]"),
        ("[[map]\n", "is not valid TOML"),
    ],
)
def test_a_slip_in_the_file_is_one_sentence_that_names_file_and_entry(tmp_path: Path, text: str, said: str) -> None:
    told = with_file(tmp_path, text)
    with pytest.raises(CatalogError) as caught:
        file_words(told.site_map, catalog())
    assert str(caught.value).startswith(str(told.site_map))
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        file_words(tmp_path / "none.toml", catalog())


def test_a_mapped_code_is_read_in_the_unit_told_and_else_in_the_maps(ward: Site, tmp_path: Path) -> None:
    ward.settings = with_file(tmp_path, WORD.replace('"lis"', '"drop"'))
    ward.takes(lab("700", analyte="QX1", unit="ng/mL"))
    ward.takes(lab("0.7", analyte="qx1", unit="mg/L", collected_at="2026-01-07T06:00:00+01:00"))
    ward.takes(lab("650", analyte="QX1", unit="", collected_at="2026-01-08T06:00:00+01:00"))
    assert ward.labs()[["analyte", "value", "unit"]].to_numpy().tolist() == [
        ["ferritin", 700, "ug/L"], ["ferritin", 700, "ug/L"], ["ferritin", 650, "ug/L"],
    ]  # fmt: skip
    assert ward.reasons() == []


def test_another_source_does_not_speak_that_language(ward: Site, tmp_path: Path) -> None:
    ward.settings = with_file(tmp_path, WORD)
    ward.takes(lab(analyte="QX1"))
    assert ward.reasons() == ["unknown_analyte"]


def test_the_map_overrules_a_name_that_the_catalog_knows(ward: Site) -> None:
    say(ward, "drop", "Ferritin", "crp")
    ward.takes(lab("12", unit="mg/L"))
    assert ward.labs()["analyte"].tolist() == ["crp"]


def test_a_loinc_code_the_catalog_does_not_know_can_be_mapped(ward: Site) -> None:
    say(ward, "drop", "99999-9", "ferritin")
    ward.takes(lab(analyte="", loinc="99999-9"))
    (row,) = ward.labs().to_dict("records")
    assert (row["analyte"], row["loinc"]) == ("ferritin", "99999-9")


def test_code_and_loinc_that_the_map_gives_two_meanings_wait(ward: Site) -> None:
    say(ward, "drop", "QX1", "crp")
    say(ward, "drop", "99999-9", "ferritin")
    ward.takes(lab(analyte="QX1", loinc="99999-9"))
    assert ward.reasons() == ["conflicting_codes"]


def read_by_map(content: str, code: str, own: OwnName) -> Taken:
    zone = settings(Path("/nowhere")).zone
    at = Circumstances(catalog(), zone, NOW, "lis", own={code.casefold(): own})
    return read(RawFile("feed", content.encode()), at)


@pytest.mark.parametrize("told", ["QX1^Eisenspeicher^L", "ZZ^Unbekannt^L^QX1^Eisen^99LAB", "^QX1"])
def test_an_hl7_code_is_found_wherever_it_stands(told: str) -> None:
    taken = read_by_map(result("700", f3=told, f6="ng/mL"), "QX1", OwnName("ferritin"))
    assert taken.facts["observations"]["analyte"].tolist() == ["ferritin"]


def test_an_hl7_code_the_site_maps_goes_before_a_loinc_and_keeps_it() -> None:
    taken = read_by_map(result("12", f3="QX1^Ferritin^L^2276-4^Ferritin^LN", f6="mg/L"), "QX1", OwnName("crp"))
    row = taken.facts["observations"].iloc[0]
    assert (row["analyte"], row["loinc"]) == ("crp", "2276-4")


def test_the_unit_of_an_hl7_result_is_sought_among_those_of_the_mapped_analyte() -> None:
    taken = read_by_map(result("700", f3="QX1^X^L", f6="??^odd^L^ng/mL"), "QX1", OwnName("ferritin"))
    assert taken.facts["observations"]["value"].tolist() == [700.0]


@pytest.mark.parametrize("code", ["http://lab|20005", "20005"])
def test_a_fhir_code_is_mapped_with_its_system_or_without(code: str) -> None:
    content = """{"resourceType": "Observation", "id": "o1", "status": "final",
      "code": {"coding": [{"system": "http://lab", "code": "20005"}]}, "subject": {"reference": "Patient/p1"},
      "effectiveDateTime": "2026-01-06T06:00:00+01:00", "valueQuantity": {"value": 700, "unit": "ng/mL"}}"""
    taken = read_by_map(content, code, OwnName("ferritin"))
    assert taken.facts["observations"][["analyte", "value"]].to_numpy().tolist() == [["ferritin", 700.0]]
