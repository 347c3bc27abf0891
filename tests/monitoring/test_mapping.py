"""A person maps a code: what waited is read at once. Taken back or changed, what was read wrongly no longer stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.cycle import Site, run_by_hand
from monitoring.errors import IntakeError
from monitoring.mapping import map_code, take_back
from monitoring.merging import Joining, join
from monitoring.raw_files import RawFile
from monitoring.runs import new_run_id
from storage import queries
from storage.versions import current
from tests.monitoring.intake_fixture import NOW, catalog, lab, settings, site


class Ward:
    """A site whose clock moves on by a minute with everything that is done."""

    def __init__(self, folder: Path, store: object) -> None:
        self.now = NOW
        self.site = Site(settings(folder), store, catalog(), lambda: self.now)  # type: ignore[arg-type]

    def gets(self, content: str, name: str = "labs.csv", source: str = "drop") -> dict[str, int]:
        self.now += timedelta(minutes=1)
        given = Given(source, [RawFile(name, content.encode())])
        return run_by_hand(self.site, given, new_run_id(self.now))

    def maps(self, analyte: str, code: str = "QX1", source: str = "drop", unit: str = "") -> dict[str, int]:
        self.now += timedelta(minutes=1)
        return map_code(self.site, source, code, analyte, unit=unit, by="Dr Weber", now=self.now)

    def takes_back(self, code: str = "QX1", source: str = "drop") -> dict[str, int]:
        self.now += timedelta(minutes=1)
        return take_back(self.site, source, code, by="Dr Weber", now=self.now)

    def stands(self) -> list[list[object]]:
        """Analyte and value of everything that counts now."""
        labs = current(queries.observations(self.site.store, as_of=self.now))
        return labs.sort_values(["analyte", "value"])[["analyte", "value"]].to_numpy().tolist()

    def waits(self) -> list[str]:
        return sorted(queries.set_aside(self.site.store)["code"])


class Given:
    """Files as a source gives them."""

    def __init__(self, name: str, raws: list[RawFile]) -> None:
        self.name, self.raws = name, raws

    def fetch(self, now: object) -> list[RawFile]:
        return self.raws

    def done(self, raw: RawFile) -> None:
        """Nothing to tidy."""


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with site(tmp_path) as opened:
        yield Ward(tmp_path, opened.store)


def later(value: str, day: int, **columns: str) -> str:
    return lab(value, collected_at=f"2026-01-{day:02}T06:00:00+01:00", **columns)


def test_what_waits_under_a_code_is_read_when_it_is_mapped(ward: Ward) -> None:
    ward.gets(lab("700", analyte="QX1") + lab("5", analyte="Zonulin").splitlines()[1] + "\n")
    told = ward.maps("ferritin")
    assert (told["read"], told["new"], told["set_aside"], told["assessed"]) == (1, 1, 0, 1)
    assert ward.stands() == [["ferritin", 700.0]]
    assert ward.waits() == ["Zonulin"]
    run = queries.runs(ward.site.store, limit=1).iloc[0]
    assert (run["kind"], run["new"], run["outcome"]) == ("ingest", 1, "ok")


def test_what_comes_later_under_the_code_is_read_as_it_comes(ward: Ward) -> None:
    assert ward.maps("Ferritin")["read"] == 0
    assert ward.gets(lab("700", analyte="qx1"))["new"] == 1


def test_the_unit_of_the_map_reads_what_waits_without_one(ward: Ward) -> None:
    ward.gets(lab("700", analyte="QX1", unit=""))
    ward.maps("ferritin")
    assert ward.waits() == ["ferritin"]  # now it is the unit that is missing
    told = ward.maps("ferritin", unit="ng/mL")
    assert (told["new"], ward.stands()) == (1, [["ferritin", 700.0]])


def test_only_the_named_source_is_meant_unless_all_are(ward: Ward) -> None:
    ward.gets(lab("700", analyte="QX1"), source="lis")
    ward.gets(later("800", 7, analyte="QX1"), source="poct")
    assert ward.maps("ferritin", source="lis")["new"] == 1
    assert ward.maps("ferritin", source="*")["new"] == 1
    assert ward.stands() == [["ferritin", 700.0], ["ferritin", 800.0]]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"analyte": "zonulin"}, "'zonulin' is no analyte of the catalog"),
        ({"analyte": "ferritin", "unit": "furlong"}, "'furlong' is no unit that Ferritin is known in"),
        ({"analyte": "ferritin", "code": " "}, "A source and a code"),
        ({"analyte": "ferritin", "source": ""}, "A source and a code"),
    ],
)
def test_a_slip_is_refused_in_one_sentence_and_nothing_is_kept(ward: Ward, asked: dict[str, str], said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        ward.maps(**asked)
    assert ward.gets(lab("700", analyte="QX1"))["set_aside"] == 1


def test_a_word_needs_somebody_who_says_it(ward: Ward) -> None:
    with pytest.raises(IntakeError, match="Who says so"):
        map_code(ward.site, "drop", "QX1", "ferritin", by=" ", now=NOW)


def test_taken_back_what_had_waited_waits_again_and_its_value_is_withdrawn(ward: Ward) -> None:
    ward.gets(lab("700", analyte="QX1"))
    ward.maps("ferritin")
    told = ward.takes_back()
    assert told["withdrawn"] == 1
    assert (ward.stands(), ward.waits()) == ([], ["QX1"])
    history = queries.observations(ward.site.store, as_of=ward.now)
    assert history["status"].tolist() == ["final", "entered-in-error"]
    assert pd.isna(history["value"].iloc[1])


def test_taken_back_what_was_read_on_arrival_is_withdrawn_and_waits(ward: Ward) -> None:
    ward.maps("ferritin")
    ward.gets(lab("700", analyte="QX1") + later("9", 7, analyte="CRP", unit="mg/L").splitlines()[1] + "\n")
    assert ward.takes_back()["withdrawn"] == 1
    assert (ward.stands(), ward.waits()) == ([["crp", 9.0]], ["QX1"])


def test_mapped_to_another_analyte_the_values_move_there(ward: Ward) -> None:
    ward.gets(lab("70", analyte="QX1", unit="mg/L"))
    ward.maps("ferritin")
    ward.gets(later("80", 7, analyte="QX1", unit="mg/L"), name="more.csv")
    assert ward.stands() == [["ferritin", 70000.0], ["ferritin", 80000.0]]
    told = ward.maps("crp")
    assert (told["withdrawn"], told["new"]) == (2, 2)
    assert (ward.stands(), ward.waits()) == ([["crp", 70.0], ["crp", 80.0]], [])


def test_taken_back_by_mistake_and_said_again_the_values_stand_again(ward: Ward) -> None:
    issued = {"resulted_at": "2026-01-06T07:00:00+01:00", "source_id": "A1"}
    ward.gets(lab("700", analyte="QX1", **issued))
    ward.maps("ferritin")
    ward.takes_back()
    told = ward.maps("ferritin")
    assert told["back"] == 1
    assert (ward.stands(), ward.waits()) == ([["ferritin", 700.0]], [])
    ward.takes_back()
    assert (ward.stands(), ward.waits()) == ([], ["QX1"])


def test_a_value_the_laboratory_corrected_since_is_withdrawn_as_it_stands(ward: Ward) -> None:
    ward.maps("ferritin")
    ward.gets(lab("700", analyte="QX1", source_id="A1"))
    ward.gets(lab("900", analyte="QX1", source_id="A1", status="corrected"), name="corrected.csv")
    assert ward.stands() == [["ferritin", 900.0]]
    assert ward.takes_back()["withdrawn"] == 1
    assert (ward.stands(), ward.waits()) == ([], ["QX1", "QX1"])


def test_who_was_not_heard_of_for_long_is_not_judged_for_a_code_of_others(ward: Ward) -> None:
    ward.gets(lab(patient_id="LONG-GONE"))
    ward.now += timedelta(days=60)
    ward.gets(lab(analyte="QX1"), "later.csv")
    ward.maps("ferritin")
    told = ward.takes_back()
    assert (told["withdrawn"], told["assessed"]) == (1, 1)


def test_what_nobody_said_cannot_be_taken_back(ward: Ward) -> None:
    with pytest.raises(IntakeError, match="nothing to take back"):
        ward.takes_back()


def test_the_values_of_a_patient_who_was_joined_to_another_are_withdrawn_too(ward: Ward) -> None:
    ward.maps("ferritin")
    ward.gets(lab("700", analyte="QX1") + later("800", 7, analyte="CRP", unit="mg/L", patient_id="P2").splitlines()[1])
    ward.now += timedelta(minutes=1)
    join(ward.site.store, Joining("MAS0001", "P2", "Dr Weber", "one person", "r"), now=ward.now)
    assert ward.takes_back()["withdrawn"] == 1
    assert (ward.stands(), ward.waits()) == ([["crp", 800.0]], ["QX1"])
