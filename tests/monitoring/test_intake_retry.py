"""What was set aside: listed, shown, and read again after a mend."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from monitoring.errors import IntakeError
from monitoring.set_aside import groups, listed, shown
from monitoring.terms import Catalog
from storage import queries
from tests.monitoring.intake_fixture import LABS, Site, catalog, lab, settings, site

AT = "2026-01-06T06:00:00+01:00"


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


def with_ferritin(**changes: object) -> Catalog:
    """The catalog after its ferritin entry was mended."""
    ferritin = dataclasses.replace(catalog().analytes["ferritin"], **changes)  # type: ignore[arg-type]
    analytes = MappingProxyType({**catalog().analytes, "ferritin": ferritin})
    return dataclasses.replace(catalog(), analytes=analytes)


def furlong() -> Catalog:
    return with_ferritin(units={**catalog().analytes["ferritin"].units, "furlong": (2.0, 0.0)})


def mapped() -> Catalog:
    return with_ferritin(aliases=("Ferritin", "Eisenspeicher"))


def test_a_list_says_what_the_interface_promises(ward: Site) -> None:
    ward.takes(lab("neg"))
    (row,) = listed(ward.store)
    assert list(row) == ["id", "source", "origin", "reason", "sentence", "raw"]
    assert (row["source"], row["origin"], row["raw"]) == ("drop", "labs.csv:2", lab("neg").splitlines()[1])


def test_one_is_shown_whole_by_the_beginning_of_its_id(ward: Site) -> None:
    ward.takes(lab("neg"))
    told = shown(ward.store, str(ward.aside()["id"])[:6])
    assert (told["patient_id"], told["fields"]["value"], told["kind"]) == ("MAS0001", "neg", "labs")
    json.dumps(told)
    for wrong in ("", "zzz"):
        with pytest.raises(IntakeError, match="set-aside list"):
            shown(ward.store, wrong)


def test_results_of_one_unknown_analyte_are_one_group(ward: Site) -> None:
    rows = [f"P{place},Zonulin,5,ng/mL,{AT}" for place in range(3)] + [f"P1,Ferritin,neg,ng/mL,{AT}"]
    ward.takes("\n".join([LABS, *rows, ""]))
    first, second = groups(ward.store)
    assert (first["reason"], first["code"], first["count"], first["patients"]) == ("unknown_analyte", "Zonulin", 3, 3)
    assert (second["reason"], second["count"]) == ("not_a_number", 1)


def test_nothing_mended_changes_nothing(ward: Site) -> None:
    ward.takes(lab("neg"))
    ward.takes(b"PK\x03\x04", name="odd.csv")
    before = listed(ward.store)
    assert ward.retries() == {"read": 2, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 2}
    assert listed(ward.store) == before


def test_nothing_set_aside_is_nothing_read(ward: Site) -> None:
    assert ward.retries()["read"] == 0


def test_an_analyte_that_was_mapped_is_taken_in_as_received_now(ward: Site) -> None:
    ward.takes(lab(analyte="Eisenspeicher") + lab("neg").splitlines()[1] + "\n")
    ward.catalog = mapped()
    assert ward.retries() == {"read": 2, "new": 1, "unchanged": 0, "corrected": 0, "set_aside": 1}
    assert ward.reasons() == ["not_a_number"]
    row = ward.labs().iloc[0]
    assert (row["analyte"], row["value"], row["origin"], row["source"]) == ("ferritin", 700.0, "labs.csv:2", "drop")
    assert row["received_at"] == pd.Timestamp(ward.now)
    assert ward.retries()["read"] == 1


def test_only_the_wanted_ones_are_read_again(ward: Site) -> None:
    ward.takes(f"{LABS}\nA,Eisenspeicher,5,ng/mL,{AT}\nB,Eisenspeicher,5,ng/mL,{AT}\n")
    ward.catalog = mapped()
    wanted = listed(ward.store)[0]["id"]
    assert ward.retries(wanted)["read"] == 1
    assert len(ward.reasons()) == 1
    with pytest.raises(IntakeError, match="set-aside list"):
        ward.retries("zzz")


def test_the_file_taken_in_again_after_the_mend_finds_what_the_retry_told(ward: Site) -> None:
    ward.takes(lab(analyte="Eisenspeicher"))
    ward.catalog = mapped()
    ward.retries()
    assert ward.takes(lab(analyte="Eisenspeicher"))["unchanged"] == 1


def test_a_row_that_gets_further_and_stops_elsewhere_says_so(ward: Site) -> None:
    ward.takes(lab("neg", analyte="Eisenspeicher"))
    ward.catalog = mapped()
    assert ward.retries()["set_aside"] == 1
    assert ward.reasons() == ["not_a_number"]
    ward.takes(lab("neg", analyte="Eisenspeicher"))
    assert ward.reasons() == ["not_a_number"]
    ward.catalog = catalog()
    ward.retries()
    assert len(ward.reasons()) == 1


def test_a_row_that_waited_does_not_correct_what_was_told_since(ward: Site) -> None:
    ward.takes(lab("12000", unit="furlong", source_id="R1"))
    ward.takes(lab("1200", source_id="R1"))
    ward.catalog = furlong()
    assert ward.retries() == {"read": 1, "new": 0, "unchanged": 1, "corrected": 0, "set_aside": 0}
    assert ward.labs()["value"].tolist() == [1200.0]
    assert ward.reasons() == []


def test_nor_what_stood_further_down_in_its_own_file(ward: Site) -> None:
    head, row = lab("12000", unit="furlong", source_id="R1").splitlines()
    ward.takes("\n".join([head, row, lab("1200", source_id="R1").splitlines()[1], ""]))
    ward.catalog = furlong()
    assert ward.retries()["unchanged"] == 1
    assert ward.labs()["value"].tolist() == [1200.0]


def test_but_it_does_correct_what_was_told_before(ward: Site) -> None:
    ward.takes(lab("1200", source_id="R1"))
    ward.takes(lab("6000", unit="furlong", source_id="R1"))
    ward.catalog = furlong()
    assert ward.retries()["corrected"] == 1
    assert ward.labs().sort_values("version")["value"].tolist() == [1200.0, 12000.0]


def test_rows_are_told_again_in_the_order_of_their_lines(ward: Site) -> None:
    head, row = lab("100", unit="furlong", source_id="R1").splitlines()
    ward.takes("\n".join([head, *[row.replace("100", str(value)) for value in range(100, 112)], ""]))
    ward.catalog = furlong()
    assert ward.retries()["corrected"] == 11
    assert ward.labs().sort_values("version")["value"].iloc[-1] == 222.0


def test_an_older_row_of_a_patient_fills_gaps_only(ward: Site) -> None:
    ward.takes("patient_id,weight_kg,ward,context\nA,31.5,K3,flu\n")
    ward.takes("patient_id,ward\nA,ICU\n")
    ward.catalog = dataclasses.replace(catalog(), contexts=(*catalog().contexts, "flu"))
    assert ward.retries()["set_aside"] == 0
    row = queries.patients(ward.store, as_of=ward.now).iloc[0]
    assert (row["weight_kg"], row["ward"], row["context"]) == (31.5, "ICU", "flu")


def test_a_row_of_decimal_commas_is_still_one_when_it_stands_alone(ward: Site) -> None:
    ward.takes(f"{LABS.replace(',', ';')}\nA;Eisenspeicher;1,234;ng/mL;{AT}\nA;CRP;1,5;mg/L;{AT}\n")
    ward.catalog = mapped()
    ward.retries()
    assert sorted(ward.labs()["value"]) == [1.234, 1.5]


def test_bytes_are_read_again_in_the_encoding_that_is_set_now(ward: Site, tmp_path: Path) -> None:
    ward.takes(lab(patient_id="MÄS1", unit="µg/L").encode("cp1252"))
    assert ward.reasons() == ["bad_encoding"]
    ward.settings = settings(tmp_path, encoding="windows-1252")
    assert ward.retries()["new"] == 1
    assert ward.labs()["patient_id"].tolist() == ["MÄS1"]


def test_a_line_that_was_cut_off_is_not_believed_later(ward: Site) -> None:
    header, row = "patient_id,analyte,unit,collected_at,value", f"A,Ferritin,ng/mL,{AT},"
    ward.takes(f"{header}\n{row}700\n{row}98")
    assert ward.retries() == {"read": 1, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 1}
    assert ward.labs()["value"].tolist() == [700.0]


def test_doses_findings_and_patients_are_read_again_too(ward: Site) -> None:
    ward.takes(f"patient_id,drug,dose,unit,started_at\nA,wonder,5,mg,{AT}\n", name="treatments.csv")
    ward.takes(f"patient_id,finding,value,observed_at\nA,mood,yes,{AT}\n", name="findings.csv")
    ward.takes("patient_id,context\nA,flu\n", name="patients.csv")
    drug = dataclasses.replace(catalog().drugs["anakinra"], aliases=("wonder",))
    ward.catalog = dataclasses.replace(
        catalog(),
        drugs=MappingProxyType({**catalog().drugs, "anakinra": drug}),
        findings=MappingProxyType({**catalog().findings, "mood": "Mood"}),
        contexts=(*catalog().contexts, "flu"),
    )
    assert ward.retries() == {"read": 3, "new": 3, "unchanged": 0, "corrected": 0, "set_aside": 0}
    assert queries.doses(ward.store, as_of=ward.now)["given"].tolist() == ["anakinra"]


def test_a_file_in_an_encoding_nobody_had_named_is_read_again_whole(ward: Site, tmp_path: Path) -> None:
    ward.takes(lab().encode("cp037"))
    assert (ward.reasons(), ward.retries()["set_aside"]) == (["file_unreadable"], 1)
    ward.settings = settings(tmp_path, encoding="cp037")
    assert ward.retries() == {"read": 1, "new": 1, "unchanged": 0, "corrected": 0, "set_aside": 0}
    assert (ward.reasons(), ward.labs()["origin"].tolist()) == ([], ["labs.csv:2"])
