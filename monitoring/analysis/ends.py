"""How a flag that was on came to its end: cleared by values or by an event, or retracted with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import texts
from monitoring.analysis.lookback import heard, reach
from monitoring.analysis.written import rows
from monitoring.terms import SEVERITIES, Catalog
from storage.versions import WITHDRAWN

OPINION_EACH_TIME = ("overdue", "response_window")
LAPSED = "lapsed"
ALWAYS = pd.Timestamp(0, tz="UTC")
OF_A_START = ("response_window", "relapse")
VERSION = ["patient_id", "ref", "version", "status", "value_text", "unit_text", "received_at"]
Used = dict[int, dict[str, Any]]
Key = tuple[str, int]
# patient and ref of values, and when they were drawn by one of their versions -> what is known of them (VERSION)
Versions = Callable[[Mapping[Key, Any]], pd.DataFrame]


@dataclass(frozen=True)
class EndGrounds:
    """
    For the flags that were on and are not: the entries of their evidence by ref, the newest version known of each of
    these values, and which of them are still among the values judged.
    """

    as_of: datetime
    catalog: Catalog
    used: Mapping[tuple[str, str], Used]
    newest: Mapping[Key, dict[str, Any]]
    judged: frozenset[Key]
    sights: Mapping[str, tuple[pd.Timestamp, bool]]  # patient -> from where it is looked back, and whether that cuts
    told_of: Callable[[], Mapping[tuple[str, str], pd.Timestamp]]  # see _told_of
    aged: Mapping[str, pd.Timestamp]  # patient -> newest steroid start that is not judged any more
    begun: Mapping[str, pd.Timestamp]  # patient -> oldest start that is


def ends_grounds(ended: pd.DataFrame, versions: Versions, assessment: Assessment, catalog: Catalog) -> EndGrounds:
    flags = zip(*(texts(ended[name]) for name in ("patient_id", "flag", "evidence")), strict=True)
    used = {(patient, flag): _used(evidence) for patient, flag, evidence in flags}
    keys, points = _drawn_at(used), assessment.points
    return EndGrounds(
        as_of=assessment.as_of,
        catalog=catalog,
        used=used,
        newest=_newest(versions, keys),
        judged=frozenset(_keys(_among(points, keys)) & keys.keys()),
        sights=_sights_of(assessment.sights, {patient for patient, _ in used}),
        told_of=cache(lambda: _told_of(points, {patient for patient, _ in keys})),
        aged=_start_of(assessment.older, "max"),
        begun=_start_of(assessment.starts, "min"),
    )


def versions_in(observations: pd.DataFrame) -> Versions:
    """Those of a frame that holds every version; texts that it does not hold are empty."""
    held = observations[[name for name in VERSION if name in observations]]
    return lambda keys: _among(held, keys).reindex(columns=VERSION, fill_value="")


def _newest(versions: Versions, keys: Mapping[Key, Any]) -> dict[Key, dict[str, Any]]:
    """Of each of these values the newest version."""
    few = versions(keys)[VERSION] if keys else pd.DataFrame(columns=VERSION)
    told = {(row["patient_id"], row["ref"]): row for row in rows(few.sort_values("version", kind="stable"))}
    return {key: row for key, row in told.items() if key in keys}


def corrected(evidence: pd.DataFrame, versions: Versions) -> pd.DataFrame:
    """Patient and flag of those of these flags whose evidence was told again since, whatever it says now."""
    names = zip(*(texts(evidence[name]) for name in ("patient_id", "flag")), strict=True)
    used = dict(zip(names, map(_used, texts(evidence["evidence"])), strict=True))
    newest = _newest(versions, _drawn_at(used))
    known = {key: row["version"] for key, row in newest.items()}
    told = [
        (patient, flag)
        for (patient, flag), refs in used.items()
        if any(known.get((patient, ref), was["version"]) > was["version"] for ref, was in refs.items())
    ]
    return pd.DataFrame(told, columns=["patient_id", "flag"], dtype="str")


def _drawn_at(used: Mapping[tuple[str, str], Used]) -> dict[Key, Any]:
    return {(name, ref): one.get("collected_at") for (name, _), refs in used.items() for ref, one in refs.items()}


def _told_of(points: pd.DataFrame, patients: set[str]) -> dict[tuple[str, str], pd.Timestamp]:
    """Patient and analyte -> when the newest number was drawn that is judged, no product moved and nobody doubts."""
    names = ["patient_id", "analyte"]
    mine = points.loc[points["counts"], [*names, "collected_at"]] if patients else points[[*names, "collected_at"]][:0]
    mine = mine[mine["patient_id"].isin(patients)].drop_duplicates(names, keep="last")
    return dict(zip(zip(*(texts(mine[name]) for name in names), strict=True), mine["collected_at"], strict=True))


def _sights_of(sights: pd.DataFrame, patients: set[str]) -> dict[str, tuple[pd.Timestamp, bool]]:
    mine = sights[sights["patient_id"].isin(patients)]
    return {str(name): (at, bool(cut)) for name, at, cut in zip(*(mine[one] for one in mine.columns), strict=True)}


def _start_of(starts: pd.DataFrame, which: str) -> dict[str, pd.Timestamp]:
    return {str(name): at for name, at in starts.groupby("patient_id")["t0"].agg(which).items()}


def _keys(values: pd.DataFrame) -> set[Key]:
    return set(zip(texts(values["patient_id"]), values["ref"].tolist(), strict=True))


def _among(values: pd.DataFrame, keys: Collection[Key]) -> pd.DataFrame:
    """Without what is none of these values: numbers are compared much faster than a join of all rows takes."""
    refs = np.array(sorted({ref for _, ref in keys}), dtype=np.int64)
    return values.take(np.flatnonzero(np.isin(values["ref"].to_numpy(), refs))) if len(refs) else values[:0]


def _used(evidence: str) -> Used:
    return {entry["ref"]: entry for entry in json.loads(evidence) if "ref" in entry}


def ending(pair: Any, now: Any, grounds: EndGrounds) -> tuple[str, datetime, str] | None:
    """(change, when, reason) of a flag that was on; None: nothing is known that would end it, missing values do not."""
    same = now is not None and now.raised_at <= pair.changed_at and now.cleared_at >= pair.changed_at
    rule = grounds.catalog.rules.get(pair.flag)
    why = _unsaid(pair, rule.kind, grounds) if rule and now is None else ""
    corrected = "" if same or (why == LAPSED and _corrected_long_ago(pair, grounds)) else _corrected(pair, grounds)
    if corrected:
        return "retracted", grounds.as_of, corrected
    if now is not None:
        return "cleared", max(now.cleared_at, pair.changed_at), now.why
    # of a rule that is judged no more nobody can say that its flag has ended
    return ("cleared", grounds.as_of, grounds.catalog.phrases["endings"][why]) if why else None


def _unsaid(pair: Any, kind: str, grounds: EndGrounds) -> str:
    """
    Why a flag of which nothing is said any more has ended (a phrase's name); "" where that is a gap and no opinion.

    Further back than a judgement looks, what a flag rests on proves nothing more. It has lapsed when values of its own
    analytes within the look-back are silent, never for want of values.
    """
    if kind in OF_A_START and _start_aged(pair, grounds):
        return "" if _still_judged(pair, grounds) else LAPSED
    if kind in OPINION_EACH_TIME or _still_judged(pair, grounds):
        return kind
    return LAPSED if _lapsed(pair, grounds) else ""


def _start_aged(pair: Any, grounds: EndGrounds) -> bool:
    """Whether the steroid start the flag rests on may be one that is not judged any more."""
    aged, begun = grounds.aged.get(pair.patient_id), grounds.begun.get(pair.patient_id)
    if begun is not None and begun <= pair.changed_at:
        return False
    newest, _ = grounds.sights.get(pair.patient_id, (pd.Timestamp(grounds.as_of), False))
    first = newest - pd.Timedelta(hours=reach(grounds.catalog).starts)
    return bool(pair.changed_at < first or (aged is not None and aged <= pair.changed_at))


def _lapsed(pair: Any, grounds: EndGrounds) -> bool:
    """Whether all that the flag rests on was drawn too long ago, and what it speaks of was measured since."""
    drawn = _drawn(pair, grounds)
    if not drawn or not max(drawn) < _edge(pair, grounds):
        return False
    rule, entries = grounds.catalog.rules[pair.flag], grounds.used[(pair.patient_id, pair.flag)].values()
    spoken_of = {rule.analyte} if rule.analyte else {entry["analyte"] for entry in entries if "analyte" in entry}
    newest = grounds.told_of()
    since = sum(newest.get((pair.patient_id, code), ALWAYS) > max(drawn) for code in spoken_of)
    return since >= min(len(spoken_of), rule.parameters.get("least_next", len(spoken_of))) > 0


def _drawn(pair: Any, grounds: EndGrounds) -> list[pd.Timestamp]:
    """When the values the flag was said on were drawn."""
    entries = grounds.used[(pair.patient_id, pair.flag)].values()
    return [pd.Timestamp(entry["collected_at"]) for entry in entries if entry.get("collected_at")]


def _edge(pair: Any, grounds: EndGrounds) -> pd.Timestamp:
    """From when on the flag's rule is heard; always, where nothing lies further back than a judgement looks."""
    newest, cut = grounds.sights.get(pair.patient_id, (pd.Timestamp(grounds.as_of), False))
    hours = heard(grounds.catalog).get(pair.flag)
    return newest - pd.Timedelta(hours=hours) if cut and hours is not None else ALWAYS


def ended_between(pair: Any, now: Any, grounds: EndGrounds) -> tuple[str, datetime, str] | None:
    """How the flag that was on ended before the one that is on: seen by no cycle, or with the evidence corrected."""
    aged = any(drawn < _edge(pair, grounds) for drawn in _drawn(pair, grounds))
    reason = "" if aged else _corrected(pair, grounds)
    lower = SEVERITIES.index(now.severity) < SEVERITIES.index(pair.severity_was)
    if reason and (lower or now.raised_at > _corrected_at(pair, grounds)):
        return "retracted", _corrected_at(pair, grounds), reason
    if now.ended_before > pair.changed_at:
        return "cleared", now.ended_before, now.why_before
    return None


def _corrected_at(pair: Any, grounds: EndGrounds) -> pd.Timestamp:
    """When the last correction of a flag's evidence came."""
    used = grounds.used[(pair.patient_id, pair.flag)]
    rows = [(was, grounds.newest.get((pair.patient_id, ref))) for ref, was in used.items()]
    return max(pd.Timestamp(row["received_at"]) for was, row in rows if row and row["version"] > was["version"])


def _corrected_long_ago(pair: Any, grounds: EndGrounds) -> bool:
    """Whether the flag outlived every correction of its evidence: none came since its rule is heard."""
    return not _corrected(pair, grounds) or _corrected_at(pair, grounds) < _edge(pair, grounds)


def _still_judged(pair: Any, grounds: EndGrounds) -> bool:
    """Whether the values the flag rested on are among those judged now: then its absence is an opinion, not a gap."""
    edge = _edge(pair, grounds)
    return any(
        (pair.patient_id, ref) in grounds.judged and not pd.Timestamp(entry.get("collected_at") or edge) < edge
        for ref, entry in grounds.used[(pair.patient_id, pair.flag)].items()
    )


def _corrected(pair: Any, grounds: EndGrounds) -> str:
    """The corrections and withdrawals that took a flag's evidence away, in words; "" where there were none."""
    used = grounds.used[(pair.patient_id, pair.flag)]
    later = [
        (was, grounds.newest[(pair.patient_id, ref)])
        for ref, was in used.items()
        if (pair.patient_id, ref) in grounds.newest
    ]
    return "; ".join(_correction(was, row, grounds.catalog) for was, row in later if row["version"] > was["version"])


def _correction(was: dict[str, Any], row: dict[str, Any], catalog: Catalog) -> str:
    text = catalog.phrases["endings"]["withdrawn" if row["status"] in WITHDRAWN else "corrected"]
    return text.format(
        label=catalog.analytes[was["analyte"]].label,
        old=f"{was['value_text']} {was['unit_text']}".strip(),
        new=f"{row['value_text']} {row['unit_text']}".strip(),
    )
