"""Whatever a file holds: every row is accounted for, nothing raises, and a second time adds nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitoring.csv_reading import UnreadableError, read_csv
from monitoring.decoding import original_bytes
from monitoring.errors import IntakeError
from monitoring.intake import Circumstances, IngestCounts, RawFile, read, take_in
from storage import queries
from tests.monitoring.intake_fixture import LABS, NOW, Site, balanced, catalog, lab, settings, site

AT = "2026-01-{:02d}T06:00:00+01:00"
LABS_FILE = (
    "patient_id,analyte,value,unit,collected_at,source_id,comment\n"
    + "".join(f"MAS0001,Ferritin,{700 + day},ng/mL,{AT.format(day)},R{day},\n" for day in range(1, 7))
    + f'MAS0001,Fibrinogen,140,mg/dL,{AT.format(7)},R7,"phoned,\nread back ""ok"""\n'
    + f"MAS0002,Platelets,<5,10*9/L,{AT.format(8)},R8,müde\n"
)
DOSES_FILE = (
    "patient_id;drug;dose;unit;started_at\n"
    f"MAS0001;anakinra;1,5;mg/kg;{AT.format(3)}\nMAS0001;IVIG;2;g/kg;{AT.format(4)}\n"
)
FINDINGS_FILE = f"patient_id,finding,value,observed_at\nMAS0001,rash,yes,{AT.format(3)}\n"
PATIENTS_FILE = "patient_id,sex,weight_kg,context\nMAS0001,f,31.5,sJIA\nMAS0002,m,60,SLE\n"
FILES = [text.encode() for text in (LABS_FILE, DOSES_FILE, FINDINGS_FILE, PATIENTS_FILE)]
BLANK = set(' ,;\t|"\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0')
PIECES = [
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b" ",
    b"-",
    b"9",
    b"e",
    b"NaN",
    "µ".encode(),
    b"'",
    b"\t",
    b"%s",
]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


@pytest.fixture(scope="module")
def lasting_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("lasting")) as ward:
        yield ward


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One of the files, with some places overwritten, cut out or filled with what does harm."""
    content = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(0, 4))):
        place, length = draw(st.integers(0, len(content))), draw(st.integers(0, 12))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)))
        content = content[:place] + piece + content[place + length :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


@given(damaged())
@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
def test_no_damage_to_a_file_raises_or_loses_a_line(content: bytes) -> None:
    at = Circumstances(catalog(), settings(Path("/nowhere")).zone, NOW, "drop")
    read(RawFile("labs.csv", content), at)
    try:
        table = read_csv(content)
    except UnreadableError:
        return
    told = {line for first, last in zip(table.first, table.last, strict=True) for line in range(first, last + 1)}
    for fault in table.faults:
        told |= set(range(fault.line - 1, fault.line + original_bytes(fault.raw).count(b"\n")))
    head = next(line for line, text in enumerate(table.lines) if text.strip())
    filled = {line for line, text in enumerate(table.lines) if line > head and not set(text) <= BLANK}
    assert filled <= told


@given(damaged())
@hypothesis_settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_file_holds_its_rows_add_up_and_a_second_time_adds_nothing(
    lasting_ward: Site, content: bytes
) -> None:
    first, second = lasting_ward.takes(content), lasting_ward.takes(content)
    assert balanced(first)
    assert balanced(second)
    assert (second["read"], second["new"], second["corrected"]) == (first["read"], 0, 0)
    assert second["set_aside"] == first["set_aside"]


def test_each_kind_of_file_becomes_its_own_facts(ward: Site) -> None:
    for content in FILES:
        counts = ward.takes(content)
        assert (counts["set_aside"], counts["new"]) == (0, counts["read"])
    stored = queries.counts(ward.store)
    assert [stored[name] for name in ("observation", "dose", "finding", "set_aside")] == [8, 2, 1, 0]
    assert sorted(queries.patients(ward.store, as_of=ward.now)["patient_id"]) == ["MAS0001", "MAS0002"]


def test_a_decimal_comma_in_a_dose_is_read_as_one(ward: Site) -> None:
    ward.takes(DOSES_FILE)
    assert sorted(queries.doses(ward.store, as_of=ward.now)["amount"]) == [1.5, 2.0]


def test_the_same_rows_set_aside_again_are_the_same_and_are_counted_again(ward: Site) -> None:
    content = lab("neg") + lab("neg").splitlines()[1] + "\n"
    for _ in range(2):
        counts = ward.takes(content)
        assert (counts["read"], counts["set_aside"]) == (2, 2)
    assert len(ward.reasons()) == 2
    ward.takes(lab("neg"), name="another.csv")
    assert len(ward.reasons()) == 2


def test_a_value_corrected_twice_within_one_file_adds_nothing_when_the_file_comes_again(ward: Site) -> None:
    row = lab("12000", source_id="R1").splitlines()
    content = "\n".join([row[0], row[1], row[1].replace("12000", "1200"), row[1], ""])
    assert ward.takes(content)["corrected"] == 2
    assert ward.takes(content)["unchanged"] == 3


def test_a_later_file_may_bring_older_results(ward: Site) -> None:
    ward.takes(lab("900", collected_at="2026-01-09T06:00:00+01:00"))
    assert ward.takes(lab("700", collected_at="2026-01-02T06:00:00+01:00"))["new"] == 1
    assert ward.labs().sort_values("collected_at")["value"].tolist() == [700.0, 900.0]


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n\x00\x01", b"PK\x03\x04rest", b"a,b\n1,2\n", "grün\n".encode("cp1252")]
)
def test_a_file_that_is_no_table_is_set_aside_as_one_and_kept(ward: Site, content: bytes) -> None:
    assert ward.takes(content, name="odd.csv") == {"read": 1, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 1}
    row = ward.aside()
    assert (row["reason"], row["kind"], row["origin"]) == ("file_unreadable", "file", "odd.csv")
    assert original_bytes(str(row["raw"])) == content


def test_a_file_that_could_not_be_opened_is_told_as_one(ward: Site) -> None:
    raw = RawFile("locked.csv", b"", "The file could not be opened: Permission denied.")
    counts = take_in(ward.store, catalog(), ward.settings, [raw], source="drop", run_id="r", now=NOW)
    assert (counts["read"], counts["set_aside"]) == (1, 1)
    assert ward.sentences() == ["The file could not be opened: Permission denied."]


def test_several_files_are_counted_together(ward: Site) -> None:
    raws = [RawFile(f"{place}.csv", content) for place, content in enumerate(FILES)]
    counts = take_in(ward.store, catalog(), ward.settings, raws, source="drop", run_id="r", now=NOW)
    assert (counts["read"], counts["new"]) == (13, 13)


def test_what_was_taken_before_a_source_broke_down_stays(ward: Site) -> None:
    def breaking() -> Iterator[RawFile]:
        yield RawFile("one.csv", lab().encode())
        raise OSError("the cable")

    with pytest.raises(OSError, match="the cable"):
        take_in(ward.store, catalog(), ward.settings, breaking(), source="drop", run_id="r", now=NOW)
    assert len(ward.labs()) == 1


def test_the_encoding_set_for_a_source_is_used_for_it(tmp_path: Path) -> None:
    content = lab(patient_id="MÄS1", unit="µg/L").encode("cp1252")
    with site(tmp_path, encoding="windows-1252") as ward:
        assert ward.takes(content, source="another")["set_aside"] == 1
        assert ward.takes(content, source="drop")["new"] == 1
        assert ward.labs()["patient_id"].tolist() == ["MÄS1"]


def test_an_encoding_that_does_not_exist_stops_before_anything_is_taken_in(tmp_path: Path) -> None:
    with site(tmp_path, encoding="latin-99") as ward, pytest.raises(IntakeError, match="latin-99"):
        ward.takes(lab())


def test_everything_counts_as_received_now_and_is_unknown_before(ward: Site) -> None:
    ward.takes(lab())
    before = ward.now - pd.Timedelta(microseconds=1)
    assert len(queries.observations(ward.store, as_of=before)) == 0
    assert len(queries.observations(ward.store, as_of=ward.now)) == 1


def test_log_lines_name_files_and_counts_and_no_patient(ward: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="monitoring"):
        ward.takes(lab("31337", patient_id="Mustermann"))
        ward.takes(lab("31337x", patient_id="Mustermann"))
    assert "labs.csv: 1 read, 1 new" in caplog.text
    assert "Mustermann" not in caplog.text
    assert "31337" not in caplog.text


def test_counts_add_up_by_name() -> None:
    one, two = IngestCounts(3, 1, 1, 1, 0), IngestCounts(2, 0, 0, 0, 2)
    assert (one + two).as_dict() == {"read": 5, "new": 1, "unchanged": 1, "corrected": 1, "set_aside": 2}


def test_a_thousand_patients_are_one_batch(ward: Site) -> None:
    rows = "".join(f"P{place:04d},Ferritin,{place},ng/mL,{AT.format(3)}\n" for place in range(1000))
    assert ward.takes(f"{LABS}\n{rows}")["new"] == 1000
    assert queries.counts(ward.store)["patient"] == 1000
