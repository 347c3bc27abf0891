"""
Who judges in cycle after cycle keeps what was read: after any of very many things that happen to a ward, what is
judged with it is to the last bit what is read anew, on either store.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.errors import IntakeError
from monitoring.merging import Joining, join, part
from monitoring.recent_course import told_recently
from monitoring.state import judged
from storage import merges, queries
from storage.engine import open_store, upgrade
from storage.erasing import Act, erase
from storage.kept import Kept
from tests.monitoring.intake_fixture import Site, settings

SEED, SOME = 5, 0.3
HOUR = timedelta(hours=1)
PATIENTS = ("P1", "P2", "P3", "P4", "P5")
LABS = "patient_id,analyte,value,unit,collected_at,source_id,status,method"
DOSES = "patient_id,drug,dose,unit,route,started_at,ended_at,source_id,status"
FINDINGS = "patient_id,finding,value,observed_at"
STAYS = "patient_id,discharged_at,weight_kg"
MEASURED = ("Ferritin,{},ng/mL", "Platelets,{},10*9/L", "Fibrinogen,{},mg/dL", "INR,1.{},1", "Weight,{},kg")
METHODS = ("", "", "", "Quick", "Owren")
EVENTS = {"draws": 5, "draws_long_ago": 1, "corrects": 4, "treats": 4, "sees": 1, "stays": 1, "joins": 2, "parts": 1,
          "erases": 1, "waits": 5, "hears_from_ahead": 1, "turns_back": 1}  # fmt: skip


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("sqlite", "postgresql")])
def ward(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path}/ward.db"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("server_url"))
        upgrade(url)
    with closing(open_store(url)) as store:
        yield Site(store, settings(tmp_path))


def stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%MZ}"


@dataclass
class Walk:
    """A ward to which one thing after the other happens, and two who judge it: all of it, and now these, now those."""

    ward: Site
    chance: random.Random
    all_of_it: Kept = field(default_factory=Kept)
    some: Kept = field(default_factory=Kept)
    drawn: list[tuple[str, ...]] = field(default_factory=list)
    given: list[tuple[str, ...]] = field(default_factory=list)

    def draws(self, *, hours_ago: float = 6.0) -> None:
        for patient in self.chance.sample(PATIENTS, k=self.chance.randint(1, 4)):
            at = self.ward.now - self.chance.uniform(0, hours_ago) * HOUR
            measured = self.chance.choice(MEASURED).format(self.chance.randint(5, 60))
            self.tells(patient, measured, at, f"{patient}-{len(self.drawn)}", self.chance.choice(METHODS))

    def draws_long_ago(self) -> None:
        self.draws(hours_ago=24 * 60)

    def tells(self, patient: str, measured: str, at: datetime, name: str, method: str, status: str = "final") -> None:
        self.drawn.append((patient, measured, name, method))
        self.ward.takes(f"{LABS}\n{patient},{measured},{stamp(at)},{name},{status},{method}")

    def corrects(self) -> None:
        """Another value, another time, or nothing at all; of doses an end or none."""
        if self.given and self.chance.random() < 0.3:
            patient, drug, at, name = self.chance.choice(self.given)
            end, status = self.chance.choice([(stamp(self.ward.now), "completed"), ("", "not-done")])
            self.ward.takes(f"{DOSES}\n{patient},{drug},{at},{end},{name},{status}", name="treatments.csv")
        elif self.drawn:
            patient, measured, name, method = self.chance.choice(self.drawn)
            at = self.ward.now - self.chance.uniform(0, 24 * 40) * HOUR
            status = self.chance.choice(["corrected", "corrected", "cancelled"])
            self.tells(patient, measured, at, name, method, status)

    def treats(self) -> None:
        """A pulse, a day's dose that goes on or that ends at some time ahead, of now, of weeks ago, or planned."""
        patient, number = self.chance.choice(PATIENTS), len(self.given)
        at = self.ward.now + self.chance.choice([-900, -300, -50, -2, -1, 5]) * HOUR
        drug = self.chance.choice(["methylprednisolone,900,mg,iv", "methylprednisolone,120,mg/day,iv"])
        end = self.chance.choice(["", "", stamp(at + 70 * HOUR)])
        self.given.append((patient, drug, stamp(at), f"D{number}"))
        self.ward.takes(f"{DOSES}\n{patient},{drug},{stamp(at)},{end},D{number},completed", name="treatments.csv")

    def sees(self) -> None:
        at = stamp(self.ward.now - self.chance.uniform(0, 300) * HOUR)
        told = f"{self.chance.choice(PATIENTS)},temperature_c,39.{self.chance.randint(0, 9)},{at}"
        self.ward.takes(f"{FINDINGS}\n{told}", name="findings.csv")

    def stays(self) -> None:
        left = self.chance.choice(["", stamp(self.ward.now + 30 * HOUR)])
        told = f"{self.chance.choice(PATIENTS)},{left},{self.chance.randint(10, 60)}"
        self.ward.takes(f"{STAYS}\n{told}", name="patients.csv")

    def joins(self) -> None:
        one, other = self.chance.sample(PATIENTS, k=2)
        self.ward.now += timedelta(seconds=1)
        with suppress(IntakeError):  # unknown yet, or joined with another already
            join(self.ward.store, Joining(one, other, "A", "", "m"), now=self.ward.now)

    def parts(self) -> None:
        self.ward.now += timedelta(seconds=1)
        stands = merges.words(self.ward.store).drop_duplicates("patient_id", keep="last").query("into != ''")
        for one, into in stands[["patient_id", "into"]].itertuples(index=False):
            part(self.ward.store, Joining(one, into, "A", "", "m"), now=self.ward.now)

    def erases(self) -> None:
        name = self.chance.choice(PATIENTS)
        self.ward.now += timedelta(seconds=1)
        erase(self.ward.store, [name], Act(self.ward.now, "A", "asked for", {name: f"{self.ward.now.timestamp()}"}))

    def waits(self) -> None:
        self.ward.now += self.chance.choice([0.2, 5, 12, 30, 24 * 9]) * HOUR

    def hears_from_ahead(self) -> None:
        now = self.ward.now
        self.ward.now += 9 * HOUR
        self.draws()
        self.ward.now = now

    def turns_back(self) -> None:
        """For one judgement, with all that was told since."""
        now = self.ward.now
        self.ward.now -= self.chance.choice([1, 60]) * HOUR
        self.judges()
        self.ward.now = now

    def judges(self) -> None:
        names = queries.patients(self.ward.store, as_of=self.ward.now)["patient_id"].tolist()
        few = self.chance.sample(names, k=min(len(names), self.chance.randint(1, 4)))
        asked = [(self.all_of_it, None), (self.some, few)]
        for kept, patients in asked if self.chance.random() < SOME else asked[:1]:
            told, anew = (
                told_recently(self.ward.store, self.ward.catalog, as_of=self.ward.now, patients=patients, kept=one)[0]
                for one in (kept, None)
            )
            for name, frame in vars(anew).items():
                pd.testing.assert_frame_equal(getattr(told, name), frame, obj=name)


def test_what_was_kept_is_what_is_read_anew_whatever_happened_between(ward: Site) -> None:
    walk = Walk(ward, random.Random(SEED))
    happens = [name for name, times in EVENTS.items() for _ in range(times)]
    walk.chance.shuffle(happens)
    for name in ("draws", "treats", *happens):
        getattr(walk, name)()
        walk.judges()
    told, anew = (judged(ward.store, ward.catalog, as_of=ward.now, run_id="r", kept=one) for one in (walk.some, None))
    assert told.count == anew.count
    pd.testing.assert_frame_equal(told.changes, anew.changes)
