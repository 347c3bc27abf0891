"""One patient removed for good: nothing of theirs is left, everything of the others is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring import forgetting
from monitoring.catalog import load_catalog
from monitoring.cycle import run_cycle
from monitoring.forgetting import token_of
from storage import queries
from storage.deliveries import Sent, delivery, keep, listed
from storage.engine import Store, open_store
from storage.erasing import erasures
from storage.writes import acknowledge, record_access
from tests.monitoring.command_line import CommandLine
from tests.monitoring.small_ward import HandClock, drop, site_settings
from tests.stores import copied

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
PATIENTS = "patient_id,birth_date\nMAS-4711,2015-02-01\nMAS-4712,2012-07-15\n"
LABS = """patient_id,analyte,value,unit,collected_at,source_id
MAS-4711,ferritin,24000,ug/L,2026-06-01T06:00Z,L1
MAS-4711,ferritin,52000,ug/L,2026-06-02T06:00Z,L2
MAS-4711,unheard-of,1,U/L,2026-06-02T06:00Z,L3
MAS-4712,ferritin,80,ug/L,2026-06-02T06:00Z,L4
MAS-4712,unheard-of,1,U/L,2026-06-02T06:00Z,L5
"""
TREATMENTS = """patient_id,drug,dose,unit,route,started_at,source_id
MAS-4711,methylprednisolone,900,mg,iv,2026-06-01T08:00Z,T1
"""
BY = ("--by", "Dr Sommer", "--reason", "asked for by the family")
ERASE = ("erase", "MAS-4711", *BY, "--yes")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two patients, of files that name both, but for the last."""
    folder = tmp_path_factory.mktemp("two")
    other = LABS.replace("4711", "4712").replace("L", "M")
    for name, text in {"patients": PATIENTS, "labs": LABS, "treatments": TREATMENTS, "other": other}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with closing(open_store(f"sqlite:///{folder}/maswatch.db")) as opened:
        settings = site_settings(folder, drop("drop", folder))
        run_cycle(settings, opened, load_catalog(), clock=HandClock(NOON))
    return folder


@pytest.fixture
def ward(maswatch: CommandLine, two: Path) -> CommandLine:
    (maswatch.folder / "site").mkdir()
    copied(two / "maswatch.db", maswatch.folder / "site" / "maswatch.db")
    shutil.copy(two / "labs.csv", maswatch.folder)
    return maswatch


@pytest.fixture
def store(ward: CommandLine) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{ward.folder}/site/maswatch.db")) as opened:
        yield opened


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.sqlite
def test_nothing_of_the_patient_is_left_in_the_file_and_all_of_the_other_one_is(
    ward: CommandLine, store: Store
) -> None:
    acknowledge(store, "MAS-4711", "ferritin_extreme", seq=0, at=now(), by="Dr Sommer", reason="known")
    before = queries.observations(store, as_of=now(), patients=["MAS-4712"])
    told = ward.told(*ERASE)
    counts = {
        name: told[name] for name in ("observation", "dose", "patient", "acknowledgement", "set_aside", "delivery")
    }
    assert counts == {
        "observation": 2, "dose": 1, "patient": 2, "acknowledgement": 1, "set_aside": 1, "delivery": 3
    }  # fmt: skip
    held = b"".join(file.read_bytes() for file in (ward.folder / "site").glob("maswatch.db*"))
    assert (b"MAS-4711" in held, b"MAS-4712" in held) == (False, True)
    assert queries.observations(store, as_of=now()).equals(before)
    assert [row["patient_id"] for row in ward.told("patients")] == ["MAS-4712"]
    assert queries.set_aside(store)["patient_id"].unique().tolist() == ["MAS-4712"]


def test_deliveries_that_name_the_patient_lose_their_bytes_and_others_keep_them(
    ward: CommandLine, store: Store
) -> None:
    ward.told(*ERASE)
    kept = listed(store).set_index("name")["there"]
    assert kept.to_dict() == {"erased": 0, "other.csv": 1}
    assert kept.loc["erased"].tolist() == [0, 0, 0]


def test_what_stays_is_who_when_why_and_a_keyed_hash(ward: CommandLine, store: Store) -> None:
    record_access(store, now(), "Dr Sommer", "patient", ["MAS-4711", "MAS-4712"])
    printed = ward.run(*ERASE)
    assert "backups and exports made before" in printed.err
    [row] = erasures(store).to_dict("records")
    token = token_of("MAS-4711", ward.folder / "site")
    assert (row["token"], row["by"], row["reason"]) == (token, "Dr Sommer", "asked for by the family")
    assert json.loads(row["counts"])["observation"] == 2
    assert "4711" not in str(row)
    assert [one["token"] for one in ward.told("erase", "--list")] == [token]
    with store.reading() as connection:
        seen = connection.exec_driver_sql("SELECT patient_id FROM access").scalars().all()
    assert set(seen) == {token, "MAS-4712"}


def test_a_delivery_that_waits_to_be_read_holds_the_erasure_up(ward: CommandLine, store: Store) -> None:
    [name] = keep(store, "lab", [Sent("late.csv", LABS.encode())], at=now())
    printed = ward.run(*ERASE)
    assert printed.code == 2
    assert "let a cycle read them first" in printed.err
    assert len(queries.observations(store, as_of=now(), patients=["MAS-4711"])) == 2
    assert delivery(store, name)[0].content == LABS.encode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "MAS-9", *BY, "--yes"), "Nobody is known by that number"),
        (("erase", "MAS-4711", "--by", "me", "--reason", "MAS-4711 asked", "--yes"), "must not name the patient"),
        (("erase", "MAS-4711", "--yes"), "--by and --reason"),
    ],
)
def test_an_erasure_that_cannot_stand_is_refused_in_a_sentence(
    ward: CommandLine, store: Store, arguments: tuple[str, ...], said: str
) -> None:
    printed = ward.run(*arguments)
    assert printed.code == 2
    assert said in printed.err
    assert len(erasures(store)) == 0


def test_records_that_were_joined_go_together(ward: CommandLine, store: Store) -> None:
    ward.run("merge", "MAS-4712", "MAS-4711", "--by", "Dr Sommer", "--reason", "same child")
    assert ward.told(*ERASE)["names"] == 2
    assert ward.told("patients") == []
    assert len(queries.observations(store, as_of=now(), apart=True)) == 0


def test_what_the_source_sends_afterwards_is_taken_in_as_of_somebody_new(ward: CommandLine) -> None:
    ward.told(*ERASE)
    assert ward.told("ingest", ward.folder / "labs.csv", "--source", "drop")["new"] == 2
    assert [row["patient_id"] for row in ward.told("patients")] == ["MAS-4711", "MAS-4712"]


def test_those_discharged_longer_ago_than_the_site_keeps_them_go_with_the_cycle_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "MOST", 1)  # whoever is kept stands in nobody's way
    told_then = """patient_id,admitted_at,discharged_at
also-seen,2023-01-01T10:00Z,2023-01-20T10:00Z
long-gone,2023-01-01T10:00Z,2023-01-20T10:00Z
came-again,2023-01-01T10:00Z,2023-01-20T10:00Z
seen-since,2023-01-01T10:00Z,2023-01-20T10:00Z
still-here,2023-01-01T10:00Z,
"""
    told_now = "patient_id,admitted_at,discharged_at\ncame-again,2026-05-30T10:00Z,\njust-gone,,2025-06-01T10:00Z\n"
    seen = "patient_id,analyte,value,unit,collected_at\nseen-since,ferritin,80,ug/L,2025-03-01T06:00Z\n"
    seen += "also-seen,ferritin,90,ug/L,2025-03-01T06:00Z\n"
    (tmp_path / "inbox").mkdir()
    plain = site_settings(tmp_path, drop("drop", tmp_path / "inbox"))
    keeping = plain.model_copy(update={"keep": plain.keep.model_copy(update={"years": 2.0})})
    with closing(open_store(f"sqlite:///{tmp_path}/ward.db")) as store:
        (tmp_path / "inbox" / "patients.csv").write_text(told_then)
        run_cycle(plain, store, load_catalog(), clock=HandClock(datetime(2023, 6, 3, 12, tzinfo=UTC)))
        (tmp_path / "inbox" / "patients.csv").write_text(told_now)
        (tmp_path / "inbox" / "labs.csv").write_text(seen)
        run_cycle(keeping, store, load_catalog(), clock=HandClock(NOON))
        left = queries.patients(store, as_of=NOON)["patient_id"].tolist()
        [row] = erasures(store).to_dict("records")
    assert left == ["also-seen", "came-again", "just-gone", "seen-since", "still-here"]
    assert (row["by"], row["reason"]) == ("retention", "discharged more than 2 years ago")
