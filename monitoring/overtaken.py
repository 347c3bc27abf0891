"""Rows that waited beside what was told since: that is newer and stays, whatever they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from storage import identities, queries
from storage.engine import Store

KNOWN: dict[str, Callable[..., pd.DataFrame]] = {
    "observations": queries.observations,
    "doses": queries.doses,
    "findings": queries.findings,
    "patients": queries.patients,
}


def not_overtaken(
    store: Store, now: datetime, facts: Mapping[str, pd.DataFrame], told: pd.DataFrame
) -> tuple[dict[str, pd.DataFrame], int]:
    """The facts without those of which something newer was told since, and how many those were."""
    kept, stale = {}, 0
    for name, frame in facts.items():
        if name not in KNOWN:
            kept[name] = frame
            continue
        meant = identities.resolved(store, frame)
        patients = meant["patient_id"].unique().tolist()
        known = KNOWN[name](store, as_of=now, patients=patients, apart=True)
        if name == "patients":
            kept[name] = _gaps_only(known, frame, meant["patient_id"], told.loc[frame.index])
            continue
        old = _overtaken(known, meant, told.loc[frame.index])
        stale += int(old.sum())
        kept[name] = frame[~old]
    return {name: frame for name, frame in kept.items() if len(frame)}, stale


def _overtaken(known: pd.DataFrame, frame: pd.DataFrame, told: pd.DataFrame) -> np.ndarray:
    """Whether the version that stands came later, or in the same delivery further down."""
    stands = known.sort_values("version").drop_duplicates(["patient_id", "ref"], keep="last")
    stands = stands.assign(
        stands_at=stands["received_at"], file=files_of(stands["origin"]), line=lines_of(stands["origin"])
    )
    stands = stands[["patient_id", "ref", "stands_at", "file", "line"]]
    beside = frame[["patient_id", "ref"]].merge(stands, on=["patient_id", "ref"], how="left")
    came, file, line = (told[name].reset_index(drop=True) for name in ("received_at", "file", "line"))
    below = (beside["stands_at"] == came) & (beside["file"] == file) & (beside["line"] > line)
    return ((beside["stands_at"] > came) | below).to_numpy()


def _gaps_only(known: pd.DataFrame, frame: pd.DataFrame, patients: pd.Series, told: pd.DataFrame) -> pd.DataFrame:
    """
    What was said of a patient since is newer: of an older row only what nobody said since is taken. One with a name of
    its own (storage.people) of which that leaves no context would take back what that name has told since: it is gone.
    """
    known = known.set_index("patient_id").reindex(patients).set_index(frame.index)
    newer = known["received_at"] > told["received_at"]
    said = [name for name in frame.columns if name in known.columns]
    gaps = frame.assign(**{name: frame[name].mask(newer & known[name].notna() & known[name].ne("")) for name in said})
    named = frame["source_id"].ne("") & frame["source_id"].notna()
    return gaps[~(named & gaps["context"].isna() & frame["context"].notna())]


def files_of(origins: pd.Series) -> pd.Series:
    return origins.str.replace(r":[0-9]+$", "", regex=True)


def lines_of(origins: pd.Series) -> pd.Series:
    return pd.to_numeric(origins.str.extract(r":([0-9]+)$")[0]).fillna(0).astype("int64")
