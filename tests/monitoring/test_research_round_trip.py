"""What is exported as MEDS or CLIF for named patients can be taken in again, as far as the format can carry it."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring.analysis.course import Course
from monitoring.whole_course import told
from tests.monitoring.export_ward import AS_OF, ExportWard

VALUES = ["patient_id", "analyte", "value", "comparator", "unit", "collected_at"]
DOSES = ["patient_id", "given", "amount", "unit", "started_at"]
PEOPLE = ["patient_id", "birth_date", "sex", "admitted_at"]
Both = tuple[Course, Course, dict[str, int]]


def both(ward: ExportWard, how: str) -> Both:
    again = ward.new_site(f"again-{how}")
    counts = ward.take_in(again, ward.export(how, identified=True))
    here, there = (told(site.store, as_of=AS_OF) for site in (ward.site, again))
    again.store.close()
    return here, there, counts


@pytest.fixture(scope="module")
def meds(export_ward: ExportWard) -> Both:
    return both(export_ward, "meds")


@pytest.fixture(scope="module")
def clif(export_ward: ExportWard) -> Both:
    return both(export_ward, "clif")


def newest(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """What counts of it: a correction stands for what it corrects."""
    last = frame.sort_values("version").drop_duplicates(["patient_id", "source", "ref"], keep="last")
    return last[columns].sort_values(columns, ignore_index=True)


def same(here: pd.DataFrame, there: pd.DataFrame, columns: list[str]) -> None:
    pd.testing.assert_frame_equal(newest(here, columns), newest(there, columns))


def test_meds_brings_back_every_value_dose_finding_and_person(meds: Both) -> None:
    here, there, counts = meds
    assert (counts["set_aside"], counts["new"]) == (0, 4 + 14 + 4 + 2)
    same(here.observations, there.observations, VALUES)
    same(here.doses, there.doses, [*DOSES, "ended_at"])
    same(here.findings, there.findings, ["patient_id", "finding", "value", "observed_at"])
    columns = [*PEOPLE, "context", "weight_kg", "height_cm"]
    pd.testing.assert_frame_equal(here.patients[columns], there.patients[columns])


def test_clif_brings_back_every_value_and_the_doses_that_it_has_words_for(clif: Both) -> None:
    """A temperature that was examined is a vital sign there; fibrinogen concentrate and ends of doses have no place."""
    here, there, counts = clif
    assert (counts["set_aside"], counts["corrected"]) == (0, 0)
    examined = here.findings[here.findings["finding"].eq("temperature_c")]
    values = there.observations[~there.observations["collected_at"].isin(examined["observed_at"])]
    same(here.observations, values, [*VALUES, "resulted_at"])
    assert len(there.observations) == len(values) + 1
    given = here.doses[~here.doses["given"].eq("fibrinogen_concentrate")]
    same(given, there.doses, DOSES)
    pd.testing.assert_frame_equal(here.patients[PEOPLE], there.patients[PEOPLE])
