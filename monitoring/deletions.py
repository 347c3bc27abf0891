"""
What a FHIR server says it has deleted no longer stands here either.

A deletion names a resource and no patient, so what is withdrawn is found among what this source told before. The
values stay stored, as those do that a laboratory takes back; a deletion of what never was here says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.cells import mixed
from monitoring.refused import Refused
from monitoring.sifting import Taken
from storage import queries
from storage.engine import Store
from storage.holders import PART, holders
from storage.versions import WITHDRAWN

DELETED = "deleted"
ORIGIN = "{}, deleted on the server"
KINDS = {
    "Observation": "observations", "MedicationAdministration": "doses", "Procedure": "doses", "Condition": "findings",
}  # fmt: skip
STANDING: Mapping[str, Callable[..., pd.DataFrame]] = {
    "observations": queries.observations, "doses": queries.doses, "findings": queries.findings,
}  # fmt: skip
EMPTIED: Mapping[str, dict[str, Any]] = {
    "observations": {"value": np.nan, "comparator": ""}, "doses": {}, "findings": {"value": ""},
}  # fmt: skip
KEY = ["patient_id", "ref"]


@dataclass(frozen=True)
class Deletion:
    """`name`: the resource's id. `at`: by the server's clock, where it tells."""

    kind: str
    name: str
    at: datetime | None
    origin: str


def parted(taken: Taken) -> tuple[Taken, list[Deletion]]:
    """What was read, without what is said to be deleted since and without the entries that say so; and those."""
    told = {id(one): found for one in taken.refused if (found := _deletion(one))}
    if not told:
        return taken, []
    facts = {name: _remaining(name, frame, [*told.values()]) for name, frame in taken.facts.items()}
    rest = [one for one in taken.refused if id(one) not in told]
    return replace(taken, facts={name: one for name, one in facts.items() if len(one)}, refused=rest), [*told.values()]


def withdrawals(store: Store, source: str, told: list[Deletion], *, now: datetime) -> dict[str, pd.DataFrame]:
    """Kind of facts -> the next versions of those that stand, withdrawn, as `storage.writes.Batch` wants them."""
    found = {name: _withdrawn(store, source, name, told, now) for name in STANDING}
    return {name: frame for name, frame in found.items() if len(frame)}


def _withdrawn(store: Store, source: str, name: str, told: list[Deletion], now: datetime) -> pd.DataFrame:
    meant = {one.name: one for one in told if KINDS[one.kind] == name}
    patients = holders(store, name, source, meant.keys()) if meant else []
    if not patients:
        return pd.DataFrame()
    stands = STANDING[name](store, as_of=now, patients=patients, apart=True)
    stands = stands.sort_values("version").drop_duplicates(KEY, keep="last")
    base = stands["source_id"].str.split(PART).str[0]
    stands = stands[stands["source"].eq(source) & base.isin(list(meant)) & ~stands["status"].isin(WITHDRAWN)]
    by = [meant[one] for one in base.loc[stands.index]]
    at = pd.to_datetime(pd.Series([one.at for one in by], index=stands.index), utc=True)
    digest = mixed(stands["ref"].to_numpy("int64"), stands["version"].to_numpy("int64"), DELETED)
    emptied = EMPTIED[name] | {"status": "entered-in-error", "told_at": at, "digest": digest}
    return stands.assign(origin=[ORIGIN.format(one.origin) for one in by], **emptied).reset_index(drop=True)


def _remaining(name: str, frame: pd.DataFrame, told: list[Deletion]) -> pd.DataFrame:
    """A history may tell older versions of what it says is deleted."""
    if "source_id" not in frame.columns or name not in STANDING:
        return frame
    gone = {one.name: one.at for one in told if KINDS[one.kind] == name}
    base = frame["source_id"].str.split(PART).str[0]
    at = pd.to_datetime(base.map(gone), utc=True)
    written = frame["told_at"] if "told_at" in frame.columns else pd.Series(pd.NaT, index=frame.index)
    return frame[~(base.isin(list(gone)) & ~(written > at).fillna(False).to_numpy(bool))]


def _deletion(one: Refused) -> Deletion | None:
    """Of an entry of a history, or of a resource that takes itself back; None where it is of a kind not followed."""
    if one.reason != DELETED:
        return None
    with suppress(ValueError, AttributeError, TypeError):
        entry = json.loads(one.raw)
        if "request" not in entry:
            return _of_itself(entry, one.origin)
        named = str(entry["request"]["url"]).partition("/_history/")[0]  # some servers name the version that ended it
        kind, _, name = named.rstrip("/").rpartition("/")
        kind = kind.rpartition("/")[2]
        at = str((entry.get("response") or {}).get("lastModified", ""))
        if kind in KINDS and name:
            return Deletion(kind, name, _moment(at), one.origin)
    return None


def _of_itself(resource: Any, origin: str) -> Deletion | None:
    kind, at = str(resource["resourceType"]), str((resource.get("meta") or {}).get("lastUpdated", ""))
    return Deletion(kind, str(resource["id"]), _moment(at), origin) if kind in KINDS else None


def _moment(told: str) -> datetime | None:
    with suppress(ValueError):
        found = datetime.fromisoformat(told)
        return found if found.tzinfo else None
    return None
