from __future__ import annotations

import pandas as pd

from storage.frames import OBSERVATIONS, empty, shaped
from storage.versions import current, one_per_draw
from tests.storage.facts import HOUR, MORNING, frame, lab


def versions(*rows: dict[str, object]) -> pd.DataFrame:
    made = [{"version": 1, "status": "final", "method": "", "received_at": MORNING} | row for row in rows]
    return shaped(frame(*made), OBSERVATIONS)


def test_the_latest_version_of_each_result_counts_whatever_the_order_of_rows() -> None:
    known = versions(lab(1, 300, version=3), lab(2, 50), lab(1, 100, version=1), lab(1, 200, version=2))
    assert current(known)["value"].tolist() == [300, 50]
    assert current(known).index.tolist() == [0, 1]


def test_a_withdrawn_result_counts_no_more_and_its_older_version_does_not_come_back() -> None:
    known = versions(
        lab(1, 300), lab(1, 300, version=2, status="entered-in-error"), lab(2, 50, status="cancelled"), lab(3, 7)
    )
    assert current(known)["value"].tolist() == [7]


def test_a_result_that_was_withdrawn_and_reported_again_counts_again() -> None:
    known = versions(lab(1, 300), lab(1, 300, version=2, status="entered-in-error"), lab(1, 310, version=3))
    assert current(known)["value"].tolist() == [310]


def test_what_was_known_then_is_the_same_rule_on_what_had_come_in_by_then() -> None:
    known = versions(lab(1, 300), lab(1, 400, version=2, received_at=MORNING + HOUR))
    assert current(known[known["received_at"] <= MORNING])["value"].tolist() == [300]


def test_the_same_ref_of_two_patients_is_two_results() -> None:
    known = versions(lab(1, 300), lab(1, 40, version=2, patient="P2"))
    assert current(known)["value"].tolist() == [300, 40]


def test_of_two_reports_of_one_draw_the_one_received_last_counts() -> None:
    known = versions(lab(1, 300, received_at=MORNING + HOUR), lab(2, 310), lab(3, 99, hours=1))
    assert one_per_draw(known)["ref"].tolist() == [1, 3]


def test_received_together_the_one_issued_last_counts_and_one_without_a_time_of_issue_gives_way() -> None:
    known = versions(lab(1, 300, issued=2), lab(2, 310, issued=3), lab(3, 320))
    assert one_per_draw(known)["ref"].tolist() == [2]


def test_with_nothing_to_tell_them_apart_the_greater_ref_counts_so_that_no_order_of_arrival_decides() -> None:
    known = versions(lab(5, 300), lab(9, 310), lab(7, 320))
    assert one_per_draw(known)["ref"].tolist() == [9]
    assert one_per_draw(known.iloc[::-1])["ref"].tolist() == [9]


def test_two_methods_two_analytes_or_two_patients_are_two_draws() -> None:
    known = versions(lab(1, 300), lab(2, 310, method="ECLIA"), lab(3, 5, analyte="crp"), lab(4, 30, patient="P2"))
    assert one_per_draw(known)["ref"].tolist() == [1, 2, 3, 4]


def test_nothing_known_is_an_empty_frame_of_the_same_shape() -> None:
    nothing = one_per_draw(current(empty(OBSERVATIONS)))
    assert nothing.empty
    assert {name: str(kind) for name, kind in nothing.dtypes.items()} == OBSERVATIONS
