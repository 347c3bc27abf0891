"""
Draws in which many markers jumped together: all down by one factor (diluted), or stable ones out of their course
(another patient's sample). Rare by design: the markers named by the rule, beyond the noise, without a product in play.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from monitoring.analysis.columns import MOMENT, NEVER, Laid, Table, clean, framed, moments
from monitoring.analysis.earlier import last_before
from monitoring.analysis.evidence import Row
from monitoring.analysis.matching import numbered, paired
from monitoring.terms import Catalog, Rule

Places = tuple[int, ...]
STAYED, WENT_BACK, UNTOLD = 0, 1, -1


@dataclass(frozen=True)
class OddDraws:
    """
    Odd draws in order of patient and time. Of each: `begins`, where its values begin among `place` and `before`
    (positions in the points of what was compared, and of the value before it); when it could be known, when the next
    draw told, and whether that one went back.
    """

    place: np.ndarray
    before: np.ndarray
    begins: np.ndarray
    known_at: np.ndarray
    cleared_at: np.ndarray
    back: np.ndarray


NONE = OddDraws(*(np.zeros(0, dtype=kind) for kind in (int, int, int, MOMENT, MOMENT, int)))


def odd_draws(points: pd.DataFrame, laid: Laid, rule: Rule, catalog: Catalog) -> OddDraws:
    """`laid`: the points by series."""
    mine = _comparable(points, laid, rule, catalog)
    found = _odd(_compared(mine, np.ones(len(mine["place"]), dtype=bool), rule), rule)
    if not len(found["row"]):
        return NONE
    # after a wrong sample the right one jumps back: each odd draw is weighed again against values of other draws
    trusted = np.ones(len(mine["place"]), dtype=bool)
    trusted[found["row"]] = False
    again = _compared(mine, trusted, rule)
    found = _odd(_those(again, np.isin(again["draw"], found["draw"])), rule)
    return _with_times(found, mine, rule) if len(found["row"]) else NONE


def draw_stretches(points: pd.DataFrame, odd: OddDraws, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """A row an odd draw; `places`: pairs of positions, the value before and that of the draw, of all compared."""
    if not len(odd.begins):
        return pd.DataFrame()
    pairs = np.stack([odd.before, odd.place], axis=1).ravel().tolist()
    places = [tuple(pairs[since:until]) for since, until in pairwise([*2 * odd.begins, len(pairs)])]
    first = odd.place[odd.begins]
    words = catalog.phrases["safety"]
    why = np.where(odd.back == WENT_BACK, words["went_back"], words["stayed"])
    return framed(
        {
            "patient_id": points["patient_id"].array[first],
            "began_at": moments(points["collected_at"])[first],
            "raised_at": odd.known_at,
            "cleared_at": odd.cleared_at,
        }
    ).assign(
        places=pd.Series(places, dtype=object),
        flag=rule.code,
        severity=rule.severity,
        why=np.where(np.isnat(odd.cleared_at), "", why),
    )


def doubted(points: pd.DataFrame, laid: Laid, odd: OddDraws, catalog: Catalog) -> np.ndarray:
    """Which points were drawn with an odd draw that no later one confirmed; what no sample is needed for is not."""
    drawn = np.zeros(len(points), dtype=bool)
    first = odd.place[odd.begins[odd.back != STAYED]]
    if not len(first):
        return drawn
    patient, hour = laid.patients()[laid.number], points["hour"].to_numpy()
    near = np.flatnonzero(np.isin(hour, hour[first]))
    drawn[near[paired([patient[near], hour[near]], [patient[first], hour[first]])[0]]] = True
    return drawn & laid.each({code: bool(a.specimens) for code, a in catalog.analytes.items()}, False)


def _comparable(points: pd.DataFrame, laid: Laid, rule: Rule, catalog: Catalog) -> Table:
    """
    Exact values of the rule's markers that no product touched, with their `place` in `points`; only of patients of
    whom enough values jumped in one draw: all others are looked at no further.
    """
    numbers = rule.parameters
    sound = laid.among({*numbers["analytes"], *numbers["stable"]}) & clean(points)
    at = np.flatnonzero(sound & (points["sigma"].to_numpy() > 0))
    log, sigma, series, hour = (points[name].to_numpy()[at] for name in ("log", "sigma", "series", "hour"))
    jumps = np.abs(np.diff(log)) >= numbers["z_jump"] * np.sqrt(2.0) * sigma[1:]
    jumped = np.flatnonzero(jumps & (series[1:] == series[:-1])) + 1
    patient = laid.patients()[laid.number]
    draw = numbered(patient[at[jumped]], hour[jumped])
    many = np.bincount(draw, minlength=1)[draw] >= numbers["least_jumps"]
    at = at[np.isin(patient[at], patient[at[jumped[many]]])]
    good = {code: {"up": -1, "down": 1}.get(a.worse, 0) for code, a in catalog.analytes.items()}
    told = {name: points[name].to_numpy()[at] for name in ("hour", "log", "sigma", "series", "segment")}
    return told | {
        "place": at,
        "patient": patient[at],
        "draw": numbered(patient[at], told["hour"]),
        "lowered": laid.among(numbers["analytes"])[at],
        "stable": laid.among(numbers["stable"])[at],
        "good": laid.each(good, 0)[at],
        "received": moments(points["received_at"])[at],
    }


def _compared(mine: Table, trusted: np.ndarray, rule: Rule) -> Table:
    """
    Each value beside the last trusted one before it, where that is recent and by the same method; only of draws in
    which enough values jumped. `row` and `last`: their positions in `mine`.
    """
    numbers, hour, segment = rule.parameters, mine["hour"], mine["segment"]
    last = last_before(trusted, mine["series"])
    row = np.flatnonzero(last >= 0)
    last = last[row]
    recent = (hour[row] - hour[last] <= numbers["recent_hours"]) & (segment[row] == segment[last])
    row, last = row[recent], last[recent]
    told = {name: mine[name][row] for name in ("draw", "sigma", "lowered", "stable", "good")}
    told = _weighed(told | {"row": row, "last": last, "delta": mine["log"][row] - mine["log"][last]}, rule)
    return _those(told, _of_each_draw(told, told["jumped"]) >= numbers["least_jumps"])


def _weighed(told: Table, rule: Rule) -> Table:
    """With z, the change in noises of a difference, and what jumped up or down."""
    z = told["delta"] / (np.sqrt(2.0) * told["sigma"])
    jumped = np.abs(z) >= rule.parameters["z_jump"]
    return told | {"z": z, "jumped": jumped, "down": jumped & (z < 0), "up": jumped & (z > 0)}


def _those(told: Table, which: np.ndarray) -> Table:
    return told if which.all() else {name: column[which] for name, column in told.items()}


def _of_each_draw(told: Table, which: np.ndarray) -> np.ndarray:
    """For each row how many of its draw are so."""
    draw = told["draw"]
    return np.bincount(draw[which], minlength=draw.max(initial=0) + 1)[draw]


def _odd(compared: Table, rule: Rule) -> Table:
    """Of the values compared those of draws that are odd."""
    return _those(compared, _diluted(compared, rule) | _mixed(compared, rule))


def _diluted(told: Table, rule: Rule) -> np.ndarray:
    """Of which rows all of the draw that dilution lowers went down together, by one common factor."""
    numbers, lowered = rule.parameters, told["lowered"]
    noise = numbers["z_alike"] * np.sqrt(2.0) * told["sigma"]
    room = np.maximum(noise, np.log1p(numbers["alike_percent"] / 100.0))
    common = _medians(told)
    near = np.abs(told["delta"] - common) <= room
    sides = (np.ones(len(near), dtype=bool), near, told["down"], told["up"], told["stable"] & told["down"])
    many, alike, down, up, stable_down = (_of_each_draw(told, lowered & side) for side in sides)
    return np.asarray(
        (common <= np.log1p(-numbers["least_percent"] / 100.0))
        & (alike / np.maximum(many, 1) >= numbers["share"])
        & (down >= numbers["least_jumps"])
        & (stable_down >= numbers["least_stable"])
        & (up == 0)
    )


def _medians(told: Table) -> np.ndarray:
    """For each row the median change of all of its draw that dilution lowers, NaN where there is none."""
    some = np.flatnonzero(told["lowered"])
    some = some[np.lexsort((told["delta"][some], told["draw"][some]))]
    count = np.bincount(told["draw"][some], minlength=told["draw"].max(initial=0) + 1)
    begin, delta = np.cumsum(count) - count, np.r_[told["delta"][some], np.nan]
    low, high = (np.where(count > 0, begin + place, len(some)) for place in ((count - 1) // 2, count // 2))
    return np.asarray(((delta[low] + delta[high]) / 2.0)[told["draw"]])


def diluted_draws(told: Mapping[Places, Sequence[tuple[Row, Row]]], rule: Rule) -> frozenset[Places]:
    """The same for draws that are known by their places: each value with the one before it. Of all of them at once."""
    rows = [(number, *pair) for number, pairs in enumerate(told.values()) for pair in pairs]
    after = [row for _, _, row in rows]
    codes = [row["analyte"] for row in after]
    compared = {
        "draw": np.array([number for number, _, _ in rows], dtype=np.int64),
        "delta": np.array([row["log"] - before["log"] for _, before, row in rows]),
        "sigma": np.array([row["sigma"] for row in after], dtype=float),
        "lowered": np.isin(codes, rule.parameters["analytes"]),
        "stable": np.isin(codes, rule.parameters["stable"]),
    }
    places = list(told)
    found = compared["draw"][_diluted(_weighed(compared, rule), rule)]
    return frozenset(places[number] for number in found)


def _mixed(told: Table, rule: Rule) -> np.ndarray:
    """
    Stable markers out of their course, some of them for the better. All of them for the worse is what a patient who
    crashes looks like, and must never be taken for a fault of the sample.
    """
    numbers, jumped = rule.parameters, told["stable"] & told["jumped"]
    better = jumped & (told["good"] * told["z"] > 0)
    jumps, stable, good = (_of_each_draw(told, which) for which in (jumped, told["stable"], better))
    enough = (jumps >= numbers["least_jumps"]) & (jumps >= numbers["share"] * stable)
    return np.asarray(enough & (good >= numbers["least_better"]))


def _with_times(found: Table, mine: Table, rule: Rule) -> OddDraws:
    number, draws = pd.factorize(found["draw"])
    jumps = np.flatnonzero(found["jumped"])
    row, last, draw = found["row"][jumps], found["last"][jumps], number[jumps]
    received, log = mine["received"], mine["log"]
    known = np.maximum(received[row], received[last])
    known_at = _nth(known, draw, int(rule.parameters["least_jumps"]), len(draws))
    later = _goes_on(mine)[row]
    row, last, draw = row[later], last[later], draw[later]
    cleared = _nth(received[row + 1], draw, int(rule.parameters["least_next"]), len(draws))
    away = np.abs(log[row + 1] - log[row]) - np.abs(log[row + 1] - log[last])
    told, nearer = (np.bincount(some, minlength=len(draws)) for some in (draw, draw[away > 0]))
    back = np.where(np.isnat(cleared), UNTOLD, np.where(nearer >= 0.5 * told, WENT_BACK, STAYED))
    place, before = mine["place"][found["row"]], mine["place"][found["last"]]
    order = np.lexsort((place, mine["hour"][found["row"]], mine["patient"][found["row"]]))
    begins = np.flatnonzero(np.diff(number[order], prepend=-1))
    which = number[order][begins]
    return OddDraws(
        place[order], before[order], begins, known_at[which], np.maximum(cleared, known_at)[which], back[which]
    )


def _goes_on(mine: Table) -> np.ndarray:
    """Whether the next value is one of the same series by the same method."""
    same = [mine[name][1:] == mine[name][:-1] for name in ("series", "segment")]
    return np.r_[same[0] & same[1], False]


def _nth(times: np.ndarray, draw: np.ndarray, n: int, draws: int) -> np.ndarray:
    """Per draw the n-th of these times: when so many values were known; NaT where there are fewer."""
    ordered = times[np.lexsort((times, draw))]
    count = np.bincount(draw, minlength=draws)
    place = np.cumsum(count) - count + n - 1
    return np.where(count >= n, np.r_[ordered, NEVER][np.minimum(place, len(ordered))], NEVER)
