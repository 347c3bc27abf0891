"""Simulated wards: what is written, and that it is told like a hospital would."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.errors import CatalogError, MaswatchError
from monitoring.lookup import analyte_names, given_names, identify, plain_name
from monitoring.simulate import simulate, write_demo_ward
from monitoring.simulation.cohort import counted
from monitoring.simulation.numbers import FILE, KNOWLEDGE, built, checked, load_numbers, parsed, read_bytes

NEWEST = datetime(2026, 3, 3, 14, 23, tzinfo=UTC)
FILES = ("patients.csv", "treatments.csv", "findings.csv", "labs.csv", "truth.csv")

Rows = list[dict[str, str]]


def rows(folder: Path, kind: str) -> Rows:
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ward")
    simulate(folder, patients=42, days=8, seed=11)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo_ward(folder, newest_at=NEWEST)
    return folder


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        simulate(tmp_path / name, patients=14, days=4, seed=5)
    for file in FILES:
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_another_seed_gives_another_ward(tmp_path: Path) -> None:
    for seed in (5, 6):
        simulate(tmp_path / str(seed), patients=3, days=2, seed=seed)
    assert (tmp_path / "5" / "labs.csv").read_bytes() != (tmp_path / "6" / "labs.csv").read_bytes()


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("patients", "patient_id birth_date sex weight_kg height_cm context ward bed admitted_at"),
        ("labs", "patient_id analyte value unit collected_at resulted_at status source_id method"),
        ("treatments", "patient_id drug dose unit route started_at ended_at source_id"),
        ("findings", "patient_id finding value observed_at source_id"),
        ("truth", "patient_id kind event began_at ended_at value"),
    ],
)
def test_each_file_has_the_columns_of_the_contract(ward: Path, kind: str, wanted: str) -> None:
    found = rows(ward, kind)
    assert found
    assert set(wanted.split()) <= set(found[0])
    assert {row["patient_id"] for row in found} <= {row["patient_id"] for row in rows(ward, "patients")}


def test_all_names_units_and_words_are_ones_that_the_catalog_knows(ward: Path) -> None:
    catalog = load_catalog()
    names, given = analyte_names(catalog), given_names(catalog)
    printed = {(row["analyte"], row["unit"]) for row in rows(ward, "labs")}
    assert all(identify(catalog, names[plain_name(analyte)], unit) for analyte, unit in printed)
    assert {plain_name(row["drug"]) for row in rows(ward, "treatments")} <= set(given)
    assert {row["finding"] for row in rows(ward, "findings")} <= set(catalog.findings)
    assert {row["context"] for row in rows(ward, "patients")} <= set(catalog.contexts)


def test_draws_are_at_six_and_six_and_results_come_after_them(ward: Path) -> None:
    for row in rows(ward, "labs"):
        drawn = at(row["collected_at"])
        assert drawn.hour in (6, 18)
        assert drawn.minute <= 20
        assert at(row["resulted_at"]) > drawn


def test_a_stay_of_eight_days_has_seventeen_draws_of_which_some_are_missed(ward: Path) -> None:
    drawn = Counter(patient for patient, _ in {(row["patient_id"], row["collected_at"]) for row in rows(ward, "labs")})
    assert len(drawn) == 42
    assert max(drawn.values()) <= 17
    assert 12 <= sum(drawn.values()) / 42 < 16.5  # a tenth is missed, and two kinds are silent for a while


def test_labs_are_told_in_the_order_in_which_they_were_resulted(ward: Path) -> None:
    told = [at(row["resulted_at"]) for row in rows(ward, "labs")]
    assert told == sorted(told)


def test_a_wrong_result_is_conspicuous_and_put_right_later_under_the_same_id(tmp_path: Path) -> None:
    simulate(tmp_path, patients=4, days=6, seed=2, kinds=["corrected"])
    told: dict[str, Rows] = {}
    for row in rows(tmp_path, "labs"):
        told.setdefault(row["source_id"], []).append(row)
    twice = [pair for pair in told.values() if len(pair) > 1]
    assert len(twice) == 12  # three a patient
    for first, second in twice:
        assert (first["status"], second["status"]) == ("final", "corrected")
        assert (first["patient_id"], first["analyte"], first["collected_at"]) == (
            second["patient_id"], second["analyte"], second["collected_at"],
        )  # fmt: skip
        assert timedelta(hours=3) <= at(second["resulted_at"]) - at(first["resulted_at"]) <= timedelta(hours=10)
        ratio = float(first["value"]) / float(second["value"])
        assert ratio > 4.5 or ratio < 0.21


def test_a_value_above_the_assay_is_printed_as_its_limit(tmp_path: Path) -> None:
    simulate(tmp_path, patients=12, days=6, seed=4, kinds=["censored"])
    beyond = {row["value"] for row in rows(tmp_path, "labs") if row["analyte"] == "ferritin" and ">" in row["value"]}
    assert beyond
    assert beyond <= {">16500", ">40000", ">100000"}


def test_numbers_are_printed_as_a_laboratory_prints_them(ward: Path) -> None:
    shapes = {
        ("ferritin", "ug/L"): r"[<>]?\d+",
        ("fibrinogen", "g/L"): r"[<>]?\d\.\d\d",
        ("hemoglobin", "g/dL"): r"\d+\.\d",
    }
    seen = Counter(
        (row["analyte"], row["unit"])
        for row in rows(ward, "labs")
        if (shape := shapes.get((row["analyte"], row["unit"]))) and re.fullmatch(shape, row["value"])
    )
    wanted = Counter((row["analyte"], row["unit"]) for row in rows(ward, "labs"))
    assert all(seen[pair] == wanted[pair] > 0 for pair in shapes)


def test_one_patient_has_one_method_and_one_unit_for_an_analyte_unless_the_truth_says_so(ward: Path) -> None:
    changed = {row["patient_id"] for row in rows(ward, "truth") if row["event"] == "method_change"}
    assert changed
    ways: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows(ward, "labs"):
        if row["patient_id"] in changed and row["analyte"] == "ferritin":
            continue
        ways.setdefault((row["patient_id"], row["analyte"]), set()).add((row["unit"], row["method"]))
    assert all(len(way) == 1 for way in ways.values())
    assert {unit for _, analyte in ways for unit, _ in ways[_, analyte] if analyte == "ferritin"} == {"ug/L", "ng/mL"}


def test_a_pulse_is_thirty_mg_per_kg_and_never_above_a_gram(ward: Path) -> None:
    weights = {row["patient_id"]: float(row["weight_kg"]) for row in rows(ward, "patients")}
    pulses = [row for row in rows(ward, "treatments") if row["drug"] == "Methylprednisolone"]
    assert pulses
    for row in pulses:
        assert float(row["dose"]) == pytest.approx(min(30 * weights[row["patient_id"]], 1000), abs=2.5)
        assert (row["unit"], row["route"]) == ("mg", "IV")


def test_kinds_are_shared_out_by_largest_remainder_with_one_of_each() -> None:
    # One each leaves six: 4.5 and 1.5, so four and one, and the first of two equal remainders gets the last.
    assert counted({"a": 3, "b": 1}, 8) == (["a", "b"], [6, 2])
    assert counted({"a": 3, "b": 1, "c": 1}, 1) == (["a", "b", "c"], [1, 0, 0])


def test_a_mixed_ward_holds_every_kind(ward: Path) -> None:
    assert len({row["kind"] for row in rows(ward, "truth")}) == 24


def test_the_newest_draw_is_at_the_wanted_end(tmp_path: Path) -> None:
    simulate(tmp_path, patients=5, days=3, seed=1, end=NEWEST)
    assert max(at(row["collected_at"]) for row in rows(tmp_path, "labs")) == NEWEST


def test_a_ward_that_makes_no_sense_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MaswatchError, match="no kind 'phoenix'"):
        simulate(tmp_path, patients=5, days=3, seed=1, kinds=["phoenix"])
    with pytest.raises(MaswatchError, match="a patient and a day at least"):
        simulate(tmp_path, patients=0, days=3, seed=1)


def test_the_smallest_ward_can_be_simulated(tmp_path: Path) -> None:
    simulate(tmp_path, patients=1, days=1, seed=1)
    assert len(rows(tmp_path, "patients")) == 1
    assert rows(tmp_path, "labs")


def test_the_demonstration_ward_has_thirty_beds_on_two_wards(demo: Path) -> None:
    patients = rows(demo, "patients")
    assert [row["patient_id"] for row in patients] == [f"MAS-{number}" for number in range(1001, 1031)]
    assert [row["bed"] for row in patients] == [str(bed) for bed in range(1, 31)]
    assert Counter(row["ward"] for row in patients) == {"ICU A": 15, "ICU B": 15}


def test_nothing_in_the_demonstration_ward_is_known_later_than_now(demo: Path) -> None:
    known = [at(row["resulted_at"]) for row in rows(demo, "labs")]
    known += [at(row["started_at"]) for row in rows(demo, "treatments")]
    known += [at(row["observed_at"]) for row in rows(demo, "findings")]
    assert NEWEST - timedelta(minutes=30) <= max(known) <= NEWEST


def test_the_demonstration_ward_shows_every_position_of_the_steroid_clock(demo: Path) -> None:
    starts = [at(row["began_at"]) for row in rows(demo, "truth") if row["event"] == "steroid_start"]
    hours = {round((NEWEST - start) / timedelta(hours=1)) for start in starts}
    assert {10, 22, 31, 50, 74} <= hours
    assert len(starts) < 30  # some have had none


def test_the_demonstration_ward_is_rising_falling_and_overdue_now(demo: Path) -> None:
    now = Counter(row["event"] for row in rows(demo, "truth") if NEWEST - at(row["ended_at"]) < timedelta(hours=3))
    assert now["ferritin_rise"] >= 5
    assert now["fibrinogen_fall"] >= 1
    newest: dict[str, datetime] = {}
    for row in rows(demo, "labs"):
        newest[row["patient_id"]] = max(newest.get(row["patient_id"], at(row["collected_at"])), at(row["collected_at"]))
    assert NEWEST - newest["MAS-1028"] > timedelta(hours=34)


@pytest.mark.parametrize(
    ("place", "wrong", "message"),
    [
        (("kinds", "responder", "variants"), [{"share": 1, "mas": "nowhere", "protocol": "pulse"}], "nowhere"),
        (("kinds", "responder", "levels"), {"feritin": 1}, "feritin"),
        (("markers", "ferritin", "half_life_hours"), 30, "half_life_hours"),
        (("steps", "pulse"), [{"given": "water"}], "water"),
        (("laboratories", "si", "prints"), {"ferritin": ["g/mL", 0]}, "g/mL"),
    ],
)
def test_a_wrong_entry_stops_with_its_name(place: tuple[str, ...], wrong: object, message: str) -> None:
    catalog = load_catalog()
    tables = parsed(FILE, read_bytes(KNOWLEDGE / FILE))
    inner = tables
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = wrong
    with pytest.raises(CatalogError, match=message):
        checked(built(tables, catalog), catalog)


def test_every_marker_says_where_its_numbers_come_from() -> None:
    assert load_numbers().markers
    tables = parsed(FILE, read_bytes(KNOWLEDGE / FILE))
    assert all(entry["source"] and entry["tag"] for entry in tables["markers"].values())
