"""
What a FHIR server says it has deleted no longer stands here either; nor does what a diagnosis said (a finding, the
context) that it tells anew as another one.

Neither names what was told before, a deletion no patient even, so what is withdrawn is found among what this source
told. The values stay stored, as those do that a laboratory takes back; what never was here is not withdrawn.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.cells import mixed
from monitoring.refused import Refused
from monitoring.sifting import Taken
from storage import people, queries
from storage.engine import Store
from storage.holders import PART, held, holders
from storage.versions import WITHDRAWN

DELETED = "deleted"
ORIGIN = "{}, deleted on the server"
ANEW = "{}, told anew as something else"
KINDS: Mapping[str, tuple[str, ...]] = {
    "Observation": ("observations",), "MedicationAdministration": ("doses",), "Procedure": ("doses",),
    "Condition": ("findings", "patients"),
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
    """
    `name`: the resource's id. `at`: by the server's clock, where it tells. `still`, `contexts`: findings and contexts
    that stay.
    """

    kind: str
    name: str
    at: datetime | None
    origin: str
    still: frozenset[str] = frozenset()
    contexts: frozenset[str] = frozenset()

    def leaves(self, fact: Mapping[Any, Any]) -> bool:
        return fact.get("finding") in self.still or fact.get("context") in self.contexts


def parted(taken: Taken) -> tuple[Taken, list[Deletion]]:
    """What was read, without what is said to be deleted since and without the entries that say so; and those."""
    told = {id(one): found for one in taken.refused if (found := _deletion(one))}
    newest = {one.name: one for one in taken.restated}
    anew = [
        Deletion("Condition", one.name, _moment(one.at), ANEW.format(one.origin), one.still, one.contexts)
        for one in newest.values()
    ]
    if not told and not anew:
        return taken, []
    facts = taken.facts
    for some in ([*told.values()], anew):  # what was deleted may be told anew, and what was told anew be deleted
        facts = {name: _remaining(name, frame, some) for name, frame in facts.items()}
    rest = [one for one in taken.refused if id(one) not in told]
    kept = {name: one for name, one in facts.items() if len(one)}
    return replace(taken, facts=kept, refused=rest), [*anew, *told.values()]


def withdrawals(store: Store, source: str, told: list[Deletion], *, now: datetime) -> dict[str, pd.DataFrame]:
    """Kind of facts -> the next versions of those that stand, withdrawn, as `storage.writes.Batch` wants them."""
    found = {name: _withdrawn(store, source, name, told, now) for name in STANDING}
    found["patients"] = _no_context(store, source, [one for one in told if "patients" in KINDS[one.kind]])
    return {name: frame for name, frame in found.items() if len(frame)}


def ours(store: Store, source: str, kind: str, ids: Collection[str]) -> set[str]:
    """Those of the ids of resources of this kind under which the source told anything that is kept here."""
    facts = [held(store, name, source, ids) for name in KINDS[kind] if name in STANDING]
    told = people.contexts_told_by(store, source, ids)["source_id"] if "patients" in KINDS[kind] else ()
    return {*told, *(name for names in facts for name in names)}


def _no_context(store: Store, source: str, told: list[Deletion]) -> pd.DataFrame:
    """Of each name that told a context and no longer does, that it says nothing of the patient."""
    if not told:
        return pd.DataFrame()
    stands = people.contexts_told_by(store, source, {one.name for one in told})
    by = _taken_back_by(stands, told)
    frame = stands.loc[[*by], ["patient_id", "source_id"]]
    return frame.assign(origin=[one.origin for one in by.values()], told_at=_moments(by)).reset_index(drop=True)


def _moments(by: Mapping[Any, Deletion]) -> pd.Series:
    return pd.to_datetime(pd.Series({place: one.at for place, one in by.items()}, dtype=object), utc=True)


def _withdrawn(store: Store, source: str, name: str, told: list[Deletion], now: datetime) -> pd.DataFrame:
    meant = [one for one in told if name in KINDS[one.kind]]
    patients = holders(store, name, source, {one.name for one in meant}) if meant else []
    if not patients:
        return pd.DataFrame()
    stands = STANDING[name](store, as_of=now, patients=patients, apart=True)
    stands = stands.sort_values("version").drop_duplicates(KEY, keep="last")
    stands = stands[stands["source"].eq(source) & ~stands["status"].isin(WITHDRAWN)]
    by = _taken_back_by(stands, meant)
    stands = stands.loc[[*by]]
    at = _moments(by)
    digest = mixed(stands["ref"].to_numpy("int64"), stands["version"].to_numpy("int64"), DELETED)
    emptied = EMPTIED[name] | {"status": "entered-in-error", "told_at": at, "digest": digest}
    return stands.assign(origin=[one.origin for one in by.values()], **emptied).reset_index(drop=True)


def _remaining(name: str, frame: pd.DataFrame, told: list[Deletion]) -> pd.DataFrame:
    """A history may tell older versions of what it says is deleted."""
    mine = [one for one in told if name in KINDS[one.kind]]
    if "source_id" not in frame.columns or not mine:
        return frame
    gone = _taken_back_by(frame, mine)
    at = _moments(gone)
    written = frame["told_at"] if "told_at" in frame.columns else pd.Series(pd.NaT, index=frame.index)
    later = (written.loc[at.index] > at).fillna(False)
    return frame.drop(index=at.index[~later.to_numpy(bool)])


def _taken_back_by(facts: pd.DataFrame, told: list[Deletion]) -> dict[Any, Deletion]:
    """Index of each fact that one of these takes back, and that one: where several do, the last."""
    by_name: dict[str, list[Deletion]] = defaultdict(list)
    for one in told:
        by_name[one.name].append(one)
    base = facts["source_id"].str.split(PART).str[0]
    some = base[base.isin(list(by_name))]
    said = facts.loc[some.index, [name for name in ("finding", "context") if name in facts.columns]].to_dict("records")
    each = zip(some.index, some, said, strict=True)
    return {place: one for place, name, fact in each for one in by_name[name] if not one.leaves(fact)}


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
            return Deletion(kind, name, _moment(at), ORIGIN.format(one.origin))
    return None


def _of_itself(resource: Any, origin: str) -> Deletion | None:
    kind, at = str(resource["resourceType"]), str((resource.get("meta") or {}).get("lastUpdated", ""))
    return Deletion(kind, str(resource["id"]), _moment(at), ORIGIN.format(origin)) if kind in KINDS else None


def _moment(told: str) -> datetime | None:
    with suppress(ValueError):
        found = datetime.fromisoformat(told)
        return found if found.tzinfo else None
    return None
