"""Observation -> what was measured, in whom, when, and what was taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from tests.monitoring.fhir_fixture import (
    FERRITIN,
    LOINC,
    UCUM,
    Node,
    bundle,
    observation,
    only,
    quantity,
    read,
    read_text,
    reasons,
)

DRAWN = datetime(2026, 1, 20, 5, 10, tzinfo=UTC)


def coded(*pairs: tuple[str, str], **more: str) -> Node:
    return {"coding": [{"system": system, "code": code} for system, code in pairs], **more}


def test_a_plain_result_is_read_with_its_reference_interval_and_issue_time() -> None:
    told = observation(
        issued="2026-01-20T07:30:00.250+01:00",
        referenceRange=[{"low": {"value": 15}, "high": {"value": 150}}],
        method={"text": "CLIA"},
    )
    row = only(read(told))
    assert (row["patient_id"], row["analyte"], row["value"], row["unit"]) == ("lena", "ferritin", 812.0, "ug/L")
    assert (row["collected_at"], row["source_id"]) == (pd.Timestamp(DRAWN), "obs-1")
    assert row["resulted_at"] == pd.Timestamp("2026-01-20T06:30:00.250Z")
    assert (row["reference_low"], row["reference_high"], row["method"]) == (15.0, 150.0, "CLIA")


@pytest.mark.parametrize("written", ["1.10", "0", "0.00", "1e3", "123456789012345678"])
def test_a_number_keeps_the_digits_it_was_written_with(written: str) -> None:
    page = '{"resourceType":"Observation","id":"x","status":"final","code":{"coding":[{"system":"http://loinc.org",'
    page += '"code":"1988-5"}]},"subject":{"reference":"Patient/lena"},"effectiveDateTime":"2026-01-20T06:10:00+01:00",'
    page += f'"valueQuantity":{{"value":{written},"unit":"mg/L"}}}}'
    taken = read_text(page)
    kept = [row["value_text"] for row in taken.facts["observations"].to_dict("records")] if taken.facts else []
    assert kept + [one.fields["value"] for one in taken.refused] == [written]


def test_a_bound_stays_a_bound() -> None:
    row = only(read(observation(valueQuantity=quantity(100000, comparator=">"))))
    assert (row["value"], row["comparator"], row["value_text"]) == (100000.0, ">", ">100000")


def test_the_ucum_code_counts_where_the_unit_text_says_something_else_and_the_text_stays_visible() -> None:
    row = only(read(observation(valueQuantity=quantity(2, "mg/L", unit="ng/mL"))))
    assert (row["value"], row["unit_text"]) == (2000.0, "mg/L{written as ng/mL}")


def test_two_spellings_of_one_unit_are_no_contradiction() -> None:
    row = only(read(observation(valueQuantity=quantity(2, "ng/mL", unit="µg/l"))))
    assert (row["value"], row["unit_text"]) == (2.0, "ng/mL")


def test_a_code_of_another_system_is_no_unit() -> None:
    told = quantity(2, "258797006", unit="ng/mL", system="http://snomed.info/sct")
    assert only(read(observation(valueQuantity=told)))["unit_text"] == "ng/mL"


def test_a_bare_unit_without_any_code_is_enough() -> None:
    assert only(read(observation(valueQuantity={"value": 3, "unit": "mg/L"})))["value"] == 3000.0


def test_the_basis_of_a_d_dimer_is_taken_from_the_unit_text_that_alone_tells_it() -> None:
    dimer = observation(code=coded((LOINC, "48065-7")), valueQuantity=quantity(0.7, "ug/mL", unit="ug/mL FEU"))
    assert only(read(dimer))["unit_text"] == "ug/mL FEU"


@pytest.mark.parametrize(("told", "value", "sign"), [("812 ng/mL", 812.0, ""), ("< 5 ng/mL", 5.0, "<")])
def test_a_number_in_a_text_is_a_number_with_its_unit(told: str, value: float, sign: str) -> None:
    row = only(read(observation(valueQuantity=None, valueString=told)))
    assert (row["value"], row["comparator"]) == (value, sign)


def test_a_number_without_a_unit_has_that_of_its_reference_interval_and_says_so() -> None:
    limit = {"high": {"value": 150, "unit": "ng/mL"}}
    row = only(read(observation(valueQuantity=None, valueString=">2000", referenceRange=[limit])))
    assert (row["value"], row["comparator"], row["reference_high"]) == (2000.0, ">", 150.0)
    assert row["unit_text"] == "ng/mL{of the reference range}"
    assert reasons(read(observation(valueQuantity=None, valueString="2000"))) == ["unknown_unit"]


def test_an_integer_is_a_value() -> None:
    inr = observation(code=coded((LOINC, "6301-6")), valueQuantity=None, valueInteger=2)
    assert only(read(inr))["value"] == 2.0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"valueString": "see comment"}, "not_a_number"),
        ({"valueCodeableConcept": {"text": "haemolysed"}}, "not_a_number"),
        ({"valueRange": {"low": {"value": 2}, "high": {"value": 5}}}, "not_a_number"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "not_a_number"),
        ({"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}, "no_value"),
        ({}, "no_value"),
        ({"valueInteger": 1, "valueString": "1"}, "bad_message"),
    ],
)
def test_what_is_no_single_number_is_set_aside_whole(fields: Node, reason: str) -> None:
    taken = read(observation(valueQuantity=None, note=[{"text": "sample on ice"}], **fields))
    assert reasons(taken) == [reason]
    assert "sample on ice" in taken.refused[0].raw


def test_loinc_is_found_wherever_it_stands_and_as_an_oid() -> None:
    local = ("http://lab.example/codes", "FERR")
    for system in (LOINC, "urn:oid:2.16.840.1.113883.6.1"):
        assert only(read(observation(code=coded(local, (system, "2276-4")))))["analyte"] == "ferritin"


def test_a_local_code_or_a_text_alone_waits_until_the_site_maps_it() -> None:
    local = observation("a", code=coded(("http://lab.example/codes", "FERR"), text="Ferritin"))
    taken = read(local, observation("b", code={"text": "Ferritin"}))
    assert [(one.reason, one.code) for one in taken.refused] == [
        ("unknown_analyte", "http://lab.example/codes|FERR"),
        ("unknown_analyte", "text|Ferritin"),
    ]


def test_loinc_codes_of_two_analytes_contradict_each_other() -> None:
    assert reasons(read(observation(code=coded((LOINC, "2276-4"), (LOINC, "1988-5"))))) == ["conflicting_codes"]


def test_every_component_of_a_panel_is_a_row_of_its_own() -> None:
    platelets = {"code": coded((LOINC, "777-3")), "valueQuantity": quantity(85, "10*9/L")}
    systolic = {"code": coded((LOINC, "8480-6")), "valueQuantity": quantity(110, "mm[Hg]")}
    panel = observation("cbc", code={"text": "panel"}, valueQuantity=None, component=[platelets, systolic])
    taken = read(panel)
    (row,) = taken.facts["observations"].to_dict("records")
    assert (row["analyte"], row["value"], row["source_id"]) == ("platelets", 85.0, "cbc#777-3")
    assert [(one.reason, one.code) for one in taken.refused] == [("unknown_analyte", "8480-6")]


def test_one_code_twice_in_a_panel_is_two_results_and_no_correction() -> None:
    parts = [{"code": FERRITIN, "valueQuantity": quantity(value)} for value in (5, 6)]
    frame = read(observation(valueQuantity=None, component=parts)).facts["observations"]
    assert frame["ref"].nunique() == 2


def test_a_panel_that_only_names_its_members_is_no_result() -> None:
    panel = observation(valueQuantity=None, hasMember=[{"reference": "Observation/obs-2"}])
    assert reasons(read(panel)) == ["only_groups"]


@pytest.mark.parametrize(
    ("when", "collected"),
    [
        ({"effectiveInstant": "2026-01-20T05:10:00Z"}, DRAWN),
        ({"effectivePeriod": {"start": "2026-01-20T06:10:00+01:00", "end": "2026-01-20T09:00:00+01:00"}}, DRAWN),
        ({"effectivePeriod": {"end": "2026-01-20T06:10:00+01:00"}}, DRAWN),
    ],
)
def test_the_time_of_a_result_is_its_instant_or_where_its_period_begins(when: Node, collected: datetime) -> None:
    assert only(read(observation(effectiveDateTime=None, **when)))["collected_at"] == pd.Timestamp(collected)


@pytest.mark.parametrize("when", ["2026-01-20", "2026-01", "2026", None])
def test_a_result_without_a_time_of_day_is_set_aside_even_when_it_was_issued(when: str | None) -> None:
    taken = read(observation(effectiveDateTime=when, issued="2026-01-20T07:30:00+01:00"))
    assert reasons(taken) == ["no_time"]


def test_the_specimen_may_say_when_it_was_drawn_and_what_it_is() -> None:
    urine = {
        "resourceType": "Specimen",
        "id": "s",
        "type": {"text": "Urine"},
        "collection": {"collectedDateTime": "2026-01-20T06:10:00+01:00"},
    }
    serum = urine | {"type": coded(("http://snomed.info/sct", "119364003"))}
    told = observation(effectiveDateTime=None, specimen={"reference": "#s"}, contained=[serum])
    row = only(read(told))
    assert (row["collected_at"], row["specimen"]) == (pd.Timestamp(DRAWN), "serum")
    assert reasons(read(told | {"contained": [urine]})) == ["wrong_specimen"]
    assert reasons(read(observation(specimen={"display": "Urine, midstream"}))) == ["wrong_specimen"]
    assert only(read(observation(specimen={"display": "tube 4711"})))["specimen"] == ""


@pytest.mark.parametrize(
    ("subject", "patient"),
    [
        ({"reference": "Patient/lena/_history/3"}, "lena"),
        ({"reference": "https://ehr.example/fhir/Patient/lena"}, "lena"),
        ({"reference": "urn:uuid:5f0c"}, "5f0c"),
        ({"reference": "Patient?identifier=urn:mrn|77"}, "77"),
        ({"type": "Patient", "identifier": {"system": "urn:mrn", "value": "77"}}, "77"),
        ({"reference": "#p"}, "77"),
    ],
)
def test_a_patient_is_found_by_whatever_reference_names_them(subject: Node, patient: str) -> None:
    person = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn", "value": "77"}]}
    assert only(read(observation(subject=subject, contained=[person])))["patient_id"] == patient


def test_a_bundle_that_holds_the_patient_resolves_full_urls_and_record_numbers_to_the_id() -> None:
    number = {"type": {"coding": [{"code": "MR"}]}, "value": "00077"}
    person = {"resourceType": "Patient", "id": "lena", "gender": "female", "identifier": [number]}
    by_url = observation("a", subject={"reference": "urn:uuid:1"})
    by_number = observation("b", subject={"identifier": {"value": "00077"}})
    page = bundle(person, by_url, by_number)
    page["entry"][0]["fullUrl"] = "urn:uuid:1"
    frames = read(page).facts
    assert frames["observations"]["patient_id"].tolist() == ["lena", "lena"]
    assert frames["patients"]["patient_id"].tolist() == ["lena"]


@pytest.mark.parametrize("subject", [{"reference": "Group/herd"}, {"display": "Lena"}, None, {"reference": "#gone"}])
def test_a_result_of_nobody_is_set_aside(subject: Node | None) -> None:
    assert reasons(read(observation(subject=subject))) == ["no_patient"]


def test_the_withdrawn_keep_no_value() -> None:
    for status in ("entered-in-error", "cancelled"):
        row = only(read(observation(status=status)))
        assert (row["status"], pd.isna(row["value"])) == (status, True)


def test_a_correction_to_words_takes_the_number_back() -> None:
    row = only(read(observation(status="corrected", valueQuantity=None, valueString="haemolysed")))
    assert (row["status"], pd.isna(row["value"]), row["value_text"]) == ("cancelled", True, "haemolysed")


def test_the_status_is_kept_and_one_that_is_none_is_set_aside() -> None:
    for status in ("registered", "preliminary", "final", "amended", "corrected", "unknown"):
        assert only(read(observation(status=status)))["status"] == status
    assert only(read(observation(status=None)))["status"] == "unknown"
    assert reasons(read(observation(status="done"))) == ["unknown_status"]


def test_the_latest_version_is_told_last_wherever_it_stands() -> None:
    def version(number: str, value: int) -> Node:
        return observation(meta={"versionId": number}, valueQuantity=quantity(value))

    frame = read(version("10", 30), observation("other"), version("9", 20), version("2", 10)).facts["observations"]
    assert frame.loc[frame["source_id"] == "obs-1", "value"].tolist() == [10.0, 20.0, 30.0]
    late, early = ({"lastUpdated": f"2026-01-20T{hour}:00:00Z"} for hour in ("09", "08"))
    frame = read(observation(meta=late, valueQuantity=quantity(2)), observation(meta=early)).facts["observations"]
    assert frame["value"].tolist() == [812.0, 2.0]


def test_a_history_lists_the_newest_version_first() -> None:
    page = bundle(observation(valueQuantity=quantity(9120)), observation(valueQuantity=quantity(912)), kind="history")
    assert read(page).facts["observations"]["value"].tolist() == [912.0, 9120.0]


def test_a_modifier_that_is_not_known_keeps_a_result_from_being_used() -> None:
    assert reasons(read(observation(modifierExtension=[{"url": "http://x", "valueBoolean": True}]))) == [
        "unknown_modifier"
    ]


def test_a_reference_interval_in_another_unit_or_one_of_several_is_left_out() -> None:
    high = {"high": {"value": 15, "unit": "mg/L", "system": UCUM, "code": "mg/L"}}
    plain = {"low": {"value": 15}, "high": {"value": 150}}
    for ranges in ([high], [plain, plain], [plain | {"age": {"low": {"value": 18}}}]):
        assert pd.isna(only(read(observation(referenceRange=ranges)))["reference_high"])
