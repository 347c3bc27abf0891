"""Whom a cycle judges: it leaves out who has been quiet, and writes what judging everybody would write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.catalog import load_catalog
from monitoring.due import due, judge_due, quiet_hours
from monitoring.errors import IntakeError
from monitoring.merging import Joining, join, part
from monitoring.state import judge_and_record
from monitoring.terms import Catalog
from storage import merges, queries
from storage.writes import acknowledge, snooze
from tests.monitoring.intake_fixture import Site, site

DAY = timedelta(days=1)
RISE = (900, 2100, 5200, 12400, 24000)
LABS = "patient_id,analyte,value,unit,collected_at,source_id,status"
DOSES = "patient_id,drug,dose,unit,route,started_at,ended_at,source_id"
STAYS = "patient_id,discharged_at"
PATIENTS = [f"P{number}" for number in range(1, 13)]
EVENTS = {"nothing": 36, "rose": 3, "treated": 1, "planned": 1, "left": 3, "corrected": 3, "joined": 2, "parted": 1,
          "late": 2, "answered": 2}  # fmt: skip
ILL = ("rose", "treated", "planned")
BEHIND = -45  # days: a clock set back, and set right before anybody judges
DAYS, SEED = (0, 3, 26, 33, BEHIND, 5), 3
FAR = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def other_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A site's own: 6,000 is extreme, so that courses that say nothing new say more."""
    file = tmp_path_factory.mktemp("site") / "rules.toml"
    file.write_text("[ferritin_extreme]\nabove = 6000\nclear_below = 5000\n")
    return load_catalog(file)


def stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%MZ}"


def rising(patient: str, until: datetime, status: str = "final") -> list[str]:
    """Five days of a ferritin that doubles; `status` is that of the last three values."""
    draws = [(until - (4 - place) * DAY, value) for place, value in enumerate(RISE)]
    return [
        f"{patient},Ferritin,{value},ng/mL,{stamp(at)},{patient}{at:%m%d%H},{status if place > 1 else 'final'}"
        for place, (at, value) in enumerate(draws)
    ]


def treated(patient: str, at: datetime) -> list[str]:
    """A pulse of a steroid, and a drug that holds for four weeks."""
    rows = ["methylprednisolone,900,mg,iv", "canakinumab,150,mg,sc"]
    return [f"{patient},{row},{stamp(at)},,{patient}{row[0]}{at:%m%d%H}" for row in rows]


def planned(patient: str, at: datetime) -> list[str]:
    """A steroid whose end is told ahead."""
    return [f"{patient},methylprednisolone,900,mg,iv,{stamp(at)},{stamp(at + 60 * DAY)},{patient}p{at:%m%d%H}"]


def takes(ward: Site, head: str, rows: list[str]) -> None:
    if rows:
        ward.takes("\n".join([head, *rows]))


def judged(ward: Site) -> int:
    ward.now += timedelta(minutes=1)
    return judge_due(ward.store, ward.catalog, as_of=ward.now, run_id="due")


def last_change(ward: Site, patient: str, flag: str = "ferritin_extreme") -> str:
    told = queries.flag_changes(ward.store, as_of=ward.now, patients=[patient])
    return str(told.loc[told["flag"].eq(flag), "change"].iloc[-1])


def test_who_has_been_gone_for_a_month_is_not_read(ward: Site) -> None:
    takes(ward, LABS, rising("P1", ward.now) + rising("P2", ward.now))
    takes(ward, STAYS, [f"P1,{stamp(ward.now)}"])
    assert judged(ward) == 2
    ward.now += 40 * DAY
    takes(ward, LABS, rising("P2", ward.now))
    assert judged(ward) == 2  # no cycle has judged since either was quiet
    assert due(ward.store, ward.catalog, as_of=ward.now) == ["P2"]


def test_a_correction_for_somebody_long_gone_retracts_in_the_same_cycle(ward: Site) -> None:
    left = ward.now
    takes(ward, LABS, rising("P1", left))
    judged(ward)
    assert last_change(ward, "P1") == "raised"
    ward.now += 40 * DAY
    assert [judged(ward), judged(ward)] == [1, 0]
    takes(ward, LABS, rising("P1", left, status="cancelled"))
    assert judged(ward) == 1
    assert last_change(ward, "P1") == "retracted"


def test_what_was_told_by_a_clock_that_was_months_behind_is_judged_all_the_same(ward: Site) -> None:
    takes(ward, LABS, rising("P1", ward.now - 100 * DAY)[:2])
    judged(ward)
    ward.now += 40 * DAY
    assert judged(ward) == 1
    ward.now -= 60 * DAY
    takes(ward, LABS, rising("P1", ward.now - 80 * DAY))
    ward.now += 60 * DAY
    assert judged(ward) == 1
    assert last_change(ward, "P1") == "raised"


def test_everybody_is_judged_where_nobody_was_by_this_catalog_or_by_a_clock_that_was_ahead(
    ward: Site, other_catalog: Catalog
) -> None:
    takes(ward, LABS, rising("P1", ward.now))
    assert due(ward.store, ward.catalog, as_of=ward.now) is None
    judged(ward)
    assert due(ward.store, ward.catalog, as_of=ward.now) == ["P1"]
    assert due(ward.store, other_catalog, as_of=ward.now) is None
    assert due(ward.store, ward.catalog, as_of=ward.now - DAY) is None


def test_nobody_is_passed_over_while_a_drug_may_still_hold(ward: Site) -> None:
    assert quiet_hours(ward.catalog) == 30 * 24
    shorter = replace(ward.catalog, settings={**ward.catalog.settings, "judged_after_days": 1})
    assert quiet_hours(shorter) == 672 + 12 + 6 + 24  # canakinumab holds four weeks, then labs are awaited; a day over


@dataclass
class Story:
    """A ward of which much happens to everybody, and then nothing for days or weeks."""

    ward: Site
    catalogs: list[Catalog]
    chance: random.Random
    drawn: dict[str, datetime] = field(default_factory=dict)

    def goes_on(self, days: float) -> None:
        now = self.ward.now = self.ward.now + days * DAY
        events = {patient: self._event() for patient in PATIENTS}
        those = {what: [patient for patient, told in events.items() if told == what] for what in EVENTS}
        corrected = {patient: self.drawn[patient] for patient in those["corrected"] if patient in self.drawn}
        labs = [row for patient in those["rose"] for row in rising(patient, now)]
        labs += [row for patient, at in corrected.items() for row in rising(patient, at, status="cancelled")]
        late = {patient: self.drawn[patient] - 4 * DAY for patient in those["late"] if patient in self.drawn}
        labs += [row for patient, at in late.items() for row in rising(patient, at)]
        self.drawn |= dict.fromkeys(those["rose"], now)
        takes(self.ward, LABS, labs)
        takes(
            self.ward,
            DOSES,
            [row for give in (treated, planned) for patient in those[give.__name__] for row in give(patient, now)],
        )
        takes(self.ward, STAYS, [f"{patient},{stamp(now)}" for patient in those["left"]])
        for patient in those["joined"]:
            self.joins(patient, self.chance.choice([name for name in PATIENTS if name != patient]))
        for patient in those["parted"]:
            self.parts(patient)
        self.answer(those["answered"])

    def _event(self) -> str:
        """At first something befalls everybody."""
        begun = bool(self.drawn)
        return self.chance.choices([*EVENTS], [*EVENTS.values()])[0] if begun else self.chance.choice(ILL)

    def joins(self, patient: str, into: str) -> None:
        self.ward.now += timedelta(seconds=1)
        with suppress(IntakeError):  # joined with another already
            join(self.ward.store, Joining(patient, into, "A", "", "m"), now=self.ward.now)

    def parts(self, patient: str) -> None:
        self.ward.now += timedelta(seconds=1)
        words = merges.words(self.ward.store, as_of=self.ward.now)
        with suppress(IntakeError):  # joined with nobody
            into = "".join(words.loc[words["patient_id"].eq(patient), "into"].tolist()[-1:])
            part(self.ward.store, Joining(patient, into or "nobody", "A", "", "m"), now=self.ward.now)

    def answer(self, patients: list[str]) -> None:
        """Of each flag of theirs, which one of both answers ends in a day."""
        at, told = self.ward.now, queries.flag_changes(self.ward.store, as_of=self.ward.now, patients=patients)
        for patient, flag, seq in told[["patient_id", "flag", "seq"]].itertuples(index=False) if patients else ():
            answer: dict[str, Any] = {"seq": int(seq), "at": at, "by": "A", "reason": ""}
            acknowledge(self.ward.store, patient, flag, **answer)
            snooze(self.ward.store, patient, flag, **answer, until=at + DAY)

    def knows_otherwise(self) -> None:
        self.catalogs.reverse()
        self.ward.catalog = self.catalogs[0]

    def written(self) -> list[tuple[str, ...]]:
        told = queries.flag_changes(self.ward.store, as_of=FAR)
        columns = ["patient_id", "flag", "seq", "change", "changed_at", "run_id"]
        return [tuple(map(str, row)) for row in told[columns].itertuples(index=False)]


@pytest.mark.parametrize(("seed", "days"), [(SEED, DAYS)])
def test_judging_everybody_would_write_nothing_more(
    ward: Site, other_catalog: Catalog, seed: int, days: tuple[int, ...]
) -> None:
    assert left_out(Story(ward, [ward.catalog, other_catalog], random.Random(seed)), days) > len(days)


def left_out(story: Story, steps: tuple[int, ...]) -> int:
    """How often somebody was not judged, and judging everybody right after wrote nothing more."""
    ward, count = story.ward, 0
    for place, days in enumerate(steps):
        story.goes_on(days)
        if place == 1:
            story.knows_otherwise()
        if days == BEHIND:
            ward.now -= BEHIND * DAY
        judges, before = judged(ward), story.written()
        if place > 1:  # until then it is everybody
            count += judge_and_record(ward.store, ward.catalog, as_of=ward.now, run_id="everybody") - judges
            assert story.written() == before
    return count
