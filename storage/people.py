"""What is said of patients, version by version: who they are, where they lie, what they weigh."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from storage import bulk, reading
from storage.columns import UNKNOWN, rows_of
from storage.frames import PATIENTS, TIME
from storage.tables import Patient
from storage.versioning import UNCHANGED, judged

SAID = tuple(name for name in PATIENTS if name not in ("patient_id", "received_at"))


def append(connection: Connection, frame: pd.DataFrame, stamp: Mapping[str, Any], *, taken: bool) -> np.ndarray:
    """
    The verdict on each row of `frame`; what is news is kept as the patient's next version.

    A row says nothing new when all it says is already what is known of the patient, even when other rows said it:
    two feeds that each know half of a person do not correct each other for ever.
    """
    frame = _cleaned(frame)
    stored = versions(connection, frame["patient_id"].unique().tolist())
    verdict, version = judged(_tellings(frame), _held(stored), taken=taken)
    verdict[_nothing_beyond(frame, stored)] = UNCHANGED
    places = np.flatnonzero(verdict != UNCHANGED)
    same = dict(stamp) | {"version": version[places].tolist(), "digest": _digests(frame.take(places))}
    bulk.insert(connection, rows_of(frame.take(places), Patient, same))
    return verdict


def versions(connection: Connection, patients: Sequence[str]) -> pd.DataFrame:
    """Every version but 0 of these patients, oldest first, missing where nothing was said."""
    rows = reading.fetched(connection, reading.chosen(connection, Patient, patients=patients))
    return rows[rows["version"] > 0].sort_values(["patient_id", "version"], kind="stable", ignore_index=True)


def last_said(rows: pd.DataFrame) -> pd.DataFrame:
    """
    One row a patient, oldest version first in `rows`: per column the last that was said. Only the year of a birth, or
    its month, says nothing of one that is known to the day.
    """
    return _whole_births(rows).groupby("patient_id", sort=True).last().reset_index()


def _whole_births(rows: pd.DataFrame) -> pd.DataFrame:
    """Without birth dates that are the beginning of an earlier one of the same patient."""
    born = rows["birth_date"]
    part = born[born.str.len() < len("2014-03-09")]
    if not len(part):
        return rows
    theirs = rows[rows["patient_id"].isin(rows.loc[part.index, "patient_id"]) & born.notna()]
    known: dict[str, str] = {}
    shorter = []
    for place, patient, told in zip(theirs.index, theirs["patient_id"], theirs["birth_date"], strict=True):
        if known.get(patient, "") != told and known.get(patient, "").startswith(told):
            shorter.append(place)
        else:
            known[patient] = told
    return rows.assign(birth_date=born.mask(rows.index.isin(shorter), None))


def _cleaned(frame: pd.DataFrame) -> pd.DataFrame:
    """An empty text says nothing."""
    texts = [name for name in SAID if name in frame.columns and PATIENTS[name] == "str"]
    blanks = {name: frame[name].astype("str").replace("", None) for name in texts}
    return frame.assign(**blanks).reset_index(drop=True)


def _tellings(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"patient_id": frame["patient_id"], "ref": 0, "digest": _digests(frame), "resulted_at": UNKNOWN}
    )


def _held(stored: pd.DataFrame) -> pd.DataFrame:
    return stored[["patient_id", "version", "digest"]].assign(ref=0, resulted_at=UNKNOWN)


def _nothing_beyond(frame: pd.DataFrame, stored: pd.DataFrame) -> np.ndarray:
    """Rows, one of their patient in the batch, all of whose words are the last said in their column."""
    known = last_said(stored).set_index("patient_id").reindex(frame["patient_id"]).reset_index(drop=True)
    alone = ~frame["patient_id"].duplicated(keep=False) & frame["patient_id"].isin(stored["patient_id"])
    for name in SAID:
        if name in frame.columns:
            alone &= frame[name].isna() | (_comparable(frame[name], name) == _comparable(known[name], name))
    return alone.to_numpy()


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
