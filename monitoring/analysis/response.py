"""Steroid response at 24, 48 and 72 h: the markers joined to a verdict, for every high-dose start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, Table, as_array, framed, spans
from monitoring.analysis.episodes import states
from monitoring.analysis.matching import of_each
from monitoring.analysis.response_odds import SAID, SLOW, probabilities, probabilities_so_far
from monitoring.terms import Catalog

WINDOW = ["patient_id", "t0", "hours"]
USED = [*WINDOW, "analyte", "state", "now_since", "last_since", "used_at", "seen_at", "free", *SAID, *SLOW]
STATES = ["improved", "unchanged", "worse", "not_interpretable", "missing"]
OF_WINDOW = ["hours", "opens_at", "due_at", "closes_at", "known_at"]


def verdicts(
    markers: pd.DataFrame, t0: pd.DataFrame, contexts: pd.Series, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a start and window: WINDOW, verdict, worsening (bool), assessed_at (when it could be said; NaT while too
    early), seen_at (newest draw used), opens_at, due_at, closes_at, drug, course_no, known_at, the probability of
    response with its range (see response_odds.py), slow and no_improvement (bool), context (of `contexts`, by patient),
    and the number of markers in each state.

    24 h never calls a non-response: no change is indeterminate, a real worsening is a warning. 48 h is the decision,
    72 h is what trials used. Of the round before the window nothing is judged until the window's own hour has come. A
    non-response is dated by the values that sufficed for it: one that comes late and agrees does not put it off.
    """
    numbers = catalog.rules["steroid_response"].parameters
    told = {name: as_array(markers[name]) for name in USED}
    begins = _begins(told)
    table = _counts(told, begins, numbers) | probabilities(told, begins, catalog) | _of_starts(told, begins, t0)
    now, due = np.datetime64(pd.Timestamp(as_of).tz_localize(None), "us"), table["t0"] + spans(table["hours"])
    table |= {
        "due_at": due,
        "opens_at": due - spans(numbers["window_before_hours"]),
        "closes_at": due + spans(numbers["window_after_hours"]),
    }
    table["worsening"] = _worsening(table, numbers)
    table["verdict"] = _verdict(table, numbers, now)
    table["assessed_at"] = _sufficed(told, begins, table | {"assessed_at": _assessed(table, numbers)}, numbers, now)
    table["slow"] = _slow(table, numbers)
    table["no_improvement"] = _no_improvement(table, numbers)
    shown = framed({name: column for name, column in table.items() if name != "start"})
    return shown.assign(context=of_each(shown["patient_id"], contexts))


def _begins(told: Table) -> np.ndarray:
    """Where each window of each start begins."""
    keys = (told[name] for name in WINDOW)
    changed = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.flatnonzero(np.r_[True, changed][: len(told["hours"])])


def _of_starts(told: Table, begins: np.ndarray, t0: pd.DataFrame) -> Table:
    """What is known of the start of each window; starts and windows go in the same order."""
    first = np.any([told[name][begins][1:] != told[name][begins][:-1] for name in WINDOW[:2]], axis=0)
    start = np.cumsum(np.r_[False, first][: len(begins)])
    return {name: as_array(t0[name])[start] for name in ("drug", "course_no", "known_at")} | {"start": start}


def _on(told: Table, numbers: Mapping[str, Any]) -> Table:
    """What is counted of the markers of a window: their states, and which were drawn for it."""
    on = {name: told["state"] == name for name in STATES}
    on["inside"] = ~on["missing"] & (told["now_since"] >= told["hours"] - numbers["window_before_hours"])
    on["drawn_since"] = ~on["missing"] & (told["last_since"] >= told["hours"])
    return on


def _counts(told: Table, begins: np.ndarray, numbers: Mapping[str, Any]) -> Table:
    on = _on(told, numbers)
    read, ferritin = ~on["missing"], told["analyte"] == "ferritin"
    on |= {f"ferritin_{name}": ferritin & on[name] for name in ("improved", "unchanged", "worse")}
    table = {name: told[name][begins] for name in WINDOW}
    table |= {name: np.add.reduceat(told_so.astype(np.int64), begins) for name, told_so in on.items()}
    table["drawn_since"] = table["drawn_since"] >= numbers["min_markers"]
    last = {name: np.where(read, told[name], NEVER) for name in ("used_at", "seen_at")}
    return table | {name: np.fmax.reduceat(times, begins) for name, times in last.items()}


def _worsening(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """A real worsening: ferritin itself, or several markers, and more of them worse than better."""
    strong = (table["worse"] >= numbers["worse_markers"]) | (table["ferritin_worse"] > 0)
    return np.asarray(strong & (table["worse"] > table["improved"]))


def _verdict(table: Table, numbers: Mapping[str, Any], now: np.datetime64) -> np.ndarray:
    read = table["improved"] + table["unchanged"] + table["worse"]
    enough = read >= numbers["min_markers"]
    waits = (now < table["closes_at"]) & ~enough | (now < table["due_at"]) & (table["inside"] < numbers["min_markers"])
    panel = (table["improved"] >= numbers["improved_markers"]) & (table["worse"] == 0)
    panel |= table["improved"] - table["worse"] >= numbers["improved_margin"]
    likely = table["probability"] >= numbers["likely"]
    firm = table["drawn_since"] | (now >= _firm_at(table, numbers))
    limit = np.where(firm, numbers["unlikely"], numbers["unlikely_early"])
    unlikely = (table["probability"] <= limit) & (table["probability_high"] <= numbers["likely"])
    unlikely &= ~_begins_slowly(table, numbers)
    unlikely &= ~((table["strongest"] >= numbers["strong_log_odds"]) & (table["worse"] == 0))
    both = (table["improved"] > 0) & (table["worse"] > 0)
    decides = table["hours"] >= numbers["decision_hours"]
    cases = [now < table["opens_at"], waits, ~enough, panel & likely, decides & unlikely, both]
    names = ["too_early", "too_early", "insufficient_data", "responding", "not_responding", "mixed"]
    return np.select(cases, names, "indeterminate").astype(object)


def _firm_at(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """From when on a window is judged by what there is, also without a draw since its own hour."""
    return np.asarray(table["due_at"] + spans(numbers["firm_after_hours"]))


def _slow(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """At a decision: something improves, at least as much as worsens, and yet it is no response, nor was one before."""
    answered = _so_far(table["verdict"] == "responding", table["start"])
    verdict, decides = table["verdict"], table["hours"] >= numbers["decision_hours"]
    open_yet = ((verdict == "indeterminate") | (verdict == "mixed")) & decides
    improving = (table["improved"] > 0) & (table["improved"] >= table["worse"])
    possible = (table["probability"] >= numbers["unlikely"]) & improving
    return np.asarray(open_yet & ~answered & (possible | _begins_slowly(table, numbers)))


def _so_far(held: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Whether it held in a window of this start, or in one before it."""
    return states(held.astype(int), start) == 1


def _begins_slowly(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """A day after it may have begun: the markers go as they do in a response that began that late."""
    told = table["hours"] >= numbers["slow_free_hours"] + numbers["windows"][0]
    return np.asarray(told & (table["slow_probability"] >= numbers["likely"]))


def _no_improvement(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """At a decision: no response, or not one marker better."""
    verdict = table["verdict"]
    none = ((verdict == "indeterminate") | (verdict == "mixed")) & (table["improved"] == 0)
    return np.asarray(((verdict == "not_responding") | none) & (table["hours"] >= numbers["decision_hours"]))


def _assessed(table: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """When it could be said: the window open, its values known, and of a window without its own draw the hour past."""
    verdict, own = table["verdict"], table["inside"] >= numbers["min_markers"]
    earliest = np.where(own, table["opens_at"], table["due_at"])
    waited = (verdict == "not_responding") & (table["probability"] > numbers["unlikely_early"])
    earliest = np.where(waited & ~table["drawn_since"], _firm_at(table, numbers), earliest)
    said = np.fmax(np.fmax(table["used_at"], earliest), table["known_at"])
    said = np.where(verdict == "insufficient_data", table["closes_at"], said)
    return np.where(verdict == "too_early", NEVER, said)


def _sufficed(
    told: Table, begins: np.ndarray, table: Table, numbers: Mapping[str, Any], now: np.datetime64
) -> np.ndarray:
    """
    `assessed_at`, for a non-response as early as the markers received by then sufficed for it, where none that was
    received later unsaid it.
    """
    window = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(told["hours"])]))
    failed = (table["verdict"] == "not_responding")[window] & (told["state"] != "missing")
    rows = np.flatnonzero(failed)
    rows = rows[np.lexsort((told["used_at"][rows], window[rows]))]
    assessed, mine = table["assessed_at"].copy(), window[rows]
    if not len(rows):
        return assessed
    received = {name: column[rows] for name, column in told.items()}
    so_far = _received_so_far(received, mine, numbers) | {name: table[name][mine] for name in OF_WINDOW}
    so_far["verdict"] = _verdict(so_far, numbers, now)
    # what came in together counts together
    whole = np.r_[(mine[1:] != mine[:-1]) | (received["used_at"][1:] != received["used_at"][:-1]), True]
    said, of = _assessed(so_far, numbers)[whole], mine[whole]
    place = np.arange(len(of))
    unsaid = np.where(so_far["verdict"][whole] == "not_responding", -1, place)
    last_unsaid = np.full(len(begins), -1)
    np.maximum.at(last_unsaid, of, unsaid)
    after = np.flatnonzero(place > last_unsaid[of])
    np.minimum.at(assessed, of[after], said[after])
    return assessed


def _received_so_far(told: Table, group: np.ndarray, numbers: Mapping[str, Any]) -> Table:
    """What the verdict asks of a window, after each of its markers in the order in which they were received."""
    counted = pd.DataFrame(_on(told, numbers)).astype(np.int64).groupby(group).cumsum()
    table = {str(name): counted[name].to_numpy() for name in counted}
    table["drawn_since"] = table["drawn_since"] >= numbers["min_markers"]
    return table | probabilities_so_far(told, group, numbers) | {"used_at": told["used_at"]}
