from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from dashboard.bedside import with_corrections
from dashboard.normal import normal_band
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NOW, ago, bed, nobody, versions, ward


def test_every_patient_is_cut_out_of_the_frames_of_the_ward() -> None:
    assert [side.patient["bed"] for side in ward().sides] == ["7", "12", "3", "9", "5", "14", "2", "11"]
    assert [point.value for point in bed("9").series["ferritin"].points] == [2000, 6900, 9400, 9000, 8100]
    assert [point.at for point in bed("9").series["ferritin"].points] == [-67, -55, -43, -31, -19]


def test_a_patient_without_anything_has_empty_rows_and_no_age_of_labs() -> None:
    side = bed("2")
    assert (side.series, side.trends, side.flags, side.response, side.late) == ({}, {}, (), None, ())
    assert side.newest_collected_at is None
    assert side.values.empty


def test_an_empty_ward_has_nobody_in_it() -> None:
    assert nobody().sides == ()
    assert nobody().of("P-0007") is None


def test_the_newest_value_tells_which_product_moved_the_series() -> None:
    assert bed("3").series["crp"].confounded_by == "tocilizumab"
    assert bed("7").series["fibrinogen"].confounded_by == ""  # an older one was moved, the newest was not


def test_who_a_patient_is_stands_in_one_line() -> None:
    assert bed("7").about(days=True) == "M, 34 y · AOSD · day 5"
    assert bed("2").about() == "F, 38 y"  # an unknown context is not worth a word
    assert bed("7").title == "Bed 7"


def test_without_a_bed_the_identifier_is_the_name() -> None:
    side = replace(bed("7"), patient={**bed("7").patient, "bed": ""})
    assert (side.name, side.title) == ("P-0007", "P-0007")


@pytest.mark.parametrize(
    ("admitted", "left", "gone"),
    [(100, None, False), (100, 1, True), (100, 0, True), (100, -1, False), (0.5, 1, False)],
)
def test_who_was_discharged_has_left_unless_admitted_again(admitted: float, left: float | None, gone: bool) -> None:
    times = {
        "admitted_at": pd.Timestamp(ago(admitted)),
        "discharged_at": pd.NaT if left is None else pd.Timestamp(ago(left)),
    }
    assert replace(bed("7"), patient={**bed("7").patient, **times}).has_left is gone


def test_the_reference_interval_is_that_of_the_sex() -> None:
    ferritin = catalog().analytes["ferritin"]
    assert normal_band(bed("7"), ferritin) == (30, 400)
    assert normal_band(bed("12"), ferritin) == (15, 150)


def test_the_laboratorys_own_interval_wins_over_the_catalogs() -> None:
    side = bed("7")
    side.series["ferritin"].normal = (20.0, 300.0)
    assert normal_band(side, catalog().analytes["ferritin"]) == (20.0, 300.0)


def test_an_unknown_age_takes_an_interval_for_all_ages_only() -> None:
    unborn = replace(bed("7"), patient={**bed("7").patient, "birth_date": ""})
    assert normal_band(unborn, catalog().analytes["fibrinogen"]) == (2.0, 4.0)


def test_older_versions_of_corrected_values_come_along() -> None:
    side = with_corrections(bed("11"), versions("11"))
    assert [(row["version"], row["value"]) for row in side.earlier] == [(1, 11200.0), (2, 1120.0)]


def test_the_steroid_clock_counts_from_the_newest_course() -> None:
    assert bed("7").steroid_hours == 50
    assert bed("14").steroid_hours is None
    assert bed("7").as_of == NOW
