"""A report says what the tables of an export say, and nothing of a few patients."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from monitoring.catalog import load_catalog
from monitoring.errors import ExportError
from monitoring.exports.fields import layout
from monitoring.report import measures, page
from monitoring.report.courses import Courses, of_folder
from monitoring.report.measures import Limits, together
from tests.monitoring.export_ward import TELLING, ExportWard

LIMITS = Limits(k=5, every_hours=12, before_hours=48, after_hours=168, window_hours=48)
T0 = pd.Timestamp("2026-06-01T08:00Z")
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def courses() -> Courses:
    """
    Ten patients on a steroid since T0, drawn every 12 h from T0 for 96 h: six respond, ferritin 1000 + 100 a patient
    falling to half at 48 h; four do not. The first three got the second line at 24, 48 and 60 h.
    """
    names = [f"P{n}" for n in range(10)]
    people = pd.DataFrame({
        "patient_id": names, "sex": ["female"] * 7 + ["male"] * 3, "age_group": "12 to 17", "context": "sJIA",
        "admitted_at": T0, "discharged_at": pd.NaT, "first_result_at": T0, "first_steroid_at": T0,
    })  # fmt: skip
    labs = pd.DataFrame([
        {"patient_id": name, "analyte": "ferritin", "value": (1000.0 + 100 * n) * (0.5 if hour >= 48 and n < 6 else 1),
         "collected_at": T0 + hour * HOUR, "hours_since_steroid": float(hour)}
        for n, name in enumerate(names) for hour in range(0, 97, 12)
    ])  # fmt: skip
    second = [T0 + hours * HOUR for hours in (24, 48, 60)]
    given = pd.DataFrame({
        "patient_id": names[:3], "drug": "anakinra", "line": "second", "started_at": second,
    })  # fmt: skip
    verdicts = pd.DataFrame({
        "patient_id": names, "course_no": 1, "hours": 48, "verdict": ["responding"] * 6 + ["not_responding"] * 4,
    })  # fmt: skip
    flags = pd.DataFrame({
        "patient_id": [*names[:6], *names[:2]], "flag": ["ferritin_rising"] * 6 + ["relapse"] * 2, "seq": 0,
        "change": "raised", "severity": "watch",
    })  # fmt: skip
    return Courses(people, labs, given, verdicts, flags, told={})


def test_the_flow_tells_a_few_as_a_few_and_hides_what_would_tell_them(courses: Courses) -> None:
    told = measures.flow(courses, LIMITS).set_index("step")["patients"]
    assert told["In this report"] == 10
    assert told["With a high-dose steroid course"] == 10
    assert told["Second-line or refractory treatment after it"] == "fewer than 5"
    assert told["Response judged at 48 h of the first course"] == 10
    assert (told["Responding"], told["Not responding"]) == ("not told", "fewer than 5")  # 10 less 6 would tell the 4


def test_of_counts_with_a_known_sum_a_single_small_one_takes_another_with_it() -> None:
    assert together([12, 3, 7, 0], 5) == [12, "fewer than 5", "not told", 0]
    assert together([12, 3, 2], 5) == [12, "fewer than 5", "fewer than 5"]
    assert together([12, 7], 5) == [12, 7]


def test_trajectories_are_medians_and_quartiles_of_patients_where_there_are_enough(courses: Courses) -> None:
    told = measures.trajectories(courses, ["ferritin"], LIMITS)
    assert set(told["group"]) == {"responding"}  # four who do not respond are not drawn
    at = told.set_index("hours")
    # 1000, 1100, 1200, 1300, 1400, 1500: quartiles 1125, 1250, 1375; half of them from 48 h on
    assert at.loc[0.0, ["patients", "low", "median", "high"]].tolist() == [6, 1125.0, 1250.0, 1375.0]
    assert at.loc[48.0, ["low", "median", "high"]].tolist() == [562.5, 625.0, 687.5]


def test_incidence_of_the_second_line_is_one_less_kaplan_meier(courses: Courses) -> None:
    told = measures.incidence(courses, LIMITS)
    # of ten at risk one at 24 h: 0.1; of nine one at 48 h: 1 - 0.9 * 8/9 = 0.2; of eight one at 60 h: 0.3
    events = told[told["hours"].isin([24.0, 48.0, 60.0])]
    assert events["incidence"].round(6).tolist() == [0.1, 0.2, 0.3]
    assert events["at_risk"].tolist() == [10, 9, 8]


def test_completeness_is_the_share_of_steps(courses: Courses) -> None:
    told = measures.completeness(courses, ["ferritin", "crp"], LIMITS).set_index("analyte")
    assert told.loc["ferritin", ["low", "median", "high"]].tolist() == [1.0, 1.0, 1.0]
    assert told.loc["crp", ["patients", "median"]].tolist() == [0, 0.0]


def test_the_burden_is_flags_for_days_watched(courses: Courses) -> None:
    told = measures.burden(courses, {"ferritin_rising": "Ferritin rising"}, LIMITS).set_index("flag")
    # six flags in ten times 4 days
    assert told.loc["Ferritin rising", ["raised", "patients", "per_100_days"]].tolist() == [6, 6, 15.0]
    assert told.loc["relapse", "patients"] == "fewer than 5"
    assert pd.isna(told.loc["relapse", "per_100_days"])


def test_the_page_stands_alone_and_its_figures_and_tables_lie_beside_it(courses: Courses, tmp_path: Path) -> None:
    written = page.write(courses, load_catalog(), tmp_path / "report.html", "Ten <patients>")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Ten &lt;patients&gt;" in text
    assert not re.findall(r'(?:src|href)="|@import|<script', text)
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
    names = {path.name for path in written}
    assert {"flow.svg", "trajectories.svg", "second-line.svg", "flow.csv", "people.csv", "trajectories.csv"} <= names
    again = page.write(courses, load_catalog(), tmp_path / "again.html", "Ten <patients>")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_a_report_on_a_pseudonymous_export_names_nobody(export_ward: ExportWard, tmp_path: Path) -> None:
    folder, laid = export_ward.export("csv"), layout(export_ward.site.catalog)
    written = page.write(of_folder(folder, laid), export_ward.site.catalog, tmp_path / "r.html", "Four")
    told = "\n".join(path.read_text(encoding="utf-8") for path in written)
    assert [text for text in TELLING if text in told] == []
    assert "fewer than 5" in told
    assert "P" + "0" * 12 not in told


def test_csv_parquet_and_partitioned_parquet_give_the_same_report(export_ward: ExportWard, tmp_path: Path) -> None:
    laid = layout(export_ward.site.catalog)
    folders = [export_ward.export("csv"), export_ward.export("parquet"),
               export_ward.export("parquet", partition="patient-bucket")]  # fmt: skip
    tables = [measures.people(of_folder(folder, laid), [], LIMITS) for folder in folders]
    burdens = [measures.burden(of_folder(folder, laid), {}, LIMITS) for folder in folders]
    for told in (tables, burdens):
        pd.testing.assert_frame_equal(told[0], told[1])
        pd.testing.assert_frame_equal(told[0], told[2])


def test_a_folder_that_is_no_such_export_is_refused_in_one_sentence(export_ward: ExportWard, tmp_path: Path) -> None:
    laid = layout(export_ward.site.catalog)
    with pytest.raises(ExportError, match=r"no about\.json"):
        of_folder(tmp_path, laid)
    with pytest.raises(ExportError, match="tells no judgements in tables"):
        of_folder(export_ward.export("meds"), laid)
