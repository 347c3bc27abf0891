"""DiagnosticReport: results inside it are read, and taken back with it; what stands beside it is not touched."""

from __future__ import annotations

from typing import Any

from tests.monitoring.fhir_fixture import Node, bundle, observation, only, quantity, read, reasons, without_none


def inside(name: str = "r1", **fields: Any) -> Node:
    """As reports carry them: whose it is and when it was drawn stand in the report alone."""
    return observation(name, subject=None, effectiveDateTime=None, **fields)


def report(*results: Node, **fields: Any) -> Node:
    plain = {
        "resourceType": "DiagnosticReport",
        "id": "rep-1",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-20T08:00:00Z"},
        "status": "final",
        "code": {"text": "Chemistry"},
        "subject": {"reference": "Patient/lena"},
        "effectiveDateTime": "2026-01-20T06:10:00+01:00",
        "issued": "2026-01-20T07:30:00+01:00",
        "contained": list(results),
        "result": [{"reference": f"#{one['id']}"} for one in results],
    }
    return without_none(plain | fields)


def test_a_result_inside_a_report_is_read_with_patient_and_times_of_the_report() -> None:
    told = only(read(report(inside())))
    assert (told["patient_id"], told["analyte"], told["value"], told["status"]) == ("lena", "ferritin", 812.0, "final")
    assert told["collected_at"].isoformat() == "2026-01-20T05:10:00+00:00"
    assert told["resulted_at"].isoformat() == "2026-01-20T06:30:00+00:00"
    assert told["source_id"] == "DiagnosticReport/rep-1#r1"


def test_what_the_result_says_itself_goes_before_the_report() -> None:
    drawn = {"start": "2026-01-20T04:00:00+01:00"}
    other = observation("r1", subject={"reference": "Patient/nils"}, effectiveDateTime=None, effectivePeriod=drawn)
    told = only(read(report(other)))
    assert (told["patient_id"], told["collected_at"].isoformat()) == ("nils", "2026-01-20T03:00:00+00:00")


def test_a_patient_and_a_specimen_inside_the_report_are_found() -> None:
    person = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "4711"}]}
    serum = {"resourceType": "Specimen", "id": "s", "type": {"text": "Serum"}}
    whole = report(inside(), person, serum, subject={"reference": "#p"}, specimen=[{"reference": "#s"}])
    told = only(read(whole))
    assert (told["patient_id"], told["specimen"]) == ("4711", "serum")


def test_a_report_taken_back_withdraws_what_it_contains_and_nothing_beside_it() -> None:
    for status in ("cancelled", "entered-in-error"):
        beside = observation("obs-1")
        gone = report(inside(), status=status, result=[{"reference": "#r1"}, {"reference": "Observation/obs-1"}])
        told = read(bundle(beside, gone, kind="collection")).facts["observations"].set_index("source_id")["status"]
        assert told.to_dict() == {"obs-1": "final", "DiagnosticReport/rep-1#r1": status}


def test_a_corrected_report_corrects_the_result_of_the_same_name() -> None:
    later = {"versionId": "2", "lastUpdated": "2026-01-20T09:00:00Z"}
    new = report(inside(status="corrected", valueQuantity=quantity(815)), status="corrected", meta=later)
    told = read(bundle(new, report(inside()), kind="collection")).facts["observations"]
    assert told["value"].tolist() == [812.0, 815.0]  # the newer version last, wherever it stood
    assert told["ref"].nunique() == 1


def test_a_report_without_results_inside_is_not_followed_as_before() -> None:
    assert reasons(read(report(contained=None, result=[{"reference": "Observation/obs-1"}]))) == ["not_followed"]


def test_an_unknown_modifier_of_the_report_counts_for_its_results() -> None:
    assert reasons(read(report(inside(), modifierExtension=[{"url": "http://x/negated"}]))) == ["unknown_modifier"]
