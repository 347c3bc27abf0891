"""Messages in a store: the same again, corrected, withdrawn, repeated under one order, set aside and read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.versions import current
from tests.monitoring.hl7_fixture import OBR, PID, message, obx, result
from tests.monitoring.intake_fixture import Site, balanced, site


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        yield opened


def values(ward: Site) -> list[float]:
    return sorted(current(ward.labs())["value"].tolist())


def test_the_same_message_twice_adds_nothing(ward: Site) -> None:
    assert ward.takes(result())["new"] == 2
    counts = ward.takes(result(), name="again.hl7")
    assert (counts["new"], counts["corrected"], counts["unchanged"]) == (0, 0, 2)


def test_preliminary_final_corrected_are_versions_of_one_result(ward: Site) -> None:
    ward.takes(result("5000", f11="P"))
    ward.takes(result("5100", f11="F"))
    counts = ward.takes(result("51000", f11="C"))
    assert counts["corrected"] == 1
    assert ward.labs()["value"].tolist() == [5000, 5100, 51000]
    assert current(ward.labs())[["value", "status"]].to_numpy().tolist() == [[51000, "corrected"]]


def test_a_correction_may_move_the_time_of_the_draw(ward: Site) -> None:
    ward.takes(result("5000", f14="202601060600"))
    ward.takes(result("5000", f14="202601060500", f11="C"))
    assert values(ward) == [5000]


@pytest.mark.parametrize("letter", ["D", "W", "X"])
def test_a_withdrawal_takes_the_result_back(ward: Site, letter: str) -> None:
    ward.takes(result("5000"))
    ward.takes(result("", f11=letter, f6=""))
    assert values(ward) == []
    assert len(ward.labs()) == 2


def test_another_order_is_another_result(ward: Site) -> None:
    ward.takes(result("5000"))
    ward.takes(result("6000", order=OBR.replace("LAB900", "LAB901").replace("20260106060000", "20260106180000")))
    assert values(ward) == [5000, 6000]


def test_the_same_code_twice_under_one_order_is_two_results(ward: Site) -> None:
    ward.takes(message(PID, OBR, obx("9800"), obx("10200")))
    assert values(ward) == [9800, 10200]


def test_a_sub_id_tells_results_of_one_code_apart(ward: Site) -> None:
    ward.takes(message(PID, OBR, obx("9800", f4="1"), obx("10200", f4="2")))
    ward.takes(message(PID, OBR, obx("10300", f4="2", f11="C")))
    assert values(ward) == [9800, 10300]


def test_a_result_withdrawn_and_told_anew_in_one_message_is_one_result(ward: Site) -> None:
    ward.takes(result("9800"))
    ward.takes(message(PID, OBR, obx("9800", f11="D"), obx("10200")))
    assert values(ward) == [10200]


def test_without_an_order_number_the_time_of_the_draw_tells_results_apart(ward: Site) -> None:
    bare = OBR.replace("PL1|LAB900", "|")
    ward.takes(result("5000", order=bare))
    ward.takes(result("5200", order=bare, f11="C"))
    ward.takes(result("6000", order=bare.replace("20260106060000", "20260106180000")))
    assert values(ward) == [5200, 6000]


def test_a_filler_number_that_only_counts_does_not_join_two_draws(ward: Site) -> None:
    for placer, hour, value in (("PL1", "06", "5000"), ("PL2", "18", "6000")):
        ward.takes(result(value, order=f"OBR|1|{placer}|7|FER|||20260106{hour}0000+0100"))
    assert values(ward) == [5000, 6000]


def test_every_row_is_counted_once(ward: Site) -> None:
    content = message(PID, OBR, obx(), obx("see comment"), obx("1", "ZZ^odd^L")) + message(PID, kind="ACK")
    counts = ward.takes(content)
    assert balanced(counts)
    assert counts["read"] == 5
    assert sorted(ward.reasons()) == ["not_a_number", "unknown_analyte", "unsupported_message"]


def test_equal_results_of_two_patients_are_both_set_aside(ward: Site) -> None:
    other = PID.replace("P100", "P200")
    ward.takes(message(PID, OBR, obx("see comment")))
    ward.takes(message(other, OBR, obx("see comment")))
    assert len(ward.reasons()) == 2


def test_a_message_set_aside_waits_through_a_retry(ward: Site) -> None:
    content = message(PID.replace("Doe", "D\u00f6"), "MRG|P099", kind="ADT^A24", charset="8859/1").encode("latin-1")
    ward.takes(content)
    assert balanced(ward.retries())
    assert ward.reasons() == ["unsupported_message"]


def test_a_result_in_a_wrong_encoding_is_read_as_soon_as_the_right_one_is_set(tmp_path: Path) -> None:
    content = message(PID, OBR, obx(f6="\u00b5g/L")).encode("latin-1")
    with site(tmp_path) as ward:
        ward.takes(content)
        assert ward.reasons() == ["bad_encoding"]
    with site(tmp_path, encoding="latin-1") as ward:
        ward.retries()
        assert (ward.reasons(), ward.labs()["value"].tolist()) == ([], [700])
