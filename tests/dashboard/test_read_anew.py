"""
A ward of which some patients are read anew at a time says what a reading from nothing says of each, as of when it was
read: over random histories of late and corrected results, withdrawals, merges, answers and erasures.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dashboard import cut_out, read_anew
from dashboard.bedside import Ward
from dashboard.joined import joined
from dashboard.read_anew import Asked, Reader
from dashboard.ward_table import rows
from dashboard.watched import Shown, made_ready, watched
from monitoring import merging
from monitoring.forgetting import forget
from monitoring.intake import RawFile, take_in
from monitoring.merging import Joining
from monitoring.settings import Settings
from monitoring.state import answered_since, judge_and_record
from storage.engine import Store, open_store, upgrade
from storage.rounds import mark_done
from storage.writes import acknowledge
from tests.dashboard.store_fixture import empty, known, rounds
from tests.dashboard.ward_fixture import NOW, ZONE

SHOWN = Shown(ZONE, "conventional")
PEOPLE = [f"P-{bed:04d}" for bed in (2, 3, 5, 7, 9, 11, 12, 14)]
LABS = "patient_id,analyte,value,unit,collected_at,source_id,status\n"
DUE = timedelta(minutes=30)


@dataclass
class History:
    """What happens to a ward, one thing after another, and the ward that is read along the way."""

    store: Store
    settings: Settings
    chance: random.Random
    now: datetime = NOW
    runs: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)
    reader: Reader = field(init=False)
    ward: Ward | None = None

    def __post_init__(self) -> None:
        self.reader = Reader(self.store, known(), SHOWN)

    @property
    def someone(self) -> str:
        return self.chance.choice(PEOPLE)

    def reads(self, *, between: bool = False) -> Ward:
        """As in apart.py, where two processes do it. `between`: two others, for a few of whom there is news."""
        asked = Asked(self.now, self.ward.name if self.ward else "", None if between else self.now - DUE)
        before = self.ward if self.reader.knows(asked) else None
        read, now, parts = self.reader.read(asked)
        self.ward = replace(joined(before, list(parts), now), name=read.name, waiting=bool(read.waiting))
        self.reader.last = read
        return self.ward

    def takes(self, name: str, content: str, *, late: timedelta = timedelta(0)) -> None:
        """`late`: so long after the moment as of which it counts as received it is there."""
        self.runs += 1
        raw, at = RawFile(name, content.encode()), self.now - late
        take_in(self.store, known(), self.settings, [raw], source="drop", run_id=f"more-{self.runs}", now=at)

    def lab(self, *, late: timedelta = timedelta(0)) -> None:
        patient, code = self.someone, self.chance.choice(["ferritin", "fibrinogen", "platelets"])
        at = (self.now - timedelta(hours=self.chance.uniform(1, 30))).isoformat()
        self.told.append((patient, code, at))
        self.takes("labs.csv", LABS + self.row(len(self.told) - 1, "final"), late=late)

    def row(self, number: int, status: str) -> str:
        patient, code, at = self.told[number]
        unit, value = known().analytes[code].unit, round(self.chance.uniform(2, 900), 1)
        return f"{patient},{code},{value},{unit},{at},more-{number},{status}\n"

    def committed_late(self) -> None:
        self.lab(late=timedelta(minutes=self.chance.choice([5, 90, 60 * 24 * 4])))

    def amends(self, status: str) -> None:
        if not self.told:
            self.lab()
        self.takes("labs.csv", LABS + self.row(self.chance.randrange(len(self.told)), status))

    def dose(self) -> None:
        at = (self.now - timedelta(hours=self.chance.uniform(0, 40))).isoformat()
        row = f"{self.someone},methylprednisolone,500,mg,iv,{at},dose-{self.runs}\n"
        self.takes("treatments.csv", "patient_id,drug,dose,unit,route,started_at,source_id\n" + row)

    def finding(self) -> None:
        row = f"{self.someone},temperature_c,{self.chance.uniform(36, 41):.1f},{self.now.isoformat()}\n"
        self.takes("findings.csv", "patient_id,finding,value,observed_at\n" + row)

    def person(self) -> None:
        left = self.chance.choice(["", (self.now - timedelta(hours=1)).isoformat()])
        row = f"{self.someone},{self.chance.choice('12')},ICU 3,{left}\n"
        self.takes("patients.csv", "patient_id,bed,ward,discharged_at\n" + row)

    def newcomer(self) -> None:
        self.takes("labs.csv", LABS + f"P-9{self.runs:03d},ferritin,900,ng/mL,{self.now.isoformat()},,final\n")

    def merges(self) -> None:
        joining = Joining("P-0014", "P-0005", "Dr Weber", "one person", f"merge-{self.runs}")
        merging.join(self.store, joining, now=self.now)
        self.reads_on()
        merging.part(self.store, joining, now=self.now)

    def answers(self) -> None:
        acknowledge(self.store, "P-0012", "ferritin_extreme", seq=0, at=self.now, by="Dr Weber", reason="seen")

    def sees(self) -> None:
        mark_done(self.store, self.someone, at=self.now, by="Dr Weber", note="repeat")

    def cycle(self) -> None:
        judge_and_record(self.store, known(), as_of=self.now, run_id=f"cycle-{self.runs}")

    def erases(self) -> None:
        forget(self.store, "P-0011", self.settings.data_dir, by="Dr Weber", reason="wished", now=self.now)

    def reads_on(self) -> None:
        self.now += timedelta(minutes=self.chance.choice([1, 7, 40]))
        self.reads(between=self.chance.random() < 0.3)
        self.now += timedelta(seconds=1)  # whatever happens next comes after that reading

    def everything(self) -> list[Callable[[], None]]:
        twice = [self.lab, self.committed_late, self.dose]
        amended = [lambda: self.amends("corrected"), lambda: self.amends("entered-in-error")]
        rest = [self.finding, self.person, self.newcomer, self.merges, self.answers, self.sees, self.cycle, self.erases]
        return self.chance.sample(told := [*twice, *twice, *amended, *rest], len(told))


def filled(url: str, folder: Path, seed: int) -> History:
    upgrade(url)
    history = History(open_store(url), empty(folder), random.Random(seed))
    for number, (at, raws) in enumerate(rounds(timedelta(0))):
        take_in(history.store, known(), history.settings, raws, source="drop", run_id=f"run-{number}", now=at)
    judge_and_record(history.store, known(), as_of=NOW, run_id="judged")
    return history


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/read/maswatch.db"


@pytest.fixture
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    kind, seed = request.param
    told = filled(str(request.getfixturevalue(kind)), tmp_path, seed)
    yield told
    told.store.close()


EITHER = [
    pytest.param(("url", 1), marks=pytest.mark.sqlite),
    pytest.param(("url", 2), marks=pytest.mark.sqlite),
    pytest.param(("server_url", 3), marks=pytest.mark.postgresql),
]


def told_of(ward: Ward, name: str, now: datetime, store: Store) -> list[str]:
    """All that a page shows of one patient, with the answers given by now, as text."""
    with_answers = cut_out.with_answers(ward, answered_since(ward.state, store, known(), as_of=now))
    side = with_answers.of(name)
    assert side is not None
    assert ward.scored is not None
    board = [row for row in rows(with_answers, known(), zone=ZONE) if row.side.id == name]
    state, spans = with_answers.state, with_answers.state.assessment.spans
    frames = [frame[frame["patient_id"] == name].to_csv(index=False) for frame in (state.flags, state.history, spans)]
    shown = [(row.concern, row.phrases, row.cells, row.clock, row.due, row.newest) for row in board]
    values = side.values.drop(columns="series").to_csv(index=False)
    said = [repr(one) for one in (side, ward.scored[name], ward.news.since[name], shown)]
    return [alike(one) for one in (*said, values, *frames)]


def alike(text: str) -> str:
    """
    Without what counts through all who were read together: the number of a series, and the last binary digits of a
    fitted line, since a processor adds several at a time.
    """
    text = re.sub(r"'(series|was_segment)': [\w.]+", "", text)
    return re.sub(r"\d+\.\d{10,}", lambda found: f"{float(found[0]):.9f}", text)


def from_nothing(store: Store, as_of: datetime) -> Ward:
    return cut_out.lightened(made_ready(watched(store, known(), as_of), known(), SHOWN, store))


@pytest.mark.parametrize("history", EITHER, indirect=True)
def test_after_anything_each_patient_is_as_a_reading_from_nothing_says(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_anew, "MANY", 3)
    monkeypatch.setattr(read_anew, "FEW", 1)
    history.reads()
    for happens in history.everything():
        happens()
        history.reads_on()
    while history.reads().waiting:
        pass
    ward = history.ward
    assert ward is not None
    as_of = {side.as_of for side in ward.sides}
    assert len(as_of) > 1
    whole = {at: from_nothing(history.store, at) for at in {*as_of, ward.as_of}}
    assert [side.id for side in ward.sides] == [side.id for side in whole[ward.as_of].sides]
    assert dict(ward.earlier) == dict(whole[ward.as_of].earlier)
    for side in ward.sides:
        one, other = (told_of(told, side.id, history.now, history.store) for told in (ward, whole[side.as_of]))
        assert one == other
