"""What is kept of rows is what reading them anew would give; on either store, whatever happens between two readings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event

from storage import heard, last_drawn, merges, recent
from storage.backups import backup, restore
from storage.engine import Store, open_store, upgrade
from storage.erasing import Act, erase
from storage.kept import Kept
from storage.tables import METADATA
from storage.writes import append
from tests.storage.facts import HOUR, MORNING, batch, dose, finding, lab, tell

NAMES = ("P1", "P2", "P3")
DAY = 24 * HOUR


@contextmanager
def asked_of(store: Store) -> Iterator[list[str]]:
    """The questions asked meanwhile that go through a table of facts."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.extend([statement] * any(f"FROM {name}" in statement for name in ("observation", "dose", "finding")))

    event.listen(store.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.engine, "before_cursor_execute", note)


def stretches(names: tuple[str, ...]) -> pd.DataFrame:
    since, until = MORNING - 2 * DAY, MORNING + 40 * DAY
    told = pd.DataFrame({"patient_id": [*names], "since": since, "until": until})
    return told.astype(recent.STRETCH)


def read(store: Store, kept: Kept | None, at: float, names: tuple[str, ...] = NAMES) -> list[pd.DataFrame]:
    """All that is read `at` hours after the morning."""
    as_of, asked = MORNING + at * HOUR, stretches(names)
    if kept is not None:
        kept.begin(store, names, as_of=as_of)
    return [
        last_drawn.newest(store, asked, as_of=as_of, without=["crp"], kept=kept),
        last_drawn.newest(store, asked, as_of=as_of, without=["ferritin"], kept=kept),
        last_drawn.newest(store, asked.assign(until=MORNING), as_of=as_of, without=["crp"], kept=kept),
        recent.doses(store, asked, as_of=as_of, kept=kept),
        recent.sizes(store, asked, as_of=as_of, kept=kept),
        recent.observations(store, asked, as_of=as_of, kept=kept),
        recent.findings(store, asked, as_of=as_of, name="splenomegaly", kept=kept),
        recent.findings(store, asked, as_of=as_of, name="rash", kept=kept),
    ]


def same(store: Store, kept: Kept, at: float, names: tuple[str, ...] = NAMES) -> list[str]:
    """That what is kept is what is read anew; the questions that it took."""
    with asked_of(store) as asked:
        told = read(store, kept, at, names)
    for one, other in zip(told, read(store, None, at, names), strict=True):
        pd.testing.assert_frame_equal(one, other)
    return asked


@pytest.fixture
def kept(any_store: Store) -> Kept:
    """Of three patients of whom everything was told, read an hour later."""
    labs = [lab(ref, 100 + ref, hours=ref, patient=name) for name in NAMES for ref in (1, 2)]
    labs += [lab(3, 30, patient=name, analyte="weight") for name in NAMES]
    doses = [dose(ref, 60, hours=ref, patient=name) for name in NAMES for ref in (1, 2)]
    tell(any_store, *labs, at=3, doses=doses, findings=[finding(1, "yes", patient=name) for name in NAMES])
    made = Kept()
    assert same(any_store, made, 4) != []
    return made


def test_of_whom_nothing_is_new_nothing_is_read_as_time_goes_on(any_store: Store, kept: Kept) -> None:
    assert [same(any_store, kept, at) for at in (5, 29, 700)] == [[], [], []]
    tell(any_store, lab(1, 101, hours=1), at=701)  # said before
    assert same(any_store, kept, 702) == []


@pytest.mark.parametrize(
    "news",
    [
        {"observations": [lab(4, 900, hours=3, patient="P2")]},
        {"observations": [lab(1, 900, hours=1, patient="P2", digest=1)]},
        {"observations": [lab(1, 101, hours=1, patient="P2", digest=1, status="entered-in-error")]},
        {"observations": [lab(2, 102, hours=-900, patient="P2", digest=1)]},
        {"observations": [lab(4, 31, hours=3, patient="P2", analyte="weight")]},
        {"doses": [dose(4, 60, hours=-900, patient="P2", unit="mg/day")]},
        {"doses": [dose(1, 60, hours=1, patient="P2", digest=1, status="not-done")]},
        {"findings": [finding(4, "no", patient="P2")]},
        {"observations": [lab(4, 900, hours=3, patient="P4")]},
    ],
)
def test_news_are_read_of_whom_they_are_whatever_they_are(
    any_store: Store, kept: Kept, news: dict[str, list[dict[str, Any]]]
) -> None:
    append(any_store, batch(5, **news))
    with asked_of(any_store) as asked:
        read(any_store, kept, 6)
    whom = {row["patient_id"] for rows in news.values() for row in rows} & {*NAMES}
    assert bool(asked) == bool(whom)
    assert same(any_store, kept, 7) == []


def test_news_told_at_the_moment_that_was_read_for_or_by_a_clock_before_it_are_read(
    any_store: Store, kept: Kept
) -> None:
    for number, at in enumerate((4, 4, 2, 4)):
        tell(any_store, lab(10 + number, 900, hours=3), at=at)
        assert same(any_store, kept, 4) != []


def test_what_was_received_by_a_clock_that_is_ahead_is_read_when_it_counts(any_store: Store, kept: Kept) -> None:
    tell(any_store, lab(4, 900, hours=3), at=30)
    before, then = (len(read(any_store, kept, at)[5]) for at in (6, 31))
    assert then == before + 1
    same(any_store, kept, 32)


def test_what_was_read_for_a_later_moment_is_not_told_for_an_earlier_one(any_store: Store, kept: Kept) -> None:
    tell(any_store, lab(4, 900, hours=3), at=5)
    same(any_store, kept, 6)
    same(any_store, kept, 4.5)
    same(any_store, kept, 6)


def test_what_is_committed_late_is_read_though_it_was_received_before_what_was_read(
    any_store: Store, kept: Kept
) -> None:
    told = pd.DataFrame([lab(4, 900, hours=3)])
    row = told.iloc[0].to_dict() | {"version": 1, "received_at": MORNING + 3.5 * HOUR, "source": "s", "run_id": "late"}
    table = METADATA.tables["observation"]
    tell(any_store, lab(5, 900, hours=3, patient="P2"), at=5)  # what was received later is there already
    with any_store.writing() as connection:
        heard.note(connection, {"observations": (told, told["ref"].eq(4).to_numpy())}, at=row["received_at"])
        connection.execute(table.insert().values({name: row[name] for name in row if name in table.c}))
        count = len(read(any_store, kept, 6)[5])  # by another connection, which does not see it
    assert len(read(any_store, kept, 7)[5]) == count + 1
    same(any_store, kept, 8)


def test_joined_and_parted_records_are_read_as_they_stand(any_store: Store, kept: Kept) -> None:
    for at, into in ((5, "P1"), (7, ""), (9, "P3")):
        merges.say(
            any_store, "P2", into, at=MORNING + at * HOUR, by="A", reason="one child", source="", run_id=f"m{at}"
        )
        names = tuple(name for name in NAMES if name != "P2" or not into)
        same(any_store, kept, at + 0.5, names)
        tell(any_store, lab(20 + at, 900, hours=3, patient="P2"), at=at + 0.75)
        same(any_store, kept, at + 1, names)


def test_who_was_erased_is_not_there_any_more_and_may_be_told_anew_at_the_same_moment(
    any_store: Store, kept: Kept
) -> None:
    erase(any_store, ["P2"], Act(MORNING + 5 * HOUR, "Dr Sommer", "asked for", {"P2": "token"}))
    tell(any_store, lab(1, 7, hours=1, patient="P2"), at=3)
    same(any_store, kept, 6)
    assert read(any_store, kept, 7)[5].query("patient_id == 'P2'")["value"].tolist() == [7]


def test_another_store_in_the_same_place_is_read_anew(any_url: str, tmp_path: Path) -> None:
    """Both were told the same patients at the same moments, and otherwise."""
    file, kept = tmp_path / "backup.db", Kept()
    upgrade(any_url)
    with closing(open_store(f"sqlite:///{tmp_path}/other.db")) as other, closing(open_store(any_url)) as store:
        for one, value, run in ((other, 100, "one"), (store, 200, "another")):
            told = [lab(1, value, hours=1, patient=name) for name in NAMES]
            append(one, batch(3, observations=told, run_id=run))
        backup(other, file)
        assert read(store, kept, 4)[5]["value"].tolist() == [200] * 3
        restore(file, any_url, overwrite=True)
        assert read(store, kept, 5)[5]["value"].tolist() == [100] * 3


def test_who_is_not_asked_for_any_more_is_let_go(any_store: Store, kept: Kept) -> None:
    assert same(any_store, kept, 5, ("P1", "P3")) == []
    assert same(any_store, kept, 6, ("P1",)) == []
    assert same(any_store, kept, 7) != []  # of the others nothing was held any more
    assert {name for rows in kept._rows.values() for name in rows.told["patient_id"]} <= {*NAMES}
    kept.begin(any_store, NAMES, as_of=MORNING + 8 * HOUR)
    kept.begin(any_store, NAMES, as_of=MORNING + 9 * HOUR)
    assert kept._rows == {}
