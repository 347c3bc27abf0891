"""How each feed stands: well, late, silent, failing or never heard, from what the store knows of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from monitoring.feed_health import FeedSeen, SourceHealth, feed_health, usual_hours
from monitoring.settings import Settings, SourceSettings
from storage import frames
from tests.monitoring.intake_fixture import catalog

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def run(hours: float, outcome: str = "ok", source: str = "lis", **more: Any) -> dict[str, Any]:
    return {
        "run_id": f"r{hours}", "source": source, "kind": "source", "started_at": ago(hours), "outcome": outcome,
        "finished_at": None if outcome == "running" else ago(hours), "new": 0, "corrected": 0, "set_aside": 0,
    } | more  # fmt: skip


def mark(name: str, value: str, hours: float) -> dict[str, Any]:
    return {"source": "lis", "name": name, "value": value, "at": ago(hours)}


def shaped(rows: list[dict[str, Any]], shape: dict[str, str]) -> pd.DataFrame:
    return frames.shaped(pd.DataFrame(rows), shape)


def lis(
    *,
    came: tuple[float, ...] = (),
    runs: tuple[dict[str, Any], ...] = (),
    marks: tuple[dict[str, Any], ...] = (),
    silent_hours: float | None = None,
    kind: str = "hl7",
    **more: Any,
) -> SourceHealth:
    """The source "lis" that sent something new so many hours ago."""
    arrivals = [{"source": "lis", "received_at": ago(hours), "added": 1} for hours in came]
    seen = FeedSeen(
        shaped(list(runs), frames.RUNS),
        shaped(list(marks), frames.MARKS),
        shaped(arrivals, frames.ARRIVALS),
        newest={"lis": ago(min(came))} if came else {},
        **more,
    )
    told = SourceSettings(name="lis", kind=kind, path=Path("/in"), silent_hours=silent_hours)
    (found,) = feed_health(seen, Settings(source=(told,)), catalog().settings, as_of=NOW)
    return found


def test_a_feed_that_never_sent_anything_is_never_heard() -> None:
    found = lis()
    assert (found.state, found.sentence, found.in_trouble) == (
        "never heard",
        "Nothing has been heard of it yet.",
        False,
    )
    assert (found.last_success_at, found.newest_at, found.usual) == (None, None, None)


def test_a_feed_that_answers_and_has_nothing_is_said_apart() -> None:
    assert lis(runs=(run(1),)).sentence == "It answers, and has sent nothing yet."
    assert lis(marks=(mark("heard", ago(1).isoformat(), 1),)).last_heard_at == ago(1)


@pytest.mark.parametrize(("hours", "state"), [(13.0, "never heard"), (13.02, "silent")])
def test_a_new_feed_that_sends_nothing_through_a_round_and_an_hour_is_in_trouble(hours: float, state: str) -> None:
    found = lis(marks=(mark("configured", "", hours),))
    assert (found.state, found.in_trouble, found.silent_after) == (state, state == "silent", 13.0)


def test_a_new_feed_in_trouble_says_since_when_and_whether_it_answers() -> None:
    since = mark("configured", "", 40)
    never = "Nothing has ever come from it in the 40 h since it was set up; check that it is connected."
    answers = "It answers and has sent nothing in the 40 h since it was set up; check what it is asked for."
    assert lis(marks=(since,)).sentence == never
    assert lis(marks=(since,), runs=(run(1),)).sentence == never  # its folder could be looked at, which is no sender
    assert lis(marks=(since,), runs=(run(1),), kind="fhir").sentence == answers
    assert lis(marks=(since,), silent_hours=48).state == "never heard"
    assert lis(marks=(since,), came=(30.0,)).state == "well"  # it did send something, and no rhythm is known yet


TWELVE = (60.0, 48.0, 36.0, 24.0)


@pytest.mark.parametrize(
    ("newest", "state"),
    [(0.2, "well"), (18.0, "well"), (18.02, "late"), (36.0, "late"), (36.02, "silent")],
)
def test_every_twelve_hours_it_is_late_after_eighteen_and_silent_after_thirty_six(newest: float, state: str) -> None:
    came = tuple(newest + 12 * step for step in range(5))
    assert lis(came=came).state == state


def test_late_and_silent_say_for_how_long_and_what_was_usual() -> None:
    came = tuple(20 + 12.0 * step for step in range(5))
    assert lis(came=came).sentence == "Nothing new for 20 h; it usually sends something about every 12 h."


@pytest.mark.parametrize(("newest", "state"), [(5.9, "late"), (6.1, "silent")])
def test_a_lively_feed_is_silent_after_six_hours_at_the_earliest(newest: float, state: str) -> None:
    came = tuple(newest + step / 4 for step in range(40))  # every quarter of an hour
    assert lis(came=came).state == state


def test_forty_results_at_once_each_morning_make_a_rhythm_of_a_day() -> None:
    moments = pd.Series([ago(24.0 * day + minute / 60) for day in range(4) for minute in range(40)])
    assert usual_hours(moments, 4) == pytest.approx(24 - 39 / 60)


def test_few_arrivals_are_no_rhythm_and_silence_begins_after_thirty_six_hours() -> None:
    assert lis(came=(30.0, 31.0, 32.0)).state == "well"
    assert lis(came=(36.5, 37.0, 38.0)).sentence == "Nothing new for 36 h."


def test_the_sites_own_hours_go_before_the_rhythm() -> None:
    assert lis(came=tuple(2.5 + step for step in range(6)), silent_hours=2).state == "silent"
    assert lis(came=tuple(40.0 + step for step in range(6)), silent_hours=48).state == "late"


def test_a_failed_run_is_failing_in_its_own_words_until_one_goes_well() -> None:
    failed = run(2, "failed", error="The folder is gone.")
    found = lis(came=(3.0,), runs=(run(5), failed))
    assert (found.state, found.sentence, found.last_success_at) == ("failing", "The folder is gone.", ago(5))
    assert lis(came=(3.0,), runs=(failed, run(1))).state == "well"
    assert lis(came=(3.0,), runs=(failed, run(1, "running"))).state == "failing"


def test_what_a_mark_says_counts_when_it_was_said_after_the_run() -> None:
    failed = run(2, "failed", error="No answer.")
    assert lis(came=(3.0,), runs=(failed,), marks=(mark("failed", "", 1),)).state == "well"
    assert lis(came=(3.0,), runs=(run(2),), marks=(mark("failed", "Refused.", 1),)).error == "Refused."
    assert lis(came=(3.0,), runs=(run(1),), marks=(mark("failed", "Refused.", 2),)).state == "well"


def test_counts_are_those_of_the_last_day() -> None:
    found = lis(
        came=(1.0,),
        runs=(run(25, new=9, set_aside=9), run(23, new=3, corrected=1), run(1, new=4, set_aside=2)),
        waiting={"lis": 7},
        lag={"lis": 0.5},
    )
    assert (found.new, found.corrected, found.set_aside, found.unread, found.lag) == (7, 1, 2, 7, 0.5)


def test_what_was_taken_in_by_hand_is_listed_and_never_silent() -> None:
    seen = FeedSeen(
        shaped([run(300, source="ingest"), run(2, source="cycle")], frames.RUNS),
        shaped([], frames.MARKS),
        shaped([], frames.ARRIVALS),
        newest={"ingest": ago(300)},
    )
    (found,) = feed_health(seen, Settings(), catalog().settings, as_of=NOW)
    assert (found.source, found.state, found.kind) == ("ingest", "by hand", "by hand")
