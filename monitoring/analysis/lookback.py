"""
How far back a judgement looks: so many hours before a patient's newest result, whoever reads and however much is known.
What lies further back plays no part in it. Who is not measured any more keeps what was last known.

- Values: those of `values` hours (look_back_hours, or the longest window of a rule where a site made one longer).
- Around a high-dose steroid start of the last `starts`: the values from before it until its last window closes, for the
  response alone. An older start is not judged any more.
- Doses: of the last `doses`, those that ended within them, and courses that still run, whenever they began. A measured
  weight or height counts as long.
- Of a patient who has results further back, what a rule would say of a value without all that it weighs before it is
  no word of its: the rule is heard for the rest of the look-back (`heard`).

A flag whose own evidence lies further back stays as it was written down until values of the look-back end it, or are
silent: see ends.py. Medicine that was given further back counts no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import SIZES, administrations, bodies, is_daily
from monitoring.analysis.columns import MOMENT, by_text, moments, spans, utc
from monitoring.analysis.course import Course
from monitoring.analysis.matching import of_each, paired
from monitoring.analysis.near import names
from monitoring.analysis.remembering import of_catalog
from monitoring.analysis.steroids import starts
from monitoring.analysis.temperatures import ANALYTE
from monitoring.terms import Catalog

TOGETHER = (("window_hours", "level_hours"), ("span_hours",), ("recent_hours",), ("bound_hours",),
            ("base_hours", "panel_hours"), ("carry_hours",), ("enough_hours",))  # fmt: skip
ALONE = ("level", "comparability", "overdue", "response", "response_window", "comparison", "caution")
NO_RESULT = (*SIZES, ANALYTE)  # measured at the bedside: of these older ones are read for themselves, or not at all
BEFORE = 2  # baselines: what is asked whether the baseline itself can be right was drawn before it


@dataclass(frozen=True)
class Reach:
    """Hours before the moment judged for."""

    values: float
    starts: float
    doses: float


@of_catalog
def heard(catalog: Catalog) -> Mapping[str, float]:
    """Rule -> for how many hours of the look-back its word is heard of a patient who has values further back."""
    hours = reach(catalog).values
    return {code: hours - _weighed(rule.kind, rule.parameters) for code, rule in catalog.rules.items()}


@of_catalog
def asked_of(catalog: Catalog) -> frozenset[str]:
    """Analytes whose values a rule weighs: its own, and those its numbers name. For scores and verdicts shown, more."""
    named = {rule.analyte for rule in catalog.rules.values()}
    named |= {word for rule in catalog.rules.values() for word in _words(rule.parameters.values())}
    return frozenset((named & set(catalog.analytes)) | {*NO_RESULT})


def _words(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            yield from _words(value)
        elif isinstance(value, Mapping):
            yield from _words([*value, *value.values()])


def _weighed(kind: str, numbers: Mapping[str, Any]) -> float:
    """So many hours before a value a rule of this kind weighs with it."""
    return 0.0 if kind in ALONE else _longest(numbers)


@dataclass(frozen=True)
class Begun:
    """
    What follows from the doses at a moment: bodies, administrations, every steroid start, and which are judged or
    older.
    """

    doses: pd.DataFrame
    as_of: pd.Timestamp
    bodies: pd.DataFrame
    given: pd.DataFrame
    starts: pd.DataFrame
    judged: pd.DataFrame
    older: pd.DataFrame


@dataclass(frozen=True)
class Looked:
    """
    `near`: what is judged, the course itself where nothing lies further back; `sights`: see there; `of_starts`: the
    values for the response of those who have some around a start from before the look-back (None: nobody has).
    """

    near: Course
    begun: Begun
    sights: pd.DataFrame
    of_starts: pd.DataFrame | None


@of_catalog
def reach(catalog: Catalog) -> Reach:
    """Never less than what any rule, product or drug of this catalog needs."""
    numbers, settings = catalog.rules["steroid_response"].parameters, catalog.settings
    effects = [effect for product in catalog.products.values() for effect in product.effects]
    markers = names(numbers)
    longest = max((effect.hours for effect in effects), default=0.0)
    on_markers = max((effect.hours for effect in effects if effect.analyte in markers), default=0.0)
    values = max(settings["look_back_hours"], *(_longest(rule.parameters) for rule in catalog.rules.values()))
    begun = settings["start_look_back_hours"]
    doses = [values + longest, begun + BEFORE * numbers["baseline_before_hours"] + on_markers]
    holds = [drug.holds_hours for drug in catalog.drugs.values()]
    return Reach(values, begun, max(settings["dose_look_back_hours"], *doses, *holds))


def _longest(numbers: Mapping[str, Any]) -> float:
    return max(sum(float(numbers.get(name, 0.0)) for name in sums) for sums in TOGETHER)


@dataclass(frozen=True)
class Sight:
    """
    From where each patient is looked back: `newest`, by patient, the time of the newest result (whole microseconds
    since 1970), at most `as_of`, which it is for who has none.
    """

    as_of: pd.Timestamp
    newest: Mapping[str, int]

    @staticmethod
    def of(observations: pd.DataFrame, *, as_of: pd.Timestamp) -> Sight:
        """`observations`: current ones, at least the newest result of each patient."""
        mine = np.flatnonzero(_results(observations))
        codes, names = pd.factorize(observations["patient_id"].take(mine))
        drawn = np.minimum(moments(observations["collected_at"])[mine], _at(as_of)).astype(np.int64)
        newest = np.full(len(names), np.iinfo(np.int64).min)
        np.maximum.at(newest, codes, drawn)
        return Sight(as_of, dict(zip((str(name) for name in names), newest.tolist(), strict=True)))

    def before(self, patients: pd.Series, hours: Any) -> np.ndarray:
        """For each row the moment so many hours before its patient's newest result, as datetime64 in UTC."""
        newest = by_text(patients, self.newest, int(_at(self.as_of).astype(np.int64)))
        return np.asarray(newest.astype(np.int64).view(MOMENT) - spans(hours))


def recent_doses(doses: pd.DataFrame, sight: Sight, catalog: Catalog) -> pd.DataFrame:
    """Those begun or ended within the look-back, and daily courses that still run; `doses` itself where all are."""
    first = sight.before(doses["patient_id"], reach(catalog).doses)
    started, ended = moments(doses["started_at"]), moments(doses["ended_at"])
    kept = (started >= first) | (ended >= first)
    kept |= np.isnat(ended) & is_daily(doses)
    return _those(doses, kept)


def further(observations: pd.DataFrame, sight: Sight, catalog: Catalog) -> np.ndarray:
    """Which values lie further back than the look-back."""
    drawn, hours = moments(observations["collected_at"]), reach(catalog).values
    if not len(drawn) or drawn.min() >= _at(sight.as_of) - spans(hours):
        return np.zeros(len(drawn), dtype=bool)
    return np.asarray(drawn < sight.before(observations["patient_id"], hours))


def looked(course: Course, catalog: Catalog, *, as_of: pd.Timestamp, before: Begun | None = None) -> Looked:
    """What of a course that holds what counts at `as_of` is judged. `before`: see `begun`."""
    sight = Sight.of(course.observations, as_of=as_of)
    doses, far = recent_doses(course.doses, sight, catalog), further(course.observations, sight, catalog)
    values = course.observations[~far] if far.any() else course.observations
    same = doses is course.doses and values is course.observations
    near = course if same else replace(course, doses=doses, observations=values)
    told = begun(replace(course, doses=doses), sight, catalog, before)
    older = course.observations.take(np.flatnonzero(far)) if far.any() else course.observations[:0]
    cut = older["patient_id"][_results(older)].unique()
    return Looked(
        near, told, sights(course.patients, sight, cut), _of_starts(values, older, told.judged, sight, catalog)
    )


def _of_starts(
    values: pd.DataFrame, older: pd.DataFrame, t0: pd.DataFrame, sight: Sight, catalog: Catalog
) -> pd.DataFrame | None:
    ranges = around(t0, sight, catalog)
    whose, names = pd.factorize(older["patient_id"])
    row, place = paired([whose], [names.get_indexer(pd.Index(ranges["patient_id"]))])
    drawn = moments(older["collected_at"])[row]
    inside = (drawn >= moments(ranges["since"])[place]) & (drawn <= moments(ranges["until"])[place])
    if not inside.any():
        return None
    early = older.take(np.unique(row[inside]))
    mine = values[values["patient_id"].isin(early["patient_id"].unique())]
    return pd.concat([early, mine], ignore_index=True)


def begun(course: Course, sight: Sight, catalog: Catalog, before: Begun | None = None) -> Begun:
    """
    `course.doses` are recent ones already; of its observations weights and heights are read, as old as doses. `before`:
    what is taken as it is where it follows from the same doses, bodies and moment.
    """
    doses, as_of = course.doses, sight.as_of
    body = bodies(course.patients, sized(course.observations, sight, catalog))
    if before and before.doses is doses and before.as_of == as_of and before.bodies.equals(body):
        given, found = before.given, before.starts
    else:
        given = administrations(doses, body, catalog, as_of=as_of)
        found = starts(given, catalog)
    judged = moments(found["t0"]) >= sight.before(found["patient_id"], reach(catalog).starts)
    sides = (_those(found, side).reset_index(drop=True) for side in (judged, ~judged))
    return Begun(doses, as_of, body, given, found, *sides)


def sized(observations: pd.DataFrame, sight: Sight, catalog: Catalog) -> pd.DataFrame:
    """The measured weights and heights that still count."""
    mine = observations.take(np.flatnonzero(by_text(observations["analyte"], dict.fromkeys(SIZES, True), False)))
    return _those(mine, moments(mine["collected_at"]) >= sight.before(mine["patient_id"], reach(catalog).doses))


def around(t0: pd.DataFrame, sight: Sight, catalog: Catalog) -> pd.DataFrame:
    """
    Per start that is judged and whose values reach further back than the look-back: patient_id, since, until.
    """
    numbers = catalog.rules["steroid_response"].parameters
    begins = moments(t0["t0"]) - spans(BEFORE * numbers["baseline_before_hours"])
    ends = moments(t0["t0"]) + spans(max(numbers["windows"]) + numbers["window_after_hours"])
    far = np.flatnonzero(begins < sight.before(t0["patient_id"], reach(catalog).values))
    patient = t0["patient_id"].take(far).reset_index(drop=True)
    return pd.DataFrame({"patient_id": patient, "since": utc(begins[far]), "until": utc(ends[far])})


def spoken(flags: pd.DataFrame, points: pd.DataFrame, told: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """`flags` without those that no value speaks for whose rule is heard; `told`: see `sights`."""
    cut = told[told["cut"]]
    if cut.empty or flags.empty or points.empty:
        return flags
    last = np.array([max(now, *several, -1) for now, several in zip(flags["now"], flags["places"], strict=True)])
    mine = np.flatnonzero((last >= 0) & flags["patient_id"].isin(cut["patient_id"]).to_numpy())
    newest = of_each(flags["patient_id"].iloc[mine], cut.set_index("patient_id")["newest_at"])
    edge = moments(newest) - spans(by_text(flags["flag"].iloc[mine], heard(catalog), 0.0))
    silent = np.zeros(len(flags), dtype=bool)
    silent[mine] = moments(points["collected_at"])[last[mine]] < edge
    return _those(flags, ~silent).reset_index(drop=True) if silent.any() else flags


def sights(patients: pd.DataFrame, sight: Sight, far: Collection[str]) -> pd.DataFrame:
    """A row a patient: patient_id, newest_at (from where it is looked back), cut (there are results further back)."""
    names = patients["patient_id"].reset_index(drop=True)
    newest = utc(sight.before(names, 0.0))
    return pd.DataFrame({"patient_id": names, "newest_at": newest, "cut": names.isin(list(far)).to_numpy()})


def _results(observations: pd.DataFrame) -> np.ndarray:
    return ~by_text(observations["analyte"], dict.fromkeys(NO_RESULT, True), False).astype(bool)


def _those(frame: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    return frame if kept.all() else frame[kept]


def _at(moment: pd.Timestamp) -> np.datetime64:
    return np.datetime64(moment.tz_convert("UTC").tz_localize(None), "us")
