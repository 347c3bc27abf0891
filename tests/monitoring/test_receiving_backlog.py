"""Reading what was kept: jointly, once, each message by itself as if it had come alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest

from monitoring.backlog import Backlog, Read
from monitoring.hl7 import batches
from monitoring.intake import IngestCounts, take_in
from monitoring.raw_files import RawFile
from monitoring.settings import Settings, SourceSettings, Ward
from storage import deliveries, queries
from storage.deliveries import Sent, keep
from storage.engine import Store, open_store
from storage.errors import AlreadyRead
from storage.writes import Batch, append
from tests.monitoring.hl7_fixture import OBR, PID, message, obx, result
from tests.monitoring.intake_fixture import catalog
from tests.monitoring.mllp_fixture import oru

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
UNKNOWN = "ZZZ^A local test^L"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/read.db")) as opened:
        yield opened


def settings(folder: Path, *, listen: str = "127.0.0.1:2575") -> Settings:
    source = SourceSettings(name="lis", kind="hl7", listen=listen, path=None if listen else folder)
    return Settings(data_dir=folder, ward=Ward(timezone="Europe/Berlin"), source=(source,))


def backlog(store: Store, folder: Path, **told: str) -> Backlog:
    return Backlog(store, catalog(), settings(folder, **told), "lis", lambda: "run", lambda: NOW)


def kept(store: Store, *contents: str | bytes, minutes: int = 0) -> list[str]:
    told = [one if isinstance(one, bytes) else one.encode() for one in contents]
    at = NOW - timedelta(hours=1) + timedelta(minutes=minutes)
    return keep(store, "lis", [Sent(f"C{place}", one) for place, one in enumerate(told)], at=at)


def whole(readings: Iterator[Read]) -> Read:
    return sum(readings, Read())


def observations(store: Store) -> pd.DataFrame:
    found = queries.observations(store, as_of=NOW)
    return found.sort_values(["patient_id", "ref", "version"]).reset_index(drop=True)


def test_messages_read_together_tell_what_each_tells_by_itself(store: Store, tmp_path: Path) -> None:
    told = [
        result("700"), result("800", order=OBR.replace("LAB900", "LAB901")), "\r".join([PID, OBR, obx()]),
        message(PID, OBR, obx("1", code=UNKNOWN), obx("5", f6="furlongs")), result("650", f14="202601050600+0100"),
        message(PID, OBR, "this is no segment", obx("1", code=UNKNOWN)), oru(3).decode(),
        result("700").replace("C1", "C2"),
    ]  # fmt: skip
    kept(store, *told)
    together = whole(backlog(store, tmp_path).read())
    with closing(open_store(f"sqlite:///{tmp_path}/single.db")) as single:
        raws = [RawFile(f"C{place}", one.encode()) for place, one in enumerate(told)]
        counts = take_in(single, catalog(), settings(tmp_path), raws, source="lis", run_id="run", now=NOW)
        assert observations(store).equals(observations(single))
        assert _set_aside(store) == _set_aside(single)
        assert queries.patients(store, as_of=NOW).equals(queries.patients(single, as_of=NOW))
    assert together.counts == IngestCounts(**counts)
    assert together.deliveries == len(told)


def _set_aside(store: Store) -> list[tuple[str, ...]]:
    found = queries.set_aside(store).sort_values("id")
    return list(found[["id", "kind", "reason", "raw", "fields"]].itertuples(index=False, name=None))


def test_what_is_set_aside_names_the_message_it_stood_in(store: Store, tmp_path: Path) -> None:
    ids = kept(
        store, result(), message(PID, OBR, obx("1", code=UNKNOWN)), "no message", message(PID, OBR, "0bX|odd", obx())
    )
    whole(backlog(store, tmp_path).read())
    found = queries.set_aside(store).set_index("reason")["delivery"].to_dict()
    assert found == {"unknown_analyte": ids[1], "bad_message": ids[2], "bad_segment": ids[3]}


def test_a_message_whose_last_line_only_its_envelope_ended_is_not_cut_short(store: Store, tmp_path: Path) -> None:
    kept(store, "\r".join([message(PID, OBR).rstrip("\r"), "OBX|1|NM|2276-4^Ferritin^LN||700|ng/mL"]) + "\x1c\r")
    assert whole(backlog(store, tmp_path).read()).counts.new == 1 + 1  # the patient and the ferritin


def test_one_that_breaks_the_reader_is_set_aside_whole_and_stops_no_other(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered = batches.gathered

    def breaking(raw: RawFile, *rest: object) -> object:
        if raw.name == "C1":
            raise RecursionError("Doe^Jo")
        return gathered(raw, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "gathered", breaking)
    ids = kept(store, result("700"), result("800", order=OBR.replace("LAB900", "LAB901")), oru(3))
    assert whole(backlog(store, tmp_path).read()).deliveries == 3
    [item] = queries.set_aside(store).to_dict("records")
    assert (item["kind"], item["reason"], item["delivery"]) == ("message", "bad_message", ids[1])
    assert "RecursionError" in item["sentence"]
    assert "Doe" not in item["sentence"]
    assert len(observations(store)) == 1 + 3


def test_one_that_breaks_the_joint_work_is_found_and_the_others_are_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sift_all = batches.sift_all

    def breaking(kinds: Iterator[object], *rest: object) -> object:
        rows: Sequence = list(kinds)
        if any("C5:4" in one.origins for one in rows):
            raise ZeroDivisionError
        return sift_all(rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "sift_all", breaking)
    ids = kept(store, *(oru(number) for number in range(9)))
    assert whole(backlog(store, tmp_path).read()).deliveries == 9
    assert queries.set_aside(store)["delivery"].tolist() == [ids[5]]
    assert len(observations(store)) == 8 * 3


def test_two_that_read_at_once_store_everything_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/both.db"
    with closing(open_store(url)) as one, closing(open_store(url)) as other:
        kept(one, *(oru(number) for number in range(100)))
        catalog()
        readers = [Thread(target=lambda store=store: whole(backlog(store, tmp_path).read())) for store in (one, other)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        found = observations(one)
        assert (len(found), set(found["version"])) == (300, {1})
        assert deliveries.waiting(one) == {}


def test_a_reading_that_comes_second_keeps_nothing(store: Store) -> None:
    ids = kept(store, result())
    append(store, Batch("first", "lis", NOW, deliveries=ids, waiting=True))
    with pytest.raises(AlreadyRead):
        append(store, Batch("second", "lis", NOW, deliveries=ids, waiting=True, marks={"heard": "never"}))


def test_a_message_read_again_does_not_bring_an_old_value_back(store: Store, tmp_path: Path) -> None:
    [first] = kept(store, oru(1, value=700))
    whole(backlog(store, tmp_path).read())
    kept(store, oru(1, value=750, status="C").replace(b"|C1|", b"|C2|"), minutes=1)
    assert whole(backlog(store, tmp_path).read()).counts.corrected == 3
    assert deliveries.read_again(store, [first]) == 1
    again = whole(backlog(store, tmp_path).read())
    assert (again.deliveries, again.counts.new, again.counts.corrected) == (1, 0, 0)
    assert observations(store).drop_duplicates("ref", keep="last")["value"].tolist() == [751, 752, 753]


def test_patients_of_whom_nothing_new_was_told_need_no_judgement(store: Store, tmp_path: Path) -> None:
    kept(store, oru(1), oru(2))
    assert whole(backlog(store, tmp_path).read()).patients == {"P1", "P2"}
    kept(store, oru(1).replace(b"|C1|", b"|C9|"), minutes=1)
    assert whole(backlog(store, tmp_path).read()) == Read(IngestCounts(3, 0, 3), 1)


def test_files_that_were_kept_and_not_read_are_read_one_by_one(store: Store, tmp_path: Path) -> None:
    kept(store, result("700"), "patient_id,analyte,value,unit,collected_at\nP1,ferritin,5,ng/mL,2026-01-01T06:00\n")
    readings = list(backlog(store, tmp_path, listen="").read())
    assert [one.deliveries for one in readings] == [1, 1]
    assert len(observations(store)) == 2
