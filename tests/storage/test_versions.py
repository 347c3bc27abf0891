from __future__ import annotations

import pandas as pd

from storage.frames import DOSES, FINDINGS, OBSERVATIONS, empty, shaped
from storage.versions import current, one_per_administration, one_per_draw, one_per_finding
from tests.storage.facts import HOUR, MORNING, dose, finding, frame, lab


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


def doses(*rows: dict[str, object]) -> pd.DataFrame:
    made = [{"version": 1, "status": "completed", "source": "drop", "received_at": MORNING} | row for row in rows]
    return shaped(frame(*made), DOSES)


def test_a_dose_that_two_sources_tell_alike_was_given_once_and_counts_as_first_received() -> None:
    known = doses(dose(1, 500, source="hl7", received_at=MORNING + HOUR), dose(2, 500), dose(3, 500, hours=24))
    assert one_per_administration(known)["ref"].tolist() == [2, 3]
    assert one_per_administration(known.iloc[::-1])["ref"].tolist() == [3, 2]


def test_received_together_the_smaller_ref_counts() -> None:
    assert one_per_administration(doses(dose(9, 500, source="hl7"), dose(4, 500)))["ref"].tolist() == [4]


def test_what_one_source_tells_twice_was_given_twice_however_many_tell_it() -> None:
    two = [dose(1, 250), dose(2, 250)]
    assert one_per_administration(doses(*two))["ref"].tolist() == [1, 2]
    again = [dose(ref, 250, source="hl7", received_at=MORNING + HOUR) for ref in (3, 4, 5)]
    assert one_per_administration(doses(*two, *again))["ref"].tolist() == [1, 2, 5]
    assert one_per_administration(doses(*again[:1], *two))["ref"].tolist() == [1, 2]


def test_another_amount_unit_product_time_end_or_patient_is_another_dose() -> None:
    ended = dose(6, 500, ended_at=MORNING + HOUR)
    others = [
        dose(2, 250), dose(3, 500, unit="mg/d"), dose(4, 500, given="anakinra"), dose(5, 500, hours=1), ended,
        dose(7, 500, patient="P2"),
    ]  # fmt: skip
    known = doses(dose(1, 500), *(other | {"source": "hl7"} for other in others))
    assert one_per_administration(known) is known


def test_an_amount_that_neither_source_could_tell_is_the_same() -> None:
    known = doses(*({**dose(ref, 0), "amount": None, "source": source} for ref, source in ((1, "drop"), (2, "hl7"))))
    assert one_per_administration(known)["ref"].tolist() == [1]


def test_a_finding_told_alike_twice_was_seen_once() -> None:
    rows = [finding(1, "yes"), finding(2, "yes"), finding(3, "no"), finding(4, "yes", hours=1)]
    made = [{"version": 1, "status": "final", "source": "drop", "received_at": MORNING} | row for row in rows]
    known = shaped(frame(*made), FINDINGS)
    assert one_per_finding(known)["ref"].tolist() == [1, 3, 4]


def test_nothing_known_is_an_empty_frame_of_the_same_shape() -> None:
    nothing = one_per_draw(current(empty(OBSERVATIONS)))
    assert nothing.empty
    assert {name: str(kind) for name, kind in nothing.dtypes.items()} == OBSERVATIONS
    assert one_per_administration(empty(DOSES)).empty
    assert one_per_finding(empty(FINDINGS)).empty
