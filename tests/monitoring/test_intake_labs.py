from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.monitoring.intake_fixture import LABS, Site, lab, site


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


def only(ward: Site) -> dict[str, object]:
    (row,) = ward.labs().to_dict("records")
    return {str(name): told for name, told in row.items()}


def test_a_result_is_kept_in_our_unit_beside_what_was_reported(ward: Site) -> None:
    ward.takes(
        lab(
            " 140 ", analyte="Fibrinogen", unit="mg/dL", loinc="3255-7", method="Clauss", specimen="Plasma",
            reference_low="200", reference_high="400", resulted_at="2026-01-06T07:10:00+01:00", status="final",
            source_id="R1",
        )
    )  # fmt: skip
    row = only(ward)
    assert (row["analyte"], row["value"], row["unit"]) == ("fibrinogen", 1.4, "g/L")
    assert (row["value_text"], row["unit_text"], row["loinc"]) == (" 140 ", "mg/dL", "3255-7")
    assert (row["reference_low"], row["reference_high"]) == (2.0, 4.0)
    assert (row["method"], row["specimen"], row["status"], row["source_id"]) == ("Clauss", "plasma", "final", "R1")
    assert row["collected_at"] == pd.Timestamp("2026-01-06T05:00Z")
    assert row["resulted_at"] == pd.Timestamp("2026-01-06T06:10Z")
    assert row["received_at"] == pd.Timestamp(ward.now)
    assert (row["source"], row["origin"]) == ("drop", "labs.csv:2")


@pytest.mark.parametrize(
    ("value", "unit"),
    [("12000", "ng/mL"), ("12000", "µg/L"), ("12", "mg/L"), ("26964", "pmol/L"), ("26.964", "nmol/L")],
)
def test_any_listed_unit_becomes_ours_without_the_dust_of_binary_fractions(ward: Site, value: str, unit: str) -> None:
    ward.takes(lab(value, unit=unit))
    assert only(ward)["value"] == 12000.0


def test_seventy_mg_per_dl_of_fibrinogen_stands_exactly_at_the_threshold(ward: Site) -> None:
    ward.takes(lab("70", analyte="Fibrinogen", unit="mg/dL"))
    assert only(ward)["value"] == 0.7


@pytest.mark.parametrize("unit", ["10*3/uL", "G/L", "×10⁹/L", "Tsd./µl", "10^9/l", "K/uL"])
def test_platelets_are_platelets_in_every_laboratorys_spelling(ward: Site, unit: str) -> None:
    ward.takes(lab("85", analyte="PLT", unit=unit))
    row = only(ward)
    assert (row["analyte"], row["value"], row["unit"], row["unit_text"]) == ("platelets", 85.0, "10*9/L", unit)


@pytest.mark.parametrize(
    ("value", "number", "comparator"), [(">100000", 100000.0, ">"), ("<0.5", 0.5, "<"), ("≥ 1650", 1650.0, ">=")]
)
def test_a_comparator_is_kept_beside_its_number(ward: Site, value: str, number: float, comparator: str) -> None:
    ward.takes(lab(value))
    row = only(ward)
    assert (row["value"], row["comparator"], row["value_text"]) == (number, comparator, value)


@pytest.mark.parametrize(
    ("sign", "value", "told"),
    [(">", "100000", (100000.0, ">")), ("=", "100000", (100000.0, "")), (">", ">100000", (100000.0, ">"))],
)
def test_a_comparator_in_a_column_of_its_own_is_not_overlooked(
    ward: Site, sign: str, value: str, told: tuple[float, str]
) -> None:
    ward.takes(lab(value, comparator=sign))
    assert (only(ward)["value"], only(ward)["comparator"]) == told


@pytest.mark.parametrize(
    ("columns", "analyte"),
    [
        ({"analyte": "Ferritin"}, "ferritin"),
        ({"analyte": " FERRITIN "}, "ferritin"),
        ({"analyte": "2276-4"}, "ferritin"),
        ({"analyte": "", "loinc": "2276-4"}, "ferritin"),
        ({"analyte": "our own word", "loinc": "2276-4"}, "ferritin"),
        ({"analyte": "Ferritin", "loinc": "2276-4"}, "ferritin"),
        ({"analyte": "sIL-2R", "unit": "U/mL", "value": "2400"}, "sil2r_units"),
        ({"analyte": "sIL-2R", "unit": "pg/mL", "value": "24000"}, "sil2r_mass"),
        ({"analyte": "sIL-2R", "unit": "pg/mL", "value": "24000", "loinc": "76039-7"}, "sil2r_mass"),
    ],
)
def test_name_loinc_and_unit_together_say_the_analyte(ward: Site, columns: dict[str, str], analyte: str) -> None:
    ward.takes(lab(**columns))
    assert only(ward)["analyte"] == analyte


@pytest.mark.parametrize(
    ("columns", "reason", "code", "said"),
    [
        ({"analyte": "Zonulin"}, "unknown_analyte", "Zonulin", "Zonulin"),
        ({"analyte": "", "loinc": "99999-9"}, "unknown_analyte", "99999-9", "99999-9"),
        ({"analyte": "Ferritin", "loinc": "99999-9"}, "unknown_analyte", "99999-9", "name alone"),
        ({"analyte": " "}, "unknown_analyte", "", "neither"),
        ({"analyte": "Ferritin", "loinc": "777-3"}, "conflicting_codes", "777-3", "Platelets"),
        ({"unit": "furlong"}, "unknown_unit", "ferritin furlong", "ug/L"),
        ({"unit": ""}, "unknown_unit", "ferritin", "blank"),
        ({"analyte": "sIL-2R", "unit": "furlong"}, "unknown_unit", "sil2r_mass furlong", "pg/mL"),
        ({"specimen": "Pleural fluid"}, "wrong_specimen", "ferritin pleural_fluid", "serum"),
        ({"specimen": "urine"}, "wrong_specimen", "ferritin urine", "serum"),
        ({"specimen": "the usual"}, "wrong_specimen", "the usual", "the usual"),
        ({"value": "hemolysed"}, "not_a_number", "", "text"),
        ({"value": "NaN"}, "not_a_number", "", "text"),
        ({"value": "12000 H"}, "not_a_number", "", "beside"),
        ({"value": "1e400"}, "not_a_number", "", "too large"),
        ({"value": '"12,000"'}, "not_a_number", "", "comma"),
        ({"value": ""}, "no_value", "", "no value"),
        ({"value": "", "status": "registered"}, "no_value", "", "no value"),
        ({"value": "-5"}, "implausible", "", "negative"),
        ({"value": "99999999999"}, "implausible", "", "Ferritin"),
        ({"value": "<99999999999"}, "implausible", "", "Ferritin"),
        ({"status": "finished"}, "unknown_status", "", "finished"),
        ({"patient_id": " "}, "no_patient", "", "patient"),
        ({"collected_at": ""}, "no_time", "", "collected_at"),
        ({"collected_at": "2026-01-06"}, "no_time", "", "time of day"),
        ({"collected_at": "01/06/2026 06:00"}, "no_time", "", "slashes"),
        ({"collected_at": "2026-03-29T02:30"}, "no_time", "", "clocks"),
        ({"collected_at": "2027-01-06T06:00"}, "future_time", "", "future"),
        ({"resulted_at": "2026-01-06"}, "no_time", "", "resulted_at"),
        ({"resulted_at": "2027-01-06T06:00"}, "future_time", "", "resulted_at"),
    ],
)
def test_what_cannot_be_used_is_set_aside_whole_with_its_reason(
    ward: Site, columns: dict[str, str], reason: str, code: str, said: str
) -> None:
    content = lab(**columns)
    assert ward.takes(content) == {"read": 1, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 1}
    row = ward.aside()
    assert (row["reason"], row["code"], row["origin"]) == (reason, code, "labs.csv:2")
    assert said in str(row["sentence"])
    assert row["raw"] == content.splitlines()[1]


def test_a_sentence_never_repeats_the_value(ward: Site) -> None:
    for value in ("hemolysed sample", "12345 H", "-54321", "98765432109"):
        ward.takes(lab(value))
    assert len(ward.reasons()) == 4
    for told in ward.sentences():
        assert not any(word in told for word in ("hemolysed", "12345", "54321", "98765432109"))


def test_a_clock_a_few_minutes_ahead_is_believed_and_no_more(ward: Site) -> None:
    tolerance = ward.catalog.settings["future_tolerance_minutes"]
    at = pd.Timestamp(ward.now) + pd.Timedelta(minutes=1)  # the moment of the delivery
    within, beyond = (at + pd.Timedelta(minutes=tolerance + more) for more in (0, 1))
    counts = ward.takes(f"{LABS}\nA,CRP,5,mg/L,{within.isoformat()}\nA,CRP,5,mg/L,{beyond.isoformat()}\n")
    assert (counts["new"], ward.reasons()) == (1, ["future_time"])


def test_a_blank_status_is_final(ward: Site) -> None:
    ward.takes(lab(status=""))
    assert only(ward)["status"] == "final"


@pytest.mark.parametrize("status", ["entered-in-error", "Cancelled"])
def test_a_withdrawal_is_another_version_and_needs_no_value(ward: Site, status: str) -> None:
    ward.takes(lab("12000", source_id="R1"))
    for value, unit in (("", "ng/mL"), ("", ""), ("see comment", "furlong")):
        counts = ward.takes(lab(value, unit=unit, source_id="R1", status=status))
        assert counts["set_aside"] == 0
    newest = ward.labs().sort_values("version").iloc[-1]
    assert (newest["status"], newest["version"] > 1) == (status.casefold(), True)
    assert pd.isna(newest["value"])


def test_the_same_source_id_with_another_value_is_a_correction(ward: Site) -> None:
    ward.takes(lab("12000", source_id="R1"))
    assert ward.takes(lab("1200", source_id="R1"))["corrected"] == 1
    assert ward.labs().sort_values("version")["value"].tolist() == [12000.0, 1200.0]


def test_a_corrected_time_of_collection_is_a_correction_of_the_same_result(ward: Site) -> None:
    ward.takes(lab(source_id="R1"))
    counts = ward.takes(lab(source_id="R1", collected_at="2026-01-06T07:00:00+01:00"))
    assert counts["corrected"] == 1


def test_one_number_written_in_two_ways_is_no_correction(ward: Site) -> None:
    ward.takes(lab("12000", source_id="R1"))
    again = lab("1.2E+04", source_id="R1", collected_at="2026-01-06T05:00:00Z")
    assert ward.takes(again)["unchanged"] == 1


def test_one_accession_number_for_a_whole_panel_mixes_nothing_up(ward: Site) -> None:
    at = "2026-01-06T06:00:00+01:00"
    counts = ward.takes(
        f"{LABS},source_id\nA,Ferritin,700,ng/mL,{at},S1\nA,CRP,12,mg/L,{at},S1\nA,LDH,300,U/L,{at},S1\n"
    )
    assert counts["new"] == 3


def test_without_source_id_patient_analyte_method_and_time_are_the_identity(ward: Site) -> None:
    ward.takes(lab("12000", method="Roche"))
    assert ward.takes(lab("12000", method=" roche "))["unchanged"] == 1
    assert ward.takes(lab("12100", method="Roche"))["corrected"] == 1
    assert ward.takes(lab("12000", method="Abbott"))["new"] == 1
    assert ward.takes(lab("12000", method="Roche", patient_id="MAS0002"))["new"] == 1
    assert ward.takes(lab("12000", method="Roche", collected_at="2026-01-06T06:01:00+01:00"))["new"] == 1


def test_another_source_with_the_same_source_id_is_another_result(ward: Site) -> None:
    ward.takes(lab("12000", source_id="R1"), source="drop")
    assert ward.takes(lab("700", source_id="R1"), source="lis")["new"] == 1


def test_units_of_another_kind_are_two_series_and_no_correction(ward: Site) -> None:
    ward.takes(lab("2400", analyte="sIL-2R", unit="U/mL"))
    assert ward.takes(lab("24000", analyte="sIL-2R", unit="pg/mL"))["new"] == 1


def test_a_reference_limit_that_is_no_number_costs_nothing_but_itself(ward: Site) -> None:
    ward.takes(lab(reference_low="see leaflet", reference_high="400"))
    row = only(ward)
    assert pd.isna(row["reference_low"])
    assert row["reference_high"] == 400.0


def test_a_column_that_is_missing_sets_every_row_aside_and_is_named(ward: Site) -> None:
    counts = ward.takes(
        "patient_id,analyte,value,collected_at\nA,Ferritin,7,2026-01-06T06:00\nA,CRP,7,2026-01-06T06:00\n"
    )
    assert (counts["read"], counts["set_aside"], ward.reasons()) == (2, 2, ["missing_column"] * 2)
    assert all("unit" in told for told in ward.sentences())


def test_a_file_of_decimal_commas_is_read_as_one(ward: Site) -> None:
    rows = [
        "A;Ferritin;1234,5;ng/mL;10.01.2026 06:00",
        "A;Fibrinogen;1,4;g/L;10.01.2026 06:00",
        "A;CRP;1.234;mg/L;10.01.2026 06:00",
    ]
    counts = ward.takes("\n".join([LABS.replace(",", ";"), *rows, ""]))
    assert sorted(ward.labs()["value"]) == [1.4, 1234.5]
    assert (counts["new"], ward.reasons()) == (2, ["not_a_number"])


def test_the_first_reason_counts_and_the_unknown_analyte_is_named_before_its_odd_value(ward: Site) -> None:
    ward.takes(lab("positive", analyte="ANA", unit="titre"))
    assert ward.reasons() == ["unknown_analyte"]
