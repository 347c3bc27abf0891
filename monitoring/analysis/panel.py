"""Whether the other markers of a patient got better or worse over a stretch of time, beyond the noise of each."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, clean, moments
from monitoring.analysis.matching import last_of_each, paired
from monitoring.analysis.pairs import in_pairs
from monitoring.terms import Catalog, Rule


@dataclass(frozen=True)
class Stretches:
    """`row`: a number of the caller's, each once; the patient; and the hours since, now, until."""

    row: np.ndarray
    patient: np.ndarray
    since: np.ndarray
    now: np.ndarray
    until: np.ndarray


@dataclass(frozen=True)
class Panel:
    """
    An entry a stretch and marker measured on both sides: row, before, place (positions in the points), received (of the
    later one). `better` and `worse`: by row, how many are.
    """

    row: np.ndarray
    before: np.ndarray
    place: np.ndarray
    received: np.ndarray
    better: np.ndarray
    worse: np.ndarray

    def improving(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self.better[rows] > self.worse[rows])

    def worsening(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self.worse[rows] > self.better[rows])

    def places(self) -> dict[Hashable, tuple[int, ...]]:
        """By row: before and place of each marker, one pair after the other."""
        return in_pairs(self.row, self.before, self.place)

    def known(self, received: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """`received` by row, later for `rows` whose markers were known later."""
        last, mine = received.copy(), np.isin(self.row, rows)
        np.maximum.at(last, self.row[mine], self.received[mine])
        return last


def panel(points: pd.DataFrame, laid: Laid, at: Stretches, rule: Rule, *, catalog: Catalog, rows: int) -> Panel:
    """
    `points` have the column `suspect`; `rows`: how many the caller's numbers may be. Of each marker the last value up
    to `since` is compared with the last one up to `until`; neither may lie further than panel_hours before `since` or
    `now`. Values that a product touched or somebody doubts are not asked.
    """
    if not len(at.row):
        none = np.zeros(0, dtype=np.int64)
        return Panel(none, none, none, none.astype("datetime64[us]"), *np.zeros((2, rows), dtype=np.int64))
    stretch, before, place = _paired(points, laid, at, rule)
    log, sigma = (points[name].to_numpy(dtype=float) for name in ("log", "sigma"))
    good = laid.each({c: -1.0 if a.worse == "up" else 1.0 for c, a in catalog.analytes.items()}, np.nan)[place]
    z = good * (log[place] - log[before]) / (np.sqrt(2.0) * sigma[place])
    row = at.row[stretch]
    limit = rule.parameters["z_panel"]
    counts = (np.bincount(row[told], minlength=rows) for told in (z >= limit, z <= -limit))
    return Panel(row, before, place, moments(points["received_at"])[place], *counts)


def _paired(points: pd.DataFrame, laid: Laid, at: Stretches, rule: Rule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stretch, and the positions of the values before and after, for each marker that has both."""
    hours, hour = rule.parameters["panel_hours"], points["hour"].to_numpy()
    sound, segment = clean(points) & ~points["suspect"].to_numpy(dtype=bool), points["segment"].to_numpy()
    markers = np.flatnonzero(np.isin(laid.analyte.astype(str), rule.parameters["markers"]))
    stretch, marker = paired([at.patient], [laid.patient[markers]])
    pair, place = laid.values(markers[marker])
    pair, place = pair[sound[place]], place[sound[place]]
    of, drawn = stretch[pair], hour[place]
    early = np.flatnonzero((drawn <= at.since[of]) & (drawn >= at.since[of] - hours))
    late = np.flatnonzero((drawn > at.since[of]) & (drawn <= at.until[of]) & (drawn >= at.now[of] - hours))
    early, late = early[last_of_each(pair[early])], late[last_of_each(pair[late])]
    both, one, two = np.intersect1d(pair[early], pair[late], assume_unique=True, return_indices=True)
    before, after = place[early[one]], place[late[two]]
    alike = segment[before] == segment[after]
    return stretch[both[alike]], before[alike], after[alike]
