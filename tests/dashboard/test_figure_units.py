"""The figure, its table and its thresholds in other units."""

from __future__ import annotations

import pytest

from dashboard.patient_sheet import sheet
from dashboard.selection import PatientAsked, patient_asked, with_units
from dashboard.units_shown import in_units
from monitoring.catalog import load_catalog
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.figure_fixture import figure, trace
from tests.dashboard.ward_fixture import ZONE, bed

SI = PatientAsked(units="si")
RELATIVE = PatientAsked(mode="relative")


def test_si_units_stand_in_figure_gutter_and_thresholds_by_the_factor_of_the_catalog() -> None:
    told = figure(bed("7"), SI)
    factor = catalog().analytes["ferritin"].si_factor
    unit = catalog().analytes["ferritin"].si_unit
    assert list(trace(told, "Ferritin").y)[-1] == pytest.approx(21800 * factor)
    words = " ".join(note.text for note in told.layout.annotations)
    assert unit in words
    assert f"{21800 * factor:,.0f}" in words
    assert any(shape.y0 == pytest.approx(10000 * factor) for shape in told.layout.shapes if shape.name == "threshold")
    assert trace(told, "Ferritin").hovertext[-1].split("<br>")[1] == "reported 21800 ug/L"


def test_si_units_stand_in_the_table_and_what_a_flag_says_stays_as_it_was_judged() -> None:
    usual, si = (sheet(bed("7"), catalog(), zone=ZONE, units=units) for units in ("", "si"))
    assert usual.table is not None
    assert si.table is not None
    factor = catalog().analytes["ferritin"].si_factor
    told = {row.label: row for row in si.table.rows}
    (before,) = [row.before for row in usual.table.rows if row.label == "Ferritin"]
    assert told["Ferritin"].before == f"{float(before.replace(',', '')) * factor:,.0f}"
    assert told["Platelets"] == {row.label: row for row in usual.table.rows}["Platelets"]
    assert si.flags == usual.flags


def test_other_units_change_no_shape_of_a_line() -> None:
    usual, si = (trace(figure(bed("7"), asked), "Ferritin").y for asked in (PatientAsked(), SI))
    assert len({round(b / a, 9) for a, b in zip(usual, si, strict=True)}) == 1


def test_conventional_units_leave_everything_as_it_is() -> None:
    side = bed("7")
    assert in_units(side, catalog(), "") == (side, catalog())


def test_american_units_stand_in_figure_and_table_by_the_factors_results_come_in_by() -> None:
    known = load_catalog()
    side, shown = in_units(bed("7"), known, "us")
    words = {code: (shown.analytes[code].unit, list(side.drawn[code])[-1]["value"]) for code in ("ferritin", "crp")}
    assert words["ferritin"] == ("ng/mL", 21800)  # a nanogram in a millilitre is a microgram in a litre
    assert words["crp"] == ("mg/dL", pytest.approx(26.2))  # 262 mg/L
    assert list(side.drawn["fibrinogen"])[-1]["value"] == pytest.approx(171)  # 1.71 g/L in mg/dL
    assert list(side.drawn["hemoglobin"])[-1]["value"] == pytest.approx(9.8)  # 98 g/L in g/dL
    assert list(side.drawn["triglycerides"])[-1]["value"] == pytest.approx(3.8 * 88.57)


def test_a_site_sets_the_units_that_a_reader_may_still_change() -> None:
    assert with_units(patient_asked({"units": ""}), "us").units == "us"
    assert with_units(patient_asked({"units": "conventional"}), "us").units == "conventional"
    assert with_units(patient_asked({}), "conventional").units == ""
