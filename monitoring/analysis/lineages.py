"""Low counts in several lines of blood cells at once, each by its newest value, carried forward for so many hours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, Table, as_array, by_text, framed, moments, texts
from monitoring.analysis.course import births
from monitoring.analysis.earlier import last_before
from monitoring.analysis.episodes import episodes, states
from monitoring.analysis.matching import paired
from monitoring.terms import Catalog, Rule

LIFTED = {"up": True, "any": True}
DAY_SECONDS = 86400


def low_lines(points: pd.DataFrame, patients: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    A row a stretch; `places`: positions in `points` of the low values it rests on, in the order of the rule's analytes.

    A line counts while its newest value is low and not older than carry_hours. It is over when values, not their
    absence, leave fewer low lines than the rule asks for; a value that a product lifted ends nothing.
    """
    told = _timeline(points, patients, rule)
    lines, least = rule.parameters["analytes"], rule.parameters["lines"]
    if not told["low"].any():
        return pd.DataFrame()
    newest = np.column_stack([_newest(told, line) for line in range(len(lines))])
    held = np.column_stack([_held(told, newest[:, number]) for number in range(len(lines))])
    low = _low_now(told, newest, rule.parameters["carry_hours"])
    signal = np.where(low.sum(axis=1) >= least, 1, np.where(held.sum(axis=1) < least, -1, 0))
    series, hour = told["series"], told["hour"]
    signal[:-1][(series[1:] == series[:-1]) & (hour[1:] == hour[:-1])] = 0  # a draw speaks when all of it is in
    here = np.arange(len(hour))
    quiet = np.zeros(len(hour), dtype=bool)
    found = episodes(told, signal, first=here, turn=here, known=_known(told, newest, low), urgent=quiet)
    place = told["place"]
    chosen = [tuple(int(place[p]) for p in newest[now][low[now]]) for now in found["now"]]
    words = catalog.phrases["safety"]["lines_recovered"]
    return framed(
        {"patient_id": points["patient_id"].array[place[found["at"]]]}
        | {name: found[name] for name in ("began_at", "raised_at", "cleared_at")}
    ).assign(
        places=pd.Series(chosen, dtype=object),
        flag=rule.code,
        severity=rule.severity,
        why=np.where(np.isnat(found["cleared_at"]), "", words),
    )


def _limits(told: Table, names: pd.Series, patients: pd.DataFrame, rule: Rule) -> np.ndarray:
    """The limit below which each value of a line is low, at the patient's age when it was drawn."""
    numbers = rule.parameters
    plain, newborn = (
        np.array([numbers.get(f"{age}{line}_below", np.nan) for line in numbers["analytes"]], dtype=float)
        for age in ("", "newborn_")
    )
    limit = plain[told["line"]]
    young = _newborn(told, names, patients, numbers["newborn_days"])
    own = newborn[told["line"][young]]
    limit[young] = np.where(np.isnan(own), limit[young], own)
    return limit


def _newborn(told: Table, names: pd.Series, patients: pd.DataFrame, days: float) -> np.ndarray:
    """Positions of the values drawn from a newborn; `names`: whose each value is."""
    born, span = moments(births(patients)), np.timedelta64(round(days * DAY_SECONDS), "s")
    drawn = told["collected_at"]
    recent = np.flatnonzero(born > drawn.min() - span) if len(drawn) else np.zeros(0, dtype=int)
    if not len(recent):
        return recent
    value, who = paired([texts(names)], [texts(patients["patient_id"])[recent]])
    return value[told["collected_at"][value] - born[recent[who]] < span]


def _timeline(points: pd.DataFrame, patients: pd.DataFrame, rule: Rule) -> Table:
    """
    All values of the lines by patient and time: line (its place in the rule), low, recovered, place (in `points`),
    series (a number a patient).
    """
    laid, lines = Laid.of(points), rule.parameters["analytes"]
    line = laid.each({name: number for number, name in enumerate(lines)}, -1)
    mine = np.flatnonzero((line >= 0) & ~points["suspect"].to_numpy(dtype=bool))
    patient, hour = laid.patients()[laid.number[mine]], points["hour"].to_numpy()[mine]
    order = np.lexsort((mine, hour, patient))
    mine = mine[order]
    told = {name: as_array(points[name])[mine] for name in ("value", "above", "below", "collected_at", "received_at")}
    told |= {"line": line[mine], "place": mine, "series": patient[order], "hour": hour[order]}
    few = points[["patient_id", "comparator", "confounded_way"]].take(mine)
    bound = _limits(told, few["patient_id"], patients, rule)
    clear = bound * (1.0 + rule.parameters["clear_percent"] / 100.0)
    below = by_text(few["comparator"], {"<": True}, False)
    lifted = by_text(few["confounded_way"], LIFTED, False)
    value = told["value"]
    return told | {
        "low": ((value < bound) & ~told["above"]) | (below & (value <= bound)),
        "recovered": (value > clear) & ~told["below"] & ~lifted,
    }


def _newest(told: Table, line: int) -> np.ndarray:
    """At each moment the position in the timeline of the line's newest value, -1 where there is none yet."""
    mine = told["line"] == line
    return np.where(mine, np.arange(len(mine)), last_before(mine, told["series"]))


def _held(told: Table, newest: np.ndarray) -> np.ndarray:
    """Whether the line's last low value was never followed by a recovered one."""
    mine = newest == np.arange(len(newest))
    signal = np.where(told["low"], 1, np.where(told["recovered"], -1, 0))
    return np.asarray(states(np.where(mine, signal, 0), told["series"]) == 1)


def _low_now(told: Table, newest: np.ndarray, hours: float) -> np.ndarray:
    hour, low = told["hour"], told["low"]
    recent = hour[:, None] - hour[np.maximum(newest, 0)] <= hours
    return np.asarray((newest >= 0) & recent & low[np.maximum(newest, 0)])


def _known(told: Table, newest: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Of the low values each moment rests on, the position of the one received last."""
    received = told["received_at"].astype("int64")
    when = np.where(low, received[np.maximum(newest, 0)], np.iinfo("int64").min)
    last = newest[np.arange(len(received)), when.argmax(axis=1)]
    return np.where(low.any(axis=1), last, np.arange(len(received)))
