"""
Our flags beside what a ward would use instead, on simulated wards of seeds that no rule was built on.

Everybody sees the same, as known then: each rival looks again whenever a result of its analyte is issued, which is
what our flags are dated by; the two rules of thumb for 48 h see all that was known at 60 h. Seconds of a rival are for
its one rule; those of maswatch are for all of its flags, responses and their replay every 12 h together.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.points import noise
from monitoring.analysis.replay import as_issued, replayed
from monitoring.catalog import load_catalog
from monitoring.replaying import recorded
from monitoring.settings import load_settings
from monitoring.simulate import simulate
from monitoring.terms import Catalog
from tests.bench.looks import Seen, seen
from tests.bench.rivals import FERRITIN_RULES, changed_at_48, rivals
from tests.bench.scoring import (
    Changes,
    Responses,
    called,
    delays,
    false_alarms,
    pooled,
    pooled_responses,
    read_truth,
    starts,
)

SEEDS = (9601, 9602, 9603)  # for this table alone: a rule that was looked at with them needs new ones
PATIENTS, DAYS = 500, 10
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OURS = "maswatch"
EVERY = pd.Timedelta(hours=12)


@dataclass(frozen=True)
class Contest:
    """A flag, what it must find, where it must be silent, and the level a ward would use for it."""

    flag: str
    analyte: str
    way: int
    event: str
    stable: str
    level_rule: str
    level_field: str


CONTESTS = (
    Contest("ferritin_rising", "ferritin", 1, "ferritin_rise", "stable_ferritin", "ferritin_extreme", "above"),
    Contest("fibrinogen_falling", "fibrinogen", -1, "fibrinogen_fall", "stable_fibrinogen", "fibrinogen_low", "below"),
)
NONRESPONSE = "steroid_nonresponse"


@dataclass(frozen=True)
class Bout:
    """One ward with its truth, and what maswatch said of it in so many seconds."""

    truth: pd.DataFrame
    course: Course
    flags: pd.DataFrame
    seconds: float

    @property
    def patients(self) -> int:
        return len(self.course.patients)


def report() -> None:
    catalog = load_catalog()
    bouts = [bout(catalog, seed) for seed in SEEDS]
    whole = sum(one.patients for one in bouts)
    print(f"beside what a ward would use instead: {whole:,} simulated patients of {DAYS} days, seeds {SEEDS}")
    for contest in CONTESTS:
        show_changes(contest, together([dict(changes(contest, one, catalog)) for one in bouts]))
    answers = [dict(responses(one)) for one in bouts]
    show_responses({name: pooled_responses(answer[name] for answer in answers) for name in answers[0]})


def together(parts: list[dict[str, Changes]]) -> dict[str, Changes]:
    return {name: pooled(part[name] for part in parts) for name in parts[0]}


def bout(catalog: Catalog, seed: int) -> Bout:
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn"
        simulate(drawn, patients=PATIENTS, days=DAYS, seed=seed)
        settings = load_settings(config=None, data_dir=Path(folder), database_url=None)
        course = as_issued(recorded(drawn, catalog, settings, now=NOW)[0])
        truth = read_truth(drawn)
    began = time.perf_counter()
    told = replayed(course, catalog, every=EVERY)
    return Bout(truth, course, told.flags, time.perf_counter() - began)


def changes(contest: Contest, ward: Bout, catalog: Catalog) -> Iterator[tuple[str, Changes]]:
    flags = ward.flags[ward.flags["flag"].eq(contest.flag)]
    yield OURS, scored(contest, ward, flags, ward.seconds)
    sigma = noise(catalog.analytes[contest.analyte].variation)
    threshold = catalog.rules[contest.level_rule].parameters[contest.level_field]
    watched, looking = timed_look(ward.course, contest.analyte)
    for name, rival in rivals(contest.way, sigma, threshold).items():
        began = time.perf_counter()
        alarms = watched.alarms(rival)
        yield name, scored(contest, ward, alarms, looking + time.perf_counter() - began)


def timed_look(course: Course, analyte: str) -> tuple[Seen, float]:
    began = time.perf_counter()
    watched = seen(course, analyte)
    return watched, time.perf_counter() - began


def scored(contest: Contest, ward: Bout, alarms: pd.DataFrame, seconds: float) -> Changes:
    false, days = false_alarms(ward.truth, contest.stable, alarms)
    return Changes(
        delays=delays(ward.truth, contest.event, alarms),
        events=int(ward.truth["event"].eq(contest.event).sum()),
        false=false,
        days=days,
        seconds=seconds,
        patients=ward.patients,
    )


def responses(ward: Bout) -> Iterator[tuple[str, Responses]]:
    begun = starts(ward.truth)
    ours = called(begun, ward.flags[ward.flags["flag"].eq(NONRESPONSE)])
    yield OURS, Responses(begun.assign(called=ours), ward.seconds, ward.patients)
    began = time.perf_counter()
    ratio = changed_at_48(ward.course, begun)
    looking = time.perf_counter() - began
    for name, least in FERRITIN_RULES.items():
        yield name, Responses(begun.assign(called=ratio > least), looking, ward.patients)


def show_changes(contest: Contest, results: dict[str, Changes]) -> None:
    first = results[OURS]
    print(f"{contest.flag}: {first.events:,} true ones, {first.days:,.0f} stable patient-days")
    print(f"  {'':32}{'found in 36 h':>14}{'median delay':>14}{'false/100 d':>13}{'s/1,000':>10}")
    for name, one in results.items():
        found, delay = 100 * len(one.delays) / one.events, np.median(one.delays) if len(one.delays) else np.nan
        false, seconds = 100 * one.false / one.days, 1000 * one.seconds / one.patients
        print(f"  {name:32}{found:>12.1f} %{delay:>12.0f} h{false:>13.1f}{seconds:>10.2f}")


def show_responses(results: dict[str, Responses]) -> None:
    answer, masked = (results[OURS].truth[name] for name in ("answer", "masked"))
    failed = answer.eq("not_responding")
    print(
        f"{NONRESPONSE} by 60 h: {failed.sum()} not responding ({(failed & masked).sum()} of them masked), "
        f"{answer.eq('responding').sum()} responding, {answer.eq('slow').sum()} slow"
    )
    print(f"  {'':32}{'sensitivity':>14}{'specificity':>14}{'masked':>13}{'slow':>10}{'s/1,000':>10}")
    for name, one in results.items():
        told, seconds = one.truth["called"], 1000 * one.seconds / one.patients
        groups = (failed, answer.eq("responding"), failed & masked, answer.eq("slow"))
        hit, wrong, hidden, slow = (100 * told[group].mean() for group in groups)
        shares = f"{hit:>12.1f} %{100 - wrong:>12.1f} %{hidden:>11.1f} %{slow:>8.1f} %"
        print(f"  {name:32}{shares}{seconds:>10.2f}")
    print("  masked: found of those given fibrinogen concentrate or tocilizumab; slow: called, who answer after 48 h")
