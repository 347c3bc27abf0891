"""
The one labelled numeric rule of non-response on day 3, for comparison: emapalumab in primary HLH, US label.

There a dose may go up from day 3 when the state is unsatisfactory and at least one of its signs is met. Each sign is
met, not met, or cannot be told; none is ever taken as not met because it was not measured, and none rests on a value
that is doubted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.seen import present
from monitoring.analysis.written import iso, rounded
from monitoring.terms import Catalog

MET, NOT_MET, UNKNOWN = "met", "not met", "cannot tell"
RULE = "label_day3"
D_DIMER = ("d_dimer_feu", "d_dimer_ddu", "d_dimer")
READ = ("platelets", "neutrophils", "ferritin", "temperature", "fibrinogen", *D_DIMER)
Value = dict[str, Any]
Pairs = Mapping[str, tuple[Value | None, Value | None]]


def label_rules(
    points: pd.DataFrame, t0: pd.DataFrame, findings: pd.DataFrame, catalog: Catalog
) -> dict[Any, dict[str, Any]]:
    """(patient, t0) -> the rule at 72 h as it is shown: scope, hours, verdict and the signs one by one."""
    numbers = catalog.rules[RULE].parameters
    pairs = _pairs(points, t0, numbers, catalog)
    spleen = _spleen(findings, t0, numbers)
    return {
        key: _told(pairs.get(key, {}), spleen.get(key), numbers, catalog)
        for key in zip(t0["patient_id"], t0["t0"], strict=True)
    }


def _pairs(points: pd.DataFrame, t0: pd.DataFrame, numbers: Mapping[str, Any], catalog: Catalog) -> dict[Any, Pairs]:
    """(patient, t0) -> analyte -> the last value before the steroid and the one nearest to the rule's hour."""
    told = points[points["analyte"].isin(READ) & points["patient_id"].isin(t0["patient_id"]) & ~points["suspect"]]
    told = told.merge(t0[["patient_id", "t0", "t0_hour"]], on="patient_id")
    since = told["hour"] - told["t0_hour"]
    before = told[since.between(-numbers["before_hours"], numbers["with_first_dose_hours"])]
    hour = numbers["hours"][0]
    after = told[since.between(hour - numbers["around_hours"], hour + numbers["around_hours"])]
    after = after.assign(away=-(after["hour"] - after["t0_hour"] - hour).abs()).sort_values("away", kind="stable")
    found: dict[Any, dict[Any, list[Value | None]]] = {}
    for place, frame in enumerate((before, after)):
        last = frame.drop_duplicates(["patient_id", "t0", "analyte"], keep="last")
        for row in last.itertuples():
            value = _value(row, catalog)
            found.setdefault((row.patient_id, row.t0), {}).setdefault(row.analyte, [None, None])[place] = value
    return {key: {code: (pair[0], pair[1]) for code, pair in mine.items()} for key, mine in found.items()}


def _value(row: Any, catalog: Catalog) -> Value:
    """`high`: the upper end of its reference interval, the laboratory's own where it gave one."""
    own = row.reference_high
    intervals = [i.high for i in catalog.analytes[row.analyte].intervals if i.high is not None]
    moved = row.confounded_way
    return {
        "value": float(row.value), "comparator": row.comparator, "at": row.collected_at,
        "high": float(own) if pd.notna(own) else max(intervals, default=np.nan), "moved": moved,
    }  # fmt: skip


def _spleen(
    findings: pd.DataFrame, t0: pd.DataFrame, numbers: Mapping[str, Any]
) -> dict[Any, tuple[bool | None, bool | None]]:
    """(patient, t0) -> whether the spleen was large before, and around the rule's hour; None where nobody looked."""
    seen = findings[findings["finding"].eq("splenomegaly")].merge(t0[["patient_id", "t0"]], on="patient_id")
    told = seen.assign(large=present(seen["value"])).dropna(subset="large")
    since = (told["observed_at"] - told["t0"]).dt.total_seconds() / 3600.0
    out: dict[Any, list[bool | None]] = {}
    hour = numbers["hours"][0]
    near = since.between(hour - numbers["examined_before_hours"], hour + numbers["around_hours"])
    for place, inside in enumerate((since <= numbers["with_first_dose_hours"], near)):
        mine = told[inside].sort_values("observed_at")
        for row in mine.drop_duplicates(["patient_id", "t0"], keep="last").itertuples():
            out.setdefault((row.patient_id, row.t0), [None, None])[place] = bool(row.large)
    return {key: (pair[0], pair[1]) for key, pair in out.items()}


def _told(
    pairs: Pairs, spleen: tuple[bool | None, bool | None] | None, numbers: Mapping[str, Any], catalog: Catalog
) -> dict[str, Any]:
    signs = {
        "fever": _fever(pairs, numbers),
        "platelets": _platelets(pairs, numbers),
        "neutrophils": _neutrophils(pairs, numbers),
        "ferritin": _ferritin(pairs, numbers),
        "splenomegaly": _worse_spleen(spleen),
        "coagulopathy": _coagulopathy(pairs, numbers),
    }
    states = list(signs.values())
    verdict = MET if MET in states else UNKNOWN if UNKNOWN in states else NOT_MET
    rule = catalog.rules[RULE]
    return {
        "scope": catalog.phrases["label_rule"]["scope"], "hours": int(numbers["hours"][0]),
        "verdict": verdict, "signs": signs,
        "values": {code: _shown(pair) for code, pair in pairs.items()}, "version": rule.version,
        "source": list(rule.sources["hours"].cite),
    }  # fmt: skip


def _shown(pair: tuple[Value | None, Value | None]) -> list[dict[str, Any] | None]:
    return [
        None
        if one is None
        else {"value": rounded(one["value"], 3), "comparator": one["comparator"], "at": iso(one["at"])}
        for one in pair
    ]


def _numbers(pairs: Pairs, code: str) -> tuple[float, float]:
    """Both values where each can be read as a number of its own; NaN where it is missing, a bound or a product's."""
    return tuple(
        np.nan if one is None or one["comparator"] or one["moved"] in ("up", "any") else one["value"]
        for one in pairs.get(code, (None, None))
    )  # type: ignore[return-value]


def _say(known: bool, met: bool) -> str:
    return UNKNOWN if not known else MET if met else NOT_MET


def _fever(pairs: Pairs, numbers: Mapping[str, Any]) -> str:
    now = _numbers(pairs, "temperature")[1]
    return _say(bool(np.isfinite(now)), now > numbers["fever_celsius"])


def _platelets(pairs: Pairs, numbers: Mapping[str, Any]) -> str:
    base, now = _numbers(pairs, "platelets")
    low, high = numbers["platelets_steps"]
    if base < low:
        met = now <= low
    elif base <= high:
        met = now < base * (1.0 + numbers["platelets_least_rise_percent"] / 100.0)
    else:
        met = now < high
    return _say(bool(np.isfinite(base) and np.isfinite(now)), met)


def _neutrophils(pairs: Pairs, numbers: Mapping[str, Any]) -> str:
    """Each step is what the count must stay above, or reach from below the lowest."""
    base, now = _numbers(pairs, "neutrophils")
    low, middle, high = numbers["neutrophils_steps"]
    if base < low:
        met = now <= low
    elif base <= middle:
        met = now < low
    else:
        met = base <= high and now < middle
    return _say(bool(np.isfinite(base) and np.isfinite(now)), met)


def _ferritin(pairs: Pairs, numbers: Mapping[str, Any]) -> str:
    """A bound is read where it is certain: ">40000" after 12,000 has not fallen."""
    base, now = pairs.get("ferritin", (None, None))
    if base is None or now is None or base["moved"] == "any" or now["moved"] in ("down", "any"):
        return UNKNOWN
    level = numbers["ferritin_level"]
    if base["comparator"].startswith(">") or now["comparator"].startswith("<"):
        return UNKNOWN
    fell = now["value"] <= base["value"] * (1.0 - numbers["ferritin_least_fall_percent"] / 100.0)
    met = not fell if base["value"] >= level else now["value"] > level
    certain = not now["comparator"] or met
    return _say(certain and not base["comparator"], met)


def _worse_spleen(spleen: tuple[bool | None, bool | None] | None) -> str:
    """Only its coming is told: how far it reaches is seldom written down twice by one hand."""
    before, now = spleen or (None, None)
    if now is False:
        return NOT_MET
    return MET if before is False and now else UNKNOWN


def _coagulopathy(pairs: Pairs, numbers: Mapping[str, Any]) -> str:
    """Both: D-dimer abnormal and no better, and fibrinogen low and no better, or falling below the limit."""
    fibrinogen_before, fibrinogen = _numbers(pairs, "fibrinogen")
    limit = numbers["fibrinogen_limit"]
    if np.isfinite(fibrinogen) and fibrinogen > limit:
        return NOT_MET
    code = next((code for code in D_DIMER if code in pairs), "")
    base, now = _numbers(pairs, code) if code else (np.nan, np.nan)
    last = pairs[code][1] if code else None
    high = last["high"] if last else np.nan
    if np.isfinite(now) and (now <= high or now < base):
        return NOT_MET
    known = np.isfinite([fibrinogen_before, fibrinogen, base, now, high]).all()
    return _say(bool(known), fibrinogen <= limit and (fibrinogen_before > limit or fibrinogen <= fibrinogen_before))
