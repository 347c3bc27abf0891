"""One OBX: what is measured, how much, when, and with what standing."""

from __future__ import annotations

import pytest

from tests.monitoring.hl7_fixture import OBR, PID, lab, labs, message, obx, reads, reasons, result, utc


@pytest.mark.parametrize(
    ("kind", "written", "value", "comparator"),
    [
        ("NM", "700", 700, ""), ("NM", ">40000", 40000, ">"), ("SN", ">^40000", 40000, ">"),
        ("SN", "^182", 182, ""), ("SN", "=^182", 182, ""), ("SN", "<=^5", 5, "<="), ("SN", ">=^32^", 32, ">="),
        ("ST", "< 15", 15, "<"), ("TX", "700", 700, ""), ("FN", "^182", 182, ""), ("NM", ">^40000", 40000, ">"),
        ("CE", "^1800", 1800, ""), ("CWE", "700^700^L", 700, ""), ("", "700", 700, ""), ("NM", "7.0e2", 700, ""),
        ("CQ", "700^ng/mL", 700, ""), ("ST", "\\X3E\\40000", 40000, ">"),
    ],
)  # fmt: skip
def test_a_value_is_read_by_its_type(kind: str, written: str, value: float, comparator: str) -> None:
    told = lab(reads(result(written, f2=kind)))
    assert (told["value"], told["comparator"]) == (value, comparator)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("ST", "see comment"), ("SN", "^1^:^128"), ("SN", "<>^5"), ("SN", "^10^-^20"), ("NM", "27~25"),
        ("NM", "12,500"), ("CE", "260415000^^SCT"), ("CWE", "700^high^L"), ("DT", "20260106"),
        ("TS", "20260106"),
        ("ED", "^^^Base64^700"), ("ST", "2+"), ("NM", "7\\S\\00"), ("XX", "^a^b"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_set_aside_and_never_guessed(kind: str, written: str) -> None:
    taken = reads(result(written, f2=kind))
    assert reasons(taken) == ["not_a_number"]
    assert taken.refused[0].raw.startswith("PID|1||P100")
    assert taken.refused[0].patient_id == "P100"


@pytest.mark.parametrize("kind", ["CQ"])
def test_a_quantity_brings_its_own_unit(kind: str) -> None:
    assert lab(reads(result("70^ug/dL", f2=kind, f6="")))["value"] == 700


def test_a_null_is_no_value() -> None:
    assert reasons(reads(result('""'))) == ["no_value"]


@pytest.mark.parametrize(
    "code",
    [
        "2276-4^anything^LN", "FER^Ferritin^L^2276-4^Ferritin^LN", "X1^odd^99LAB^20567-4^Ferritin^LN", "FERR",
        "9^Ferritin^L", "^Ferritin", "2276-4^Ferritin", "A1^a^L^B1^Ferritin^L", "77^^L^^^^^^Serum ferritin",
        "FERR^Ferritin quant.^L",
    ],
)  # fmt: skip
def test_the_analyte_is_known_by_loinc_in_either_place_or_by_name(code: str) -> None:
    assert lab(reads(result(code=code)))["analyte"] == "ferritin"


@pytest.mark.parametrize(
    ("code", "grouped"),
    [("ZZ9^Something^L", "ZZ9"), ("xx2276-4^Ferritin^LN", "xx2276-4"), ("11125-2^PLATELETS^LN", "11125-2"), ("", "")],
)
def test_an_unknown_code_is_set_aside_under_that_code(code: str, grouped: str) -> None:
    taken = reads(result(code=code))
    assert reasons(taken) == ["unknown_analyte"]
    assert taken.refused[0].code == grouped


def test_a_code_and_a_text_that_contradict_each_other_are_not_believed() -> None:
    assert reasons(reads(result(code="FERR^Fibrinogen^L"))) == ["unknown_analyte"]
    assert reasons(reads(result(code="2276-4^Fibrinogen^LN"))) == ["conflicting_codes"]


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("ug/L", 700), ("ng/ml^nanogram per millilitre^UCUM", 700), ("1^^UCUM^ug/L^^L", 700),
        ("x^^L^ug/dL^^UCUM", 7000),
        ("^ng/mL", 700), ("77^^L^^^^^^ng/mL", 700),
    ],
)  # fmt: skip
def test_a_unit_is_found_wherever_the_field_names_it(unit: str, value: float) -> None:
    assert lab(reads(result(f6=unit)))["value"] == value


def test_an_unknown_unit_is_set_aside() -> None:
    assert reasons(reads(result(f6="feet"))) == ["unknown_unit"]


@pytest.mark.parametrize(
    ("letter", "status"),
    [
        ("P", "preliminary"), ("R", "preliminary"), ("S", "preliminary"), ("F", "final"), ("U", "final"),
        ("C", "corrected"), ("A", "amended"), ("B", "appended"), ("f", "final"), ("", "final"),
    ],
)  # fmt: skip
def test_the_standing_of_a_result(letter: str, status: str) -> None:
    assert lab(reads(result(f11=letter)))["status"] == status


@pytest.mark.parametrize(
    ("letter", "status"), [("D", "entered-in-error"), ("W", "entered-in-error"), ("X", "cancelled")]
)
def test_a_withdrawn_result_keeps_no_value(letter: str, status: str) -> None:
    told = lab(reads(result(f11=letter)))
    assert told["status"] == status
    assert told["value"] != told["value"]


@pytest.mark.parametrize(
    ("letter", "status"), [("A", "preliminary"), ("C", "corrected"), ("P", "preliminary"), ("F", "final")]
)
def test_the_order_speaks_where_the_result_says_nothing(letter: str, status: str) -> None:
    order = OBR + "|" * 18 + letter
    assert order.split("|")[25] == letter
    assert lab(reads(result(order=order, f11="")))["status"] == status
    assert lab(reads(result(order=order, f11="F")))["status"] == "final"


@pytest.mark.parametrize("letter", ["I", "O", "N"])
def test_a_result_that_is_only_announced_gives_no_row_of_values(letter: str) -> None:
    assert reasons(reads(result("", f11=letter, f6=""))) == ["no_value"]


def test_an_unknown_standing_is_set_aside() -> None:
    assert reasons(reads(result(f11="Q"))) == ["unknown_status"]


def test_an_order_that_is_cancelled_without_naming_its_results_is_set_aside() -> None:
    assert reasons(reads(message(PID, OBR + "|" * 18 + "X"))) == ["no_value"]
    assert reasons(reads(message(PID, OBR + "|" * 18 + "I"))) == []


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("20260106060000+0100", "2026-01-06 05:00"), ("202601060600", "2026-01-06 05:00"),
        ("2026010606", "2026-01-06 05:00"),
        ("20260106060000.1234+0000", "2026-01-06 06:00:00.1234"), ("20260106060000-0500", "2026-01-06 11:00"),
        ("2026-01-06T06:00:00Z", "2026-01-06 06:00"), ("20260106060000Z", "2026-01-06 06:00"),
    ],
)  # fmt: skip
def test_a_time_stamp_is_read_with_its_zone_or_that_of_the_ward(stamp: str, moment: str) -> None:
    assert lab(reads(result(f14=stamp)))["collected_at"] == utc(moment)


def test_a_time_without_zone_is_in_the_zone_that_the_message_names() -> None:
    told = lab(reads(result(stamp="20260106070000-0500", f14="202601060600")))
    assert told["collected_at"] == utc("2026-01-06 11:00")


def test_a_sender_on_the_clock_of_the_ward_follows_its_summer_time() -> None:
    """Sent in summer time (+0200) of a draw in winter time: the wall clock in Berlin was an hour behind UTC + 2."""
    told = lab(reads(result(stamp="20250401080000+0200", f14="20250329120000")))
    assert told["collected_at"] == utc("2025-03-29 11:00")


def test_without_its_own_time_a_result_has_that_of_the_order_then_of_the_specimen() -> None:
    assert lab(reads(result()))["collected_at"] == utc("2026-01-06 05:00")
    specimen = "SPM|1|||SER" + "|" * 13 + "202601060615"
    assert specimen.split("|")[17] == "202601060615"
    bare = OBR.replace("20260106060000+0100", "")
    assert lab(reads(message(PID, bare, obx(), specimen)))["collected_at"] == utc("2026-01-06 05:15")


def test_a_date_alone_takes_the_time_of_day_that_the_order_adds() -> None:
    assert lab(reads(result(f14="20260106")))["collected_at"] == utc("2026-01-06 05:00")
    assert reasons(reads(result(f14="20260105"))) == ["no_time"]


@pytest.mark.parametrize("stamp", ["20261306060000", "yesterday", "20260106256100"])
def test_a_time_that_never_was_sets_the_result_aside(stamp: str) -> None:
    assert reasons(reads(result(f14=stamp))) == ["no_time"]


def test_a_result_without_any_time_is_set_aside() -> None:
    assert reasons(reads(result(order="OBR|1|PL1|LAB900|FER"))) == ["no_time"]


def test_the_later_of_analysis_and_report_is_when_it_resulted() -> None:
    order = OBR + "|" * 15 + "20260106090000+0100"
    assert order.split("|")[22] == "20260106090000+0100"
    assert lab(reads(result(order=order, f19="20260106080000+0100")))["resulted_at"] == utc("2026-01-06 08:00")
    assert lab(reads(result(order=order, f19="20260106")))["resulted_at"] == utc("2026-01-06 08:00")


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("13-150", 13, 150), ("13 - 150 ng/mL", 13, 150), ("13_150", 13, 150), ("4.5 to 6.2", 4.5, 6.2),
        ("<150", None, 150),
        (">= 13", 13, None), ("negative", None, None), ("^^10.0", None, None),
    ],
)  # fmt: skip
def test_the_interval_of_the_laboratory(written: str, low: float | None, high: float | None) -> None:
    told = lab(reads(result(f7=written)))
    shown = [None if told[name] != told[name] else told[name] for name in ("reference_low", "reference_high")]
    assert shown == [low, high]


def test_the_method_is_kept() -> None:
    assert lab(reads(result(f17="ECL^Electrochemiluminescence^L")))["method"] == "Electrochemiluminescence"


@pytest.mark.parametrize(
    "specimen", ["SER", "119364003^Serum specimen^SCT", "X7^odd^L^SER^Serum^HL70487", "T1^Serum^L"]
)
def test_the_specimen_stands_before_or_behind_its_results(specimen: str) -> None:
    spm = f"SPM|1|||{specimen}"
    assert lab(reads(message(PID, OBR, spm, obx())))["specimen"] == "serum"
    assert lab(reads(message(PID, OBR, obx(), spm)))["specimen"] == "serum"


def test_the_older_place_of_the_specimen_is_read() -> None:
    order = OBR + "|" * 8 + "SER&Serum&HL70070"
    assert order.split("|")[15] == "SER&Serum&HL70070"
    assert lab(reads(result(order=order)))["specimen"] == "serum"


def test_a_ferritin_in_urine_is_set_aside() -> None:
    assert reasons(reads(message(PID, OBR, obx(), "SPM|1|||UR^Urine^HL70487"))) == ["wrong_specimen"]


def test_each_specimen_belongs_to_its_own_order() -> None:
    other = OBR.replace("LAB900", "LAB901")
    taken = reads(message(PID, OBR, obx(), "SPM|1|||SER", other, obx("800"), "SPM|1|||BLD"))
    assert labs(taken)["specimen"].tolist() == ["serum", "blood"]


def test_results_of_several_patients_stay_apart() -> None:
    other = PID.replace("P100", "P200").replace("PID|1", "PID|2")
    taken = reads(message(PID, OBR, obx("100"), other, OBR, obx("20000")))
    assert labs(taken)[["patient_id", "value"]].to_numpy().tolist() == [["P100", 100.0], ["P200", 20000.0]]


def test_a_result_before_any_patient_belongs_to_nobody() -> None:
    assert reasons(reads(message(OBR, obx()))) == ["no_patient"]


def test_comments_change_no_value() -> None:
    assert lab(reads(message(PID, "NTE|1||9000", OBR, "NTE|1||9000", obx(), "NTE|1||9000")))["value"] == 700
