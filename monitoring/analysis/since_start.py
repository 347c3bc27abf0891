"""How long before each value was drawn a high-dose steroid course was begun."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, Laid, moments, texts, utc

APART_HOURS = 1e8  # more than the hours since 1970; keeps two patients apart on one axis


def with_since_start(points: pd.DataFrame, starts: pd.DataFrame) -> pd.DataFrame:
    """
    `points` with `since_start`, hours since the last start (steroids.starts) at or before the value (NaN: none), and
    `start_known_at`, when that start could be known.
    """
    since, known = np.full(len(points), np.nan), np.full(len(points), NEVER)
    if len(starts) and len(points):
        laid = Laid.of(points)
        codes, names = pd.factorize(texts(starts["patient_id"]))
        mine = pd.Index(names).get_indexer(laid.patient)[laid.number]
        hour, begun = points["hour"].to_numpy(dtype=float), starts["t0_hour"].to_numpy(dtype=float)
        order = np.lexsort((begun, codes))
        last = np.searchsorted((codes * APART_HOURS + begun)[order], mine * APART_HOURS + hour, side="right") - 1
        there = np.flatnonzero((mine >= 0) & (last >= 0))
        start = order[last[there]]
        there, start = (side[codes[start] == mine[there]] for side in (there, start))
        since[there] = hour[there] - begun[start]
        known[there] = moments(starts["known_at"])[start]
    return points.assign(since_start=since, start_known_at=utc(known))
