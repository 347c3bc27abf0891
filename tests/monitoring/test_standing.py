"""
What `patients`, `lines`, `response` and `scores` tell from less than a whole judgement is what the whole one tells,
whatever was corrected, withdrawn or joined; and a ward told some patients at a time is told as if at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.commands import judging
from monitoring.intake import read_paths, take_in
from monitoring.settings import Settings
from monitoring.simulate import simulate
from monitoring.standing import holding, newest_drawn, standing
from monitoring.state import judge_and_record, state
from storage import merges, queries
from storage.engine import Store, open_store
from tests.monitoring.command_line import CommandLine
from tests.spec.drawing import catalog

CATALOG = catalog()
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + 21 * DAY
COMMANDS = ("patients", "lines", "flags", "response", "scores")
LABS = "patient_id,analyte,value,unit,collected_at,source_id,status\n"
LATE = LABS + (
    "{0},ferritin,900,ug/L,2026-01-25T18:00Z,LATE-1,final\n"
    "{0},weight,31,kg,2026-01-26T05:00Z,LATE-2,final\n"
    "{1},crp,12,mg/L,2026-01-26T05:30Z,LATE-3,final\n"
)
WITHDRAWN = LABS + "{1},crp,12,mg/L,2026-01-26T05:30Z,LATE-3,entered-in-error\n"
WARM = "patient_id,finding,value,observed_at\n{2},temperature_c,38.6,2026-01-26T05:45Z\n"


@pytest.fixture
def ward(tmp_path: Path, any_url: str) -> Iterator[Store]:
    """Six patients of 20 days, of whom three have something that was drawn, withdrawn or seen later than all else."""
    simulate(tmp_path / "drawn", patients=6, days=20, seed=5, start=START)
    with closing(open_store(any_url)) as store:
        _take(store, tmp_path / "drawn", NOW - 2 * DAY)
        judge_and_record(store, CATALOG, as_of=NOW - 2 * DAY, run_id="r")
        names = queries.names(store, as_of=NOW)
        for number, (name, text) in enumerate((("labs", LATE), ("labs", WITHDRAWN), ("findings", WARM))):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / f"{name}.csv").write_text(text.format(*names), encoding="utf-8")
            _take(store, folder, NOW - timedelta(minutes=10 - number))
        yield store


def _take(store: Store, folder: Path, now: datetime) -> None:
    site = Settings.model_validate({"data_dir": folder})
    take_in(store, CATALOG, site, read_paths([folder]), source="s", run_id="r", now=now)


def _join(store: Store) -> None:
    """The one whose newest value was withdrawn was the first all along; so was the last, until that was taken back."""
    first, second, *_, last = queries.names(store, as_of=NOW)
    for name, into, hours in ((second, first, 6), (last, first, 5), (last, "", 4)):
        said = {"at": NOW - timedelta(hours=hours), "by": "Dr A", "reason": "one person", "source": "s", "run_id": "r"}
        merges.say(store, name, into, **said)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("hours", [0, 40, 24 * 12])
def test_lines_flags_and_newest_value_are_those_of_a_whole_judgement(ward: Store, hours: int, joined: bool) -> None:
    if joined:
        _join(ward)
    at = NOW - timedelta(hours=hours)
    whole, found = state(ward, CATALOG, as_of=at), standing(ward, CATALOG, as_of=at)
    pd.testing.assert_frame_equal(found.lines, whole.assessment.lines)
    active = whole.flags.loc[whole.flags["state"].eq("active"), ["patient_id", "flag"]]
    told = holding(ward, CATALOG, as_of=at).reset_index(drop=True)
    pd.testing.assert_frame_equal(told, active.reset_index(drop=True))
    drawn = whole.assessment.course.observations.groupby("patient_id")["collected_at"].max()
    pd.testing.assert_series_equal(newest_drawn(ward, found, as_of=at), drawn)
    assert bool(len(told)) == (hours <= 40)  # twelve days before nothing was known yet


def test_the_newest_is_the_last_that_stands_measured_or_seen(ward: Store) -> None:
    first, second, third, *_ = queries.names(ward, as_of=NOW)
    drawn = newest_drawn(ward, standing(ward, CATALOG, as_of=NOW), as_of=NOW)
    assert drawn[first] == pd.Timestamp("2026-01-26T05:00Z")  # a weight is a value too
    assert drawn[second] < pd.Timestamp("2026-01-26T00:00Z")  # what was withdrawn is none
    assert drawn[third] == pd.Timestamp("2026-01-26T05:45Z")  # a temperature that somebody wrote down


def test_a_ward_told_patient_by_patient_is_told_as_if_at_once(
    ward: Store, any_url: str, maswatch: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _join(ward)
    asked, site = ["--as-of", NOW.isoformat()], f'database_url = "{any_url}"'
    at_once = {name: maswatch.told(name, *asked, config=site) for name in COMMANDS}
    monkeypatch.setattr(judging, "VALUES", 1)
    assert {name: maswatch.told(name, *asked, config=site) for name in COMMANDS} == at_once
    assert all(len(told) >= 4 for told in at_once.values())
