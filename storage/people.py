"""
What is said of patients, version by version: who they are, where they lie, what they weigh.

What a source tells under a name of its own, as the diagnosis that makes the context, it may take back or tell anew
under that name: then its newest word counts, and what it said before no longer does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from storage import bulk, reading
from storage.columns import UNKNOWN, microseconds, rows_of
from storage.engine import Store
from storage.frames import PATIENTS, TIME
from storage.said import NAMED, last_said
from storage.tables import Patient
from storage.versioning import CORRECTED, NEW, UNCHANGED, judged

TABLE: Any = Patient.__table__  # type: ignore[attr-defined]
SAID = tuple(name for name in PATIENTS if name not in ("patient_id", "received_at"))


def append(connection: Connection, frame: pd.DataFrame, stamp: Mapping[str, Any], *, taken: bool) -> np.ndarray:
    """
    The verdict on each row of `frame`; what is news is kept as the patient's next version.

    A row says nothing new when all it says is already what is known of the patient, even when other rows said it:
    two feeds that each know half of a person do not correct each other for ever. What has a name of its own is news
    where it is not what was last said under it.
    """
    frame = _cleaned(frame).assign(source=stamp["source"])
    stored = versions(connection, frame["patient_id"].unique().tolist())
    ref = _refs(frame, stored)
    verdict, _ = judged(_tellings(frame, ref[: len(frame)]), _held(stored, ref[len(frame) :]), taken=taken)
    verdict[_nothing_beyond(frame, stored)] = UNCHANGED
    places = np.flatnonzero(verdict != UNCHANGED)
    version = _next_versions(frame["patient_id"].take(places), stored)
    verdict[places] = np.where(version == 1, NEW, CORRECTED)
    same = dict(stamp) | {"version": version.tolist(), "digest": _digests(frame.take(places))}
    bulk.insert(connection, rows_of(frame.take(places), Patient, same))
    return verdict


def versions(connection: Connection, patients: Sequence[str]) -> pd.DataFrame:
    """Every version but 0 of these patients, oldest first, missing where nothing was said."""
    rows = reading.fetched(connection, reading.chosen(connection, Patient, patients=patients))
    return rows[rows["version"] > 0].sort_values(["patient_id", "version"], kind="stable", ignore_index=True)


def contexts_told_by(store: Store, source: str, names: Collection[str]) -> pd.DataFrame:
    """Those of `names` under which the source's newest word is a context: patient_id, source_id, context."""
    wanted = ("patient_id", "version", "context", "source_id", "received_at")
    with store.reading() as connection:
        told = select(*(reading.plain(connection, TABLE.c[name]) for name in wanted)).where(TABLE.c.source == source)
        rows = reading.fetched(connection, told.where(reading.among(connection, TABLE.c.source_id, sorted(names))))
    newest = rows.sort_values("version").drop_duplicates(["patient_id", "source_id"], keep="last")
    return newest[newest["context"].notna()].reset_index(drop=True)


def _cleaned(frame: pd.DataFrame) -> pd.DataFrame:
    """An empty text says nothing, and no name is none."""
    texts = [name for name in (*SAID, "source_id") if name in frame.columns and PATIENTS.get(name, "str") == "str"]
    blanks = {name: frame[name].astype("str").replace("", None) for name in texts}
    return frame.assign(**({"source_id": None} | blanks)).reset_index(drop=True)


def _refs(frame: pd.DataFrame, stored: pd.DataFrame) -> np.ndarray:
    """A number for each name under which something is told, then of what is stored; 0 for all that has none."""
    if frame["source_id"].isna().all() and stored["source_id"].isna().all():
        return np.zeros(len(frame) + len(stored), dtype="int64")
    both = pd.concat([frame[NAMED], stored[NAMED]], ignore_index=True)
    number: np.ndarray = both.groupby(NAMED).ngroup().fillna(-1).to_numpy("int64") + 1
    return number


def _tellings(frame: pd.DataFrame, ref: np.ndarray) -> pd.DataFrame:
    told = microseconds(frame["told_at"]) if "told_at" in frame.columns else UNKNOWN
    told = np.where(ref > 0, told, UNKNOWN)  # by one clock versions of one thing are ordered, not feeds
    return pd.DataFrame(
        {"patient_id": frame["patient_id"], "ref": ref, "digest": _digests(frame), "resulted_at": UNKNOWN}
    ).assign(told_at=told)


def _held(stored: pd.DataFrame, ref: np.ndarray) -> pd.DataFrame:
    held = stored[["patient_id", "version", "digest"]]
    return held.assign(ref=ref, resulted_at=UNKNOWN, told_at=microseconds(stored["told_at"]))


def _next_versions(patients: pd.Series, stored: pd.DataFrame) -> np.ndarray:
    """They count on from each patient's last, whatever tells them."""
    last = stored.groupby("patient_id")["version"].max().reindex(patients).fillna(0).to_numpy("int64")
    counted: np.ndarray = last + patients.groupby(patients).cumcount().to_numpy("int64") + 1
    return counted


def _nothing_beyond(frame: pd.DataFrame, stored: pd.DataFrame) -> np.ndarray:
    """
    Rows without a name, one such of their patient in the batch, all of whose words are the last said in their column,
    and would be without what was told under names: that may be taken back.
    """
    unnamed, lasting = frame["source_id"].isna(), stored["source_id"].isna()
    alone = unnamed & ~frame["patient_id"].where(unnamed).duplicated(keep=False)
    for rows in (stored,) if lasting.all() else (stored, stored[lasting]):
        alone &= frame["patient_id"].isin(rows["patient_id"]) & _said_by(frame, rows)
    return alone.to_numpy()


def _said_by(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Whether these rows of its patient say all that a row says."""
    known = last_said(rows).set_index("patient_id").reindex(frame["patient_id"]).reset_index(drop=True)
    same = pd.Series(True, index=frame.index)
    for name in SAID:
        if name in frame.columns:
            same &= frame[name].isna() | (_comparable(frame[name], name) == _comparable(known[name], name))
    return same


def _comparable(series: pd.Series, name: str) -> pd.Series:
    kind: Any = PATIENTS[name]
    return pd.to_datetime(series, utc=True).astype(kind) if kind == TIME else series.astype(kind)


def _digests(frame: pd.DataFrame) -> list[int]:
    """64 bits of all that is said, whatever the order of the columns and however many say nothing."""
    words = pd.Series("", index=frame.index, dtype="str")
    for name in SAID:
        if name in frame.columns:
            said = name + "=" + _comparable(frame[name], name).astype("str") + "\x1f"
            words = words + said.where(frame[name].notna(), "")
    return [
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) for text in words
    ]
