"""Low counts in several lines of blood cells at once, each by its newest value, carried forward for so many hours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.course import births
from monitoring.analysis.earlier import last_before
from monitoring.analysis.episodes import episodes, states
from monitoring.analysis.matching import of_each
from monitoring.terms import Catalog, Rule

LIFTED = ("up", "any")
USED = [
    "patient_id",
    "analyte",
    "hour",
    "value",
    "comparator",
    "above",
    "below",
    "confounded_way",
    "collected_at",
    "received_at",
]


def low_lines(points: pd.DataFrame, patients: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    A row a stretch; `places`: positions in `points` of the low values it rests on, in the order of the rule's analytes.

    A line counts while its newest value is low and not older than carry_hours. It is over when values, not their
    absence, leave fewer low lines than the rule asks for; a value that a product lifted ends nothing.
    """
    told = _timeline(points, patients, rule)
    if told.empty:
        return pd.DataFrame()
    lines, least = rule.parameters["analytes"], rule.parameters["lines"]
    newest = np.column_stack([_newest(told, line) for line in lines])
    held = np.column_stack([_held(told, newest[:, number]) for number in range(len(lines))])
    low = _low_now(told, newest, rule.parameters["carry_hours"])
    signal = np.where(low.sum(axis=1) >= least, 1, np.where(held.sum(axis=1) < least, -1, 0))
    series, hour = told["series"].to_numpy(), told["hour"].to_numpy()
    signal[:-1][(series[1:] == series[:-1]) & (hour[1:] == hour[:-1])] = 0  # a draw speaks when all of it is in
    here = np.arange(len(told))
    quiet = np.zeros(len(told), dtype=bool)
    found = episodes(told, signal, first=here, turn=here, known=_known(told, newest, low), urgent=quiet)
    place = told["place"].to_numpy()
    chosen = [tuple(int(place[p]) for p in newest[now][low[now]]) for now in found["now"]]
    words = catalog.phrases["safety"]["lines_recovered"]
    return found[["patient_id", "began_at", "raised_at", "cleared_at"]].assign(
        places=pd.Series(chosen, index=found.index, dtype=object),
        flag=rule.code,
        severity=rule.severity,
        why=np.where(found["cleared_at"].notna(), words, ""),
    )


def _limits(told: pd.DataFrame, patients: pd.DataFrame, rule: Rule) -> np.ndarray:
    """The limit below which each value of a line is low, at the patient's age when it was drawn."""
    numbers = rule.parameters
    plain, newborn = (
        {line: numbers.get(f"{age}{line}_below", np.nan) for line in numbers["analytes"]} for age in ("", "newborn_")
    )
    limit = told["analyte"].map(plain).to_numpy(dtype=float, copy=True)
    young = _newborn(told, patients, numbers["newborn_days"])
    own = told["analyte"].iloc[young].map(newborn).to_numpy(dtype=float)
    limit[young] = np.where(np.isnan(own), limit[young], own)
    return limit


def _newborn(told: pd.DataFrame, patients: pd.DataFrame, days: float) -> np.ndarray:
    """Positions of the values drawn from a newborn."""
    born = births(patients)
    birth = pd.Series(born.array, index=patients["patient_id"]).dropna()
    birth = birth[(birth > told["collected_at"].min() - pd.Timedelta(days=days)) & ~birth.index.duplicated()]
    mine = np.flatnonzero(told["patient_id"].isin(birth.index)) if len(birth) else np.zeros(0, dtype=int)
    of_young = told.iloc[mine]
    return mine[
        (of_young["collected_at"] - of_each(of_young["patient_id"], birth) < pd.Timedelta(days=days)).to_numpy()
    ]


def _timeline(points: pd.DataFrame, patients: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """All values of the lines by patient and time: low, recovered, place (in `points`), series (a number a patient)."""
    mine = np.flatnonzero((points["analyte"].isin(rule.parameters["analytes"]) & ~points["suspect"]).to_numpy())
    told = points.iloc[mine][USED].assign(place=mine)
    told = told.assign(series=pd.factorize(told["patient_id"])[0], bound=_limits(told, patients, rule))
    value, bound, below = (told[name].to_numpy() for name in ("value", "bound", "below"))
    clear = bound * (1.0 + rule.parameters["clear_percent"] / 100.0)
    told = told.assign(
        low=((value < bound) & ~told["above"]) | (told["comparator"].eq("<") & (value <= bound)),
        recovered=(value > clear) & ~below & ~told["confounded_way"].isin(LIFTED),
    )
    return told.iloc[np.lexsort((mine, told["hour"], told["series"]))].reset_index(drop=True)


def _newest(told: pd.DataFrame, line: str) -> np.ndarray:
    """At each moment the position in the timeline of the line's newest value, -1 where there is none yet."""
    mine = told["analyte"].eq(line).to_numpy()
    return np.where(mine, np.arange(len(told)), last_before(mine, told["series"].to_numpy()))


def _held(told: pd.DataFrame, newest: np.ndarray) -> np.ndarray:
    """Whether the line's last low value was never followed by a recovered one."""
    mine = newest == np.arange(len(told))
    signal = np.where(told["low"], 1, np.where(told["recovered"], -1, 0))
    return states(np.where(mine, signal, 0), told["series"].to_numpy()) == 1


def _low_now(told: pd.DataFrame, newest: np.ndarray, hours: float) -> np.ndarray:
    hour, low = told["hour"].to_numpy(), told["low"].to_numpy(dtype=bool)
    recent = hour[:, None] - hour[np.maximum(newest, 0)] <= hours
    return (newest >= 0) & recent & low[np.maximum(newest, 0)]


def _known(told: pd.DataFrame, newest: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Of the low values each moment rests on, the position of the one received last."""
    received = told["received_at"].to_numpy(dtype="datetime64[us]").astype("int64")
    when = np.where(low, received[np.maximum(newest, 0)], np.iinfo("int64").min)
    last = newest[np.arange(len(told)), when.argmax(axis=1)]
    return np.where(low.any(axis=1), last, np.arange(len(told)))
