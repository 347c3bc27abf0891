"""When a patient was on what: the bars of the chart, and the stretches from which the treatment line follows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import is_daily
from monitoring.analysis.columns import NEVER, by_text, chosen_texts, moments, ranked, utc
from monitoring.analysis.earlier import highest_so_far
from monitoring.analysis.matching import numbered, of_each
from monitoring.terms import Catalog

COLUMNS = [
    "patient_id",
    "given",
    "kind",
    "label",
    "line",
    "started_at",
    "ended_at",
    "amount_text",
    "open",
    "on_until",
    "ref",
    "version",
]


def spans(doses: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    One row a dose row of the catalog's drugs and products, by start. `ended_at` is NaT while it runs (`open`);
    `on_until`: how long the patient counts as being on it. A steroid before the first high-dose course is of no line.
    """
    now = pd.Timestamp(as_of)
    told = doses[doses["started_at"] <= now].sort_values(["patient_id", "started_at", "ref"], ignore_index=True)
    running = is_daily(told) & told["ended_at"].isna().to_numpy()
    shown = told["given"].map(_shown(catalog))
    hold = pd.to_timedelta(by_text(told["given"], {c: d.holds_hours for c, d in catalog.drugs.items()}, 0.0), unit="h")
    end = told["ended_at"].where(told["ended_at"].notna(), told["started_at"])
    return pd.DataFrame(
        {
            "patient_id": told["patient_id"],
            "given": told["given"],
            "kind": told["given"].isin(list(catalog.drugs)).map({True: "drug", False: "product"}),
            "label": shown.fillna(told["name_text"]),
            "line": _lines(told, t0, catalog),
            "started_at": told["started_at"],
            "ended_at": told["ended_at"].where(~running, pd.NaT),
            "amount_text": _amounts(told),
            "open": running,
            "on_until": (end + hold).where(~running, now + pd.Timedelta(microseconds=1)),
            "ref": told["ref"],
            "version": told["version"],
        }
    )


def _amounts(told: pd.DataFrame) -> pd.Series:
    """Amount and unit as they were told; each pair is put together once."""
    (amount, amounts), (unit, units) = (pd.factorize(told[name]) for name in ("amount_text", "unit_text"))
    which, pairs = pd.factorize(amount * max(len(units), 1) + unit)
    places = [divmod(int(pair), len(units)) for pair in pairs]
    words = [f"{amounts[one].strip()} {units[other].strip()}".strip() for one, other in places]
    return chosen_texts(words, which)


def _shown(catalog: Catalog) -> dict[str, str]:
    return {c: p.short for c, p in catalog.products.items()} | {c: d.short for c, d in catalog.drugs.items()}


def _lines(told: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog) -> pd.Series:
    line = told["given"].map({code: drug.line for code, drug in catalog.drugs.items()}).fillna("none")
    first = of_each(told["patient_id"], t0.groupby("patient_id")["t0"].min())
    steroid = told["given"].isin([code for code, drug in catalog.drugs.items() if drug.prednisone_factor])
    early = steroid & ~(told["started_at"] >= first)
    return line.mask(early, "none")


def unions(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Overlapping or touching stretches of each group made one: `by`, started_at, on_until."""
    started, until = (moments(frame[name]) for name in ("started_at", "on_until"))
    keys = [ranked(frame[name]) if frame[name].dtype.kind not in "fi" else frame[name].to_numpy() for name in by]
    order = np.lexsort((started, *keys[::-1]))
    group = numbered(*keys)[order]
    started, until = started[order], until[order]
    reached = highest_so_far(until, group)
    same = np.r_[False, group[1:] == group[:-1]][: len(group)]
    fresh = np.flatnonzero(~same | (started > np.r_[NEVER, reached[:-1]][: len(group)]))
    ends = np.r_[fresh[1:], len(group)][: len(fresh)] - 1
    told = frame[by].take(order[fresh]).reset_index(drop=True)
    return told.assign(started_at=utc(started[fresh]), on_until=utc(reached[ends]))
