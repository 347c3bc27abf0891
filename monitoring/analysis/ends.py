"""How a flag that was on came to its end: cleared by values or by an event, or retracted with its evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import texts
from monitoring.analysis.course import Course
from monitoring.analysis.written import rows
from monitoring.terms import SEVERITIES, Catalog
from storage.versions import WITHDRAWN

OPINION_EACH_TIME = ("overdue", "response_window")
Used = dict[int, dict[str, Any]]


@dataclass(frozen=True)
class EndGrounds:
    """
    For the flags that were on and are not: the entries of their evidence by ref, the newest version known of each of
    these values, and which of them are still among the values judged.
    """

    as_of: datetime
    catalog: Catalog
    used: Mapping[tuple[str, str], Used]
    newest: Mapping[tuple[str, int], dict[str, Any]]
    judged: frozenset[tuple[str, int]]


def ends_grounds(ended: pd.DataFrame, told: Course, assessment: Assessment, catalog: Catalog) -> EndGrounds:
    flags = zip(*(texts(ended[name]) for name in ("patient_id", "flag", "evidence")), strict=True)
    used = {(patient, flag): _used(evidence) for patient, flag, evidence in flags}
    keys = {(patient, ref) for (patient, _), refs in used.items() for ref in refs}
    return EndGrounds(
        as_of=assessment.as_of,
        catalog=catalog,
        used=used,
        newest=_newest(told.observations, keys),
        judged=frozenset(_keys(_among(assessment.points, keys)) & keys),
    )


def _newest(values: pd.DataFrame, keys: set[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Of each of these values the newest version."""
    columns = ["patient_id", "ref", "version", "status", "value_text", "unit_text", "received_at"]
    few = _among(values[columns], keys)
    told = {(row["patient_id"], row["ref"]): row for row in rows(few.sort_values("version", kind="stable"))}
    return {key: row for key, row in told.items() if key in keys}


def _keys(values: pd.DataFrame) -> set[tuple[str, int]]:
    return set(zip(texts(values["patient_id"]), values["ref"].tolist(), strict=True))


def _among(values: pd.DataFrame, keys: set[tuple[str, int]]) -> pd.DataFrame:
    """Without what is none of these values: numbers are compared much faster than a join of all rows takes."""
    refs = np.array(sorted({ref for _, ref in keys}), dtype=np.int64)
    return values.take(np.flatnonzero(np.isin(values["ref"].to_numpy(), refs))) if len(refs) else values[:0]


def _used(evidence: str) -> Used:
    return {entry["ref"]: entry for entry in json.loads(evidence) if "ref" in entry}


def ending(pair: Any, now: Any, grounds: EndGrounds) -> tuple[str, datetime, str] | None:
    """(change, when, reason) of a flag that was on; None: nothing is known that would end it, missing values do not."""
    same = now is not None and now.raised_at <= pair.changed_at and now.cleared_at >= pair.changed_at
    corrected = "" if same else _corrected(pair, grounds)
    if corrected:
        return "retracted", grounds.as_of, corrected
    if now is not None:
        return "cleared", max(now.cleared_at, pair.changed_at), now.why
    rule = grounds.catalog.rules.get(pair.flag)
    if rule is None:  # a rule that is judged no more: nobody can say that its flag has ended
        return None
    kind = rule.kind
    if kind in OPINION_EACH_TIME or _still_judged(pair, grounds):
        return "cleared", grounds.as_of, grounds.catalog.phrases["endings"][kind]
    return None


def ended_between(pair: Any, now: Any, grounds: EndGrounds) -> tuple[str, datetime, str] | None:
    """How the flag that was on ended before the one that is on: seen by no cycle, or with the evidence corrected."""
    reason = _corrected(pair, grounds)
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


def _still_judged(pair: Any, grounds: EndGrounds) -> bool:
    """Whether the values the flag rested on are among those judged now: then its absence is an opinion, not a gap."""
    return any((pair.patient_id, ref) in grounds.judged for ref in grounds.used[(pair.patient_id, pair.flag)])


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
