"""Messages that other systems really sent, where they lie beside the project: each is read as its manifest says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.monitoring.hl7_fixture import labs, reads, reasons

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "hl7"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside the project")

# file -> (patient, analyte, value in the catalog's unit, comparator) of every value that is usable here
VALUES = {
    "v01_nm_gt40000.hl7": [("MAS0001", "ferritin", 40000, ">")],
    "v04_repeated_obx_same_code.hl7": [("MAS0001", "ferritin", 9800, ""), ("MAS0001", "ferritin", 10200, "")],
    "v10_corrected.hl7": [("MAS0001", "ferritin", 51000, "")],
    "v18_ts_no_tz_fraction.hl7": [("MAS0001", "ferritin", 12000, "")],
    "v22_batch_fhs_bhs.hl7": [("MAS0001", "ferritin", value, "") for value in (1000, 2000, 3000)],
    "v25_lf.hl7": [("MAS0001", "ferritin", 12000, "")],
    "v36_two_patients.hl7": [("MAS0036A", "ferritin", 100, ""), ("MAS0036B", "ferritin", 20000, "")],
    "r17_mirth_batch_two_types_no_bhs.hl7": [
        ("12345", "wbc", 7, ""), ("12345", "neutrophils_pct", 68, ""), ("12345", "hemoglobin", 137, ""),
        ("12345", "platelets", 221, ""),
    ],
}  # fmt: skip
REFUSED_WHOLE = (
    "v31_no_msh.hl7",
    "r22_pyhl7_sample_bad_batch.hl7",
    "r22_pyhl7_sample_bad_file.hl7",
    "r23_hapi_chem.hl7",
)


def names() -> list[str]:
    if not SAMPLES.is_dir():
        return []
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", names())
def test_no_result_of_a_sample_is_lost(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    taken = reads(content, name=name)
    told = content.replace(b"\n", b"\r").split(b"\r")
    here = sum(line.startswith(b"OBX|") for line in told)
    read = len(taken.facts.get("observations", ()))
    assert read + sum(one.raw.count("OBX|") for one in taken.refused if one.kind in ("labs", "message")) == here
    assert "bad_segment" not in reasons(taken)


@pytest.mark.parametrize("name", VALUES)
def test_the_values_of_a_sample(name: str) -> None:
    told = labs(reads((SAMPLES / name).read_bytes()))
    assert (
        list(told[["patient_id", "analyte", "value", "comparator"]].itertuples(index=False, name=None)) == VALUES[name]
    )


@pytest.mark.parametrize("name", REFUSED_WHOLE)
def test_a_sample_that_is_no_message_for_us_is_set_aside_whole(name: str) -> None:
    taken = reads((SAMPLES / name).read_bytes())
    assert not taken.facts
    assert [one.kind for one in taken.refused] == ["message"]


def test_cells_per_microlitre_are_converted() -> None:
    told = labs(reads((SAMPLES / "r04_nist_lri_cbc_28_obx.hl7").read_bytes())).set_index("analyte")["value"]
    assert (told["platelets"], told["wbc"]) == (210, 105.6)
