"""Files of FHIR resources as they come: their shapes, what is broken in them, and what the store makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitoring.deletions import parted
from tests.monitoring.fhir_fixture import administration, bundle, observation, only, quantity, read, read_text, reasons
from tests.monitoring.intake_fixture import balanced, site

LINES = "\n".join(json.dumps(observation(name)) for name in ("a", "b", "c"))


def test_one_resource_a_bundle_an_array_and_lines_are_all_read() -> None:
    pages = (
        json.dumps(bundle(observation("a"), observation("b"), observation("c"))),
        json.dumps(bundle(observation("a"), observation("b"), observation("c"), kind="batch"), indent=2),
        json.dumps([observation("a"), bundle(observation("b"), observation("c"))]),
        LINES,
        LINES.replace("\n", "\r\n\r\n") + "\r\n",
    )
    for page in pages:
        assert read_text(page).facts["observations"]["source_id"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    page = json.dumps(observation(method={"text": "Enzymätisch"}), ensure_ascii=False).encode(encoding)
    assert only(read_text(page))["method"] == "Enzymätisch"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (json.dumps(observation())[:-40], "it was cut off"),
        (json.dumps(bundle(observation(), observation("b")))[:-60], "it was cut off"),
        (json.dumps(observation()) + "}", ""),
        ('{"a": tru}', "This is not valid JSON"),
        ('{"hello": 1}', "names no resourceType"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_file_says_in_a_sentence_what_is_wrong_and_is_kept(page: str, sentence: str) -> None:
    taken = read_text(page)
    (aside,) = taken.refused
    assert sentence in aside.sentence
    assert aside.raw
    assert aside.raw in page


def test_a_broken_line_costs_itself_alone() -> None:
    first, second, third = LINES.split("\n")
    for lines in ([first, second[:-30], third], [first[:50], second, third], [first, second, third[:-1]]):
        taken = read_text("\n".join(lines))
        assert len(taken.facts["observations"]) == 2
        (aside,) = taken.refused
        assert aside.reason == "bad_message"
        assert lines[int(aside.origin.rpartition(":")[2]) - 1] == aside.raw


def test_a_line_of_stray_signs_is_kept_too() -> None:
    taken = read_text(LINES + "\n\x0c\n")
    assert [(one.reason, one.raw) for one in taken.refused] == [("bad_message", "\x0c")]


def test_a_field_that_stands_twice_makes_a_resource_unusable_and_leaves_the_others() -> None:
    twice = json.dumps(observation("a")).replace('"status": "final"', '"status": "final", "status": "cancelled"')
    taken = read_text(f"[{twice}, {json.dumps(observation('b'))}]")
    assert taken.facts["observations"]["source_id"].tolist() == ["b"]
    assert (reasons(taken), taken.refused[0].raw) == (["bad_message"], twice)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 5000, "-1e245"])
def test_a_number_that_is_none_or_too_large_is_set_aside(number: str) -> None:
    page = json.dumps(observation(valueQuantity=quantity(5))).replace('"value": 5', f'"value": {number}')
    taken = read_text(page)
    assert reasons(taken) in (["not_a_number"], ["implausible"])
    assert number in taken.refused[0].raw


def test_an_escape_that_is_no_text_is_set_aside() -> None:
    for sign in ("\\ud800", "\\u0000"):
        page = json.dumps(observation(subject={"reference": "Patient/le?na"})).replace("le?na", f"le{sign}na")
        assert reasons(read_text(page)) == ["bad_encoding"]


def test_entries_without_a_resource_and_deletions_are_told() -> None:
    page = bundle(observation())
    page["entry"] += [{"response": {"status": "201"}}, {"request": {"method": "DELETE", "url": "Observation/x"}}, 7]
    assert reasons(read_text(json.dumps(page))) == ["bad_message", "deleted", "bad_message"]


@pytest.mark.parametrize(
    "url", ["Observation/f1", "Observation/f1/_history/2", "https://lab.example/r4/Observation/f1"]
)
def test_a_history_that_ends_with_a_deletion_tells_no_result(url: str) -> None:
    deleted = {"request": {"method": "DELETE", "url": url}, "response": {"lastModified": "2026-03-02T09:00:00Z"}}
    page = {"resourceType": "Bundle", "type": "history", "entry": [deleted, {"resource": observation(id="f1")}]}
    taken, told = parted(read_text(json.dumps(page)))
    assert (taken.facts, taken.refused) == ({}, [])
    assert [(one.kind, one.name) for one in told] == [("Observation", "f1")]


def test_other_resources_are_grouped_under_one_reason() -> None:
    taken = read({"resourceType": "Claim", "id": "1"}, {"resourceType": "Claim", "id": "2"}, {"resourceType": "Device"})
    assert [(one.reason, one.code) for one in taken.refused] == [
        ("not_followed", "Claim"),
        ("not_followed", "Claim"),
        ("not_followed", "Device"),
    ]


def test_the_original_of_a_resource_in_a_bundle_is_kept_to_the_letter() -> None:
    odd = '{"resourceType" :"Observation", "id":"x","valueQuantity":{"value":1.10}}'
    taken = read_text('{"resourceType":"Bundle","entry":[ {"resource": ' + odd + ' , "fullUrl":"urn:x"} ]}')
    assert taken.refused[0].raw == odd


def test_a_file_is_told_by_its_content_and_taken_in_once(tmp_path: Path) -> None:
    page = json.dumps(bundle(observation("a"), observation("b", status="oops"), administration()))
    with site(tmp_path) as here:
        first, second = here.takes(page, "anything.txt"), here.takes(page, "again.json")
    assert first == {"read": 3, "new": 2, "unchanged": 0, "corrected": 0, "set_aside": 1}
    assert second == {"read": 3, "new": 0, "unchanged": 2, "corrected": 0, "set_aside": 1}


def test_versions_over_several_files_correct_and_withdraw(tmp_path: Path) -> None:
    told = [("preliminary", 900), ("final", 912), ("amended", 912), ("corrected", 9120), ("entered-in-error", 9120)]
    with site(tmp_path) as here:
        counts = [here.takes(json.dumps(observation(status=s, valueQuantity=quantity(v)))) for s, v in told]
        labs = here.labs().sort_values("version")
    assert [one["new"] for one in counts] == [1, 0, 0, 0, 0]
    assert [one["corrected"] for one in counts] == [0, 1, 1, 1, 1]
    assert labs["value"].tolist()[:4] == [900.0, 912.0, 912.0, 9120.0]
    assert labs["status"].iloc[-1] == "entered-in-error"
    assert labs["value"].isna().iloc[-1]


def test_a_bulk_export_balances_whatever_it_holds(tmp_path: Path) -> None:
    lines = [json.dumps(observation(str(number))) for number in range(20)] + ["{", '{"resourceType":"Group"}', "null"]
    with site(tmp_path) as here:
        counts = here.takes("\n".join(lines), "Observation.ndjson")
    assert balanced(counts)
    assert (counts["new"], counts["set_aside"]) == (20, 3)
