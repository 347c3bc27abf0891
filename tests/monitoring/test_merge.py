"""Records that are joined: by ADT messages, by a person, undone; and what becomes of flags and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors import IntakeError
from monitoring.merging import Joining, join, part
from monitoring.state import judge_and_record, state
from storage import queries
from storage.engine import open_store
from storage.writes import acknowledge
from tests.monitoring.command_line import CommandLine
from tests.monitoring.hl7_fixture import OBR, PID, head, message, reads, result
from tests.monitoring.intake_fixture import LABS, Site, site

EVENT = "EVN||202601061500+0100"
OTHER = result("900", order=OBR.replace("LAB900", "LAB901"))
RISE = (900, 2100, 5200, 12400, 24000)
ROWS = [f"P099,Ferritin,{value},ng/mL,2026-01-{27 + day}T06:00Z" for day, value in enumerate(RISE)]
RISING = "\n".join([LABS, *ROWS])


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        yield opened


def values(ward: Site) -> list[tuple[str, float]]:
    return list(ward.labs()[["patient_id", "value"]].itertuples(index=False, name=None))


def adt(event: str, *segments: str) -> str:
    return message(EVENT, *segments, kind=f"ADT^{event}")


def by_hand(ward: Site, patient: str = "P099", into: str = "P100", *, undo: bool = False) -> None:
    ward.now += timedelta(minutes=1)
    (part if undo else join)(ward.store, Joining(patient, into, "Dr A", "same child", "run"), now=ward.now)


def flags(ward: Site) -> dict[tuple[str, str], dict[str, Any]]:
    """As they stand a minute later, written down."""
    ward.now += timedelta(minutes=1)
    judge_and_record(ward.store, ward.catalog, as_of=ward.now, run_id=f"judging-{ward.now:%H%M}")
    told: Any = state(ward.store, ward.catalog, as_of=ward.now).flags.to_dict("records")
    return {(row["patient_id"], row["flag"]): row for row in told}


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A39", "A40", "A47"])
def test_a_message_of_a_merge_moves_the_history(ward: Site, event: str) -> None:
    ward.takes(result("700").replace("P100", "P099"), "a.hl7")
    ward.takes(OTHER, "b.hl7")
    before = ward.now
    counts = ward.takes(adt(event, PID, "PD1|", "MRG|P099^^^NORTH^MR", "PV1|1|I|B2"), "c.hl7")
    assert (counts["new"], counts["set_aside"]) == (1, 0)
    assert sorted(values(ward)) == [("P100", 700.0), ("P100", 900.0)]
    assert set(queries.observations(ward.store, as_of=before)["patient_id"]) == {"P099", "P100"}
    people = queries.patients(ward.store, as_of=ward.now)
    assert people[["patient_id", "ward"]].to_numpy().tolist() == [["P100", ""]]  # a merge says nothing of a bed


def test_the_same_merge_again_adds_nothing(ward: Site) -> None:
    told = adt("A40", PID, "MRG|P099^^^NORTH^MR")
    assert ward.takes(told, "a.hl7")["new"] == 2
    assert ward.takes(told, "b.hl7")["new"] == 0


def test_every_pair_of_a_message_is_joined(ward: Site) -> None:
    ward.takes(result("700").replace("P100", "P099"), "a.hl7")
    ward.takes(OTHER.replace("P100", "Q1"), "b.hl7")
    ward.takes(adt("A40", PID, "MRG|P099^^^NORTH^MR", PID.replace("P100", "Q2"), "MRG|Q1^^^NORTH^MR"), "c.hl7")
    assert sorted(values(ward)) == [("P100", 700.0), ("Q2", 900.0)]


def test_a_merge_known_before_the_results_holds_for_them(ward: Site) -> None:
    ward.takes(adt("A40", PID, "MRG|P099^^^NORTH^MR"), "a.hl7")
    ward.takes(result("700").replace("P100", "P099"), "b.hl7")
    assert values(ward) == [("P100", 700.0)]


def test_the_older_fields_name_older_numbers(ward: Site) -> None:
    ward.takes(result("700").replace("P100^^^NORTH^MR", "P099"), "a.hl7")
    ward.takes(adt("A39", "PID|1|P100|||Doe^Jo", "MRG||||P099"), "b.hl7")
    assert values(ward) == [("P100", 700.0)]


def test_another_hospital_s_merge_touches_nobody_here(ward: Site) -> None:
    ward.takes(result("700").replace("P100", "P099"), "a.hl7")
    ward.takes(adt("A40", PID.replace("NORTH", "SOUTH"), "MRG|P099^^^SOUTH^MR"), "b.hl7")
    assert values(ward) == [("P099", 700.0)]


@pytest.mark.parametrize("segments", [(PID,), (PID, "MRG||||X9"), ("MRG|P099",), (PID, "MRG|V7^^^NORTH^VN")])
def test_a_merge_that_does_not_say_who_is_set_aside_whole(segments: tuple[str, ...]) -> None:
    taken = reads(adt("A40", *segments))
    (one,) = taken.refused
    assert (one.kind, one.reason) == ("message", "bad_message")
    assert "does not say which" in one.sentence
    assert not taken.facts


def test_a_merge_in_a_batch_of_messages_is_read_with_the_rest(ward: Site) -> None:
    batch = result("700").replace("P100", "P099") + adt("A40", PID, "MRG|P099^^^NORTH^MR") + OTHER
    assert batch.count(head()[:8]) == 3
    ward.takes(batch, "all.hl7")
    assert sorted(values(ward)) == [("P100", 700.0), ("P100", 900.0)]


def test_flags_end_with_the_old_record_and_are_raised_on_the_joined_one(ward: Site) -> None:
    ward.takes(RISING)
    ward.takes("patient_id,sex\nP100,f\n", "patients.csv")
    raised = flags(ward)["P099", "ferritin_rising"]
    assert raised["state"] == "active"
    acknowledge(
        ward.store, "P099", "ferritin_rising", seq=int(raised["seq"]), at=ward.now, by="Dr B", reason="repeat sent"
    )
    by_hand(ward)
    merged_at = ward.now
    told = flags(ward)
    old, new = told["P099", "ferritin_rising"], told["P100", "ferritin_rising"]
    assert (old["state"], old["reason"]) == ("cleared", "merged into another patient record")
    assert old["cleared_at"] == merged_at
    assert (new["state"], new["acknowledged"]) == ("active", None)
    assert {name for name, row in told.items() if row["state"] == "active"} >= {("P100", "ferritin_rising")}
    assert not [name for name, row in told.items() if name[0] == "P099" and row["state"] == "active"]


def test_undone_the_old_record_is_judged_again_and_the_other_s_borrowed_flags_end(ward: Site) -> None:
    ward.takes(RISING)
    ward.takes("patient_id,sex\nP100,f\n", "patients.csv")
    flags(ward)
    by_hand(ward)
    during = flags(ward)["P100", "ferritin_rising"]
    assert during["state"] == "active"
    joined_at = ward.now
    by_hand(ward, undo=True)
    told = flags(ward)
    assert told["P099", "ferritin_rising"]["state"] == "active"
    ended = told["P100", "ferritin_rising"]
    assert (ended["state"], ended["reason"]) == ("cleared", "the merge that it rested on was taken back")
    before = len(queries.flag_changes(ward.store, as_of=ward.now))
    judge_and_record(ward.store, ward.catalog, as_of=ward.now + timedelta(minutes=1), run_id="again")
    assert len(queries.flag_changes(ward.store, as_of=ward.now + timedelta(minutes=1))) == before
    then: Any = state(ward.store, ward.catalog, as_of=joined_at).flags
    active = then[then["state"].eq("active") & then["flag"].eq("ferritin_rising")]
    assert active["patient_id"].tolist() == ["P100"]


def test_what_is_said_by_a_clock_that_was_set_back_counts_then_and_later(ward: Site) -> None:
    ward.takes("patient_id\nP099\nP100\n", "patients.csv")
    ahead = timedelta(hours=3)
    for undo in (False, True, False, True):  # the first by a clock that is three hours ahead
        ward.now += -ahead if undo else ahead
        by_hand(ward, undo=undo)
        for now in (ward.now, ward.now + 2 * ahead):
            known = queries.patients(ward.store, as_of=now)["patient_id"].tolist()
            assert known == (["P099", "P100"] if undo else ["P100"])


def test_a_message_by_a_clock_that_was_set_back_leads_elsewhere_for_good(ward: Site) -> None:
    ward.takes("patient_id\nP099\nP100\nP200\n", "patients.csv")
    ward.now += timedelta(hours=3)
    by_hand(ward, into="P200")
    ward.now -= timedelta(hours=3)
    ward.takes(adt("A40", PID, "MRG|P099^^^NORTH^MR"), "a.hl7")
    for now in (ward.now, ward.now + timedelta(hours=6)):
        assert queries.patients(ward.store, as_of=now)["patient_id"].tolist() == ["P100", "P200"]


def test_what_cannot_be_joined_is_refused_in_one_sentence(ward: Site) -> None:
    ward.takes("patient_id\nA\nB\nC\n", "patients.csv")
    by_hand(ward, "A", "B")
    for patient, into, words in [
        ("B", "A", "A was merged into B"), ("C", "A", "A was merged into B"), ("A", "C", "A was merged into B"),
        ("C", "C", "one record already"), ("C", "X", "No patient X"), ("X", "C", "No patient X"),
    ]:  # fmt: skip
        with pytest.raises(IntakeError, match=words):
            by_hand(ward, patient, into)
    with pytest.raises(IntakeError, match="nothing to take back"):
        by_hand(ward, "C", "B", undo=True)


def test_merging_on_the_command_line_shows_one_patient_with_both_names(small_ward: CommandLine) -> None:
    before = datetime.now(UTC).isoformat()
    done = small_ward.run("merge", "P2", "P1", "--by", "Dr A", "--reason", "same child")
    assert (done.code, done.out) == (0, "")
    assert "P2 is read as P1 from now on, said Dr A" in done.err
    (row,) = small_ward.told("patients", "--patient", "P2")
    assert (row["patient_id"], row["also_known_as"], row["birth_date"]) == ("P1", ["P2"], "2015-02-01")
    apart = small_ward.told("patients", "--as-of", before)
    assert [(one["patient_id"], one["also_known_as"]) for one in apart] == [("P1", []), ("P2", [])]
    undone = small_ward.run("merge", "P2", "P1", "--undo", "--by", "Dr B")
    assert "P2 is a patient apart from P1 again" in undone.err
    assert [one["patient_id"] for one in small_ward.told("patients", "--patient", "P2")] == ["P2"]


def test_a_merge_needs_words_and_patients_that_are_known(small_ward: CommandLine) -> None:
    for arguments, words in (
        (("P2", "P1", "--by", "Dr A"), "--reason"),
        (("P2", "P7", "--by", "Dr A", "--reason", "same child"), "No patient P7"),
    ):
        refused = small_ward.run("merge", *arguments)
        assert refused.code == 2
        assert words in refused.err


def test_an_export_for_the_old_number_holds_the_joined_history(small_ward: CommandLine) -> None:
    small_ward.run("merge", "P2", "P1", "--by", "Dr A", "--reason", "same child")
    labs = small_ward.run("export", "-", "--patient", "P2", "--identified").out.splitlines()
    assert {line.split(",")[0] for line in labs[1:]} == {"P1"}
    assert len(labs) == 1 + 5  # of the two drawn at one moment one counts


def test_the_assigned_numbers_stand_beside_a_patient(tmp_path: Path, small_ward: CommandLine) -> None:
    (tmp_path / "north.hl7").write_text(result("700"), encoding="utf-8", newline="")
    small_ward.run("ingest", tmp_path / "north.hl7")
    rows = {row["patient_id"]: row for row in small_ward.told("patients")}
    assert rows["P100"]["identifiers"] == [{"authority": "NORTH", "number": "P100"}]
    assert rows["P1"]["identifiers"] == []
    store = open_store(f"sqlite:///{small_ward.folder / 'site' / 'maswatch.db'}")
    assert queries.counts(store)["patient_identifier"] == 3
    store.close()
