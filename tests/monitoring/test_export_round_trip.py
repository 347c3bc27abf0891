"""What an identified export holds can be taken in again, and says the same."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring.state import WardState, state
from tests.monitoring.export_ward import AS_OF, ExportWard

LABS = ["patient_id", "analyte", "value", "comparator", "unit", "collected_at", "resulted_at", "method", "specimen"]
LIMITS = ["reference_low", "reference_high", "source_id"]
DOSES = ["patient_id", "given", "amount", "unit", "name_text", "route", "started_at", "ended_at", "source_id"]
PEOPLE = ["birth_date", "sex", "weight_kg", "height_cm", "context", "ward", "bed", "admitted_at", "discharged_at"]


@pytest.fixture(scope="session")
def both(export_ward: ExportWard) -> tuple[WardState, WardState, dict[str, int]]:
    """The ward as it stands, and one that was filled from its export; and what taking in counted."""
    folder = export_ward.export("csv", identified=True)
    again = export_ward.new_site("again")
    told = export_ward.take_in(
        again, *(folder / f"{name}.csv" for name in ("patients", "labs", "treatments", "findings"))
    )
    here, there = (state(site.store, site.catalog, as_of=AS_OF) for site in (export_ward.site, again))
    again.store.close()
    return here, there, told


def same(here: pd.DataFrame, there: pd.DataFrame, columns: list[str]) -> None:
    left, right = (frame[columns].sort_values(columns, ignore_index=True) for frame in (here, there))
    pd.testing.assert_frame_equal(left, right)


def test_every_row_is_taken_in_again(both: tuple[WardState, WardState, dict[str, int]]) -> None:
    _, _, told = both
    assert (told["set_aside"], told["corrected"]) == (0, 0)
    assert told["new"] == 4 + 14 + 4 + 2  # patients, values, doses and findings of the ward


def test_observations_doses_findings_and_people_are_the_same(both: tuple[WardState, WardState, dict[str, int]]) -> None:
    here, there = (ward.assessment.course for ward in both[:2])
    same(here.observations, there.observations, [*LABS, *LIMITS])
    same(here.doses, there.doses, DOSES)
    same(here.findings, there.findings, ["patient_id", "finding", "value", "observed_at"])
    same(here.patients, there.patients, ["patient_id", *PEOPLE])


def test_judgements_are_the_same(both: tuple[WardState, WardState, dict[str, int]]) -> None:
    here, there = both[:2]
    same(here.assessment.lines, there.assessment.lines, ["patient_id", "line", "label", "since"])
    same(
        here.assessment.verdicts,
        there.assessment.verdicts,
        ["patient_id", "t0", "drug", "hours", "verdict", "probability"],
    )
    same(here.assessment.scores, there.assessment.scores, ["patient_id", "score", "low", "high"])
    active = [ward.flags[ward.flags["state"].eq("active")] for ward in (here, there)]
    same(*active, ["patient_id", "flag", "severity", "began_at", "rule_version", "sentence"])
    assert len(active[0])
    assert here.assessment.verdicts["t0"].min() == pd.Timestamp("2026-06-01T08:00Z")  # the pulse, by its name alone
