"""Resources of other hands, where they lie beside the project: each is read as the list beside them says."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.sifting import Taken
from tests.monitoring.fhir_fixture import read_text

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "fhir"

# What the list says of each, in our words: (analyte or drug, value or amount), or why it is none.
FACTS: dict[str, tuple[str, float]] = {
    "mii_laborwert": ("creatinine", 72.0),
    "own_absolute_reference": ("ferritin", 12000.0),
    "own_chain_corrected": ("ferritin", 51000.0),
    "own_contained_patient": ("ferritin", 12000.0),
    "own_effectiveinstant": ("ferritin", 12000.0),
    "own_ma_anakinra_stopped": ("anakinra", 30.0),
    "own_plt_unit_2": ("platelets", 85.0),
    "own_plt_unit_5": ("platelets", 85.0),
    "own_unit_code_differs": ("ferritin", 12000.0),
    "own_unknown_status": ("ferritin", 12000.0),
    "own_zero": ("ferritin", 0.0),
    "r4_medadmin_medadmin0304": ("alemtuzumab", 3.0),
    "r4_observation_f005": ("hemoglobin", 72.0),
}
ASIDE: dict[str, str] = {
    "mii_laborwert-data-absent-reason": "no_value",
    "mii_laborwert-range": "not_a_number",
    "mii_laborwert-ratio": "not_a_number",
    "own_future": "future_time",
    "own_mr_donotperform": "not_given",
    "own_no_coding_text_only": "unknown_analyte",
    "own_no_time_at_all": "no_time",
    "own_truncated": "file_unreadable",
    "own_valuestring_see_comment": "not_a_number",
    "r4_medadmin_medadminexample03": "not_given",
    "r4_medrequest_medrx0301": "not_given",
    "r4_observation_bgpanel": "only_groups",
    "r4_observation_f204": "unknown_analyte",
    "r4_observation_herd1": "no_patient",
}

present = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples do not lie beside the project")


def sample(name: str) -> Taken:
    return read_text((SAMPLES / f"{name}.json").read_bytes(), f"{name}.json")


@present
@pytest.mark.parametrize("name", FACTS)
def test_a_sample_tells_the_fact_that_is_in_it(name: str) -> None:
    taken = sample(name)
    (frame,) = taken.facts.values()
    what, amount = ("analyte", "value") if "analyte" in frame.columns else ("given", "amount")
    assert [(row[what], row[amount]) for row in frame.to_dict("records")] == [FACTS[name]]


@present
@pytest.mark.parametrize("name", ASIDE)
def test_a_sample_without_a_fact_is_set_aside_for_its_reason(name: str) -> None:
    taken = sample(name)
    assert not taken.facts
    assert {one.reason for one in taken.refused} == {ASIDE[name]}


@present
def test_a_merged_patient_goes_on_under_the_other_id() -> None:
    told = sample("own_patient_deceased_merged").facts["merges"]
    assert told[["patient_id", "into"]].to_numpy().tolist() == [["own-merged", "mas1"]]


@present
def test_the_seed_bundle_is_read_whole() -> None:
    taken = sample("seed_bundle")
    assert {name: len(frame) for name, frame in taken.facts.items()} == {"patients": 2, "doses": 3, "observations": 112}
    assert taken.refused == []
    ferritin = taken.facts["observations"].query("analyte == 'ferritin' and patient_id == 'mas1'")
    assert ferritin.loc[ferritin["comparator"] == ">", "value"].tolist() == [40000.0]


@present
def test_every_sample_ends_somewhere() -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        taken = sample(path.stem)
        assert taken.facts or taken.refused, path.name
