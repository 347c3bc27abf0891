"""Why a flag holds: a sentence, the values it rests on, and the sums that lead from them to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.written import clean, iso, rounded
from monitoring.terms import Catalog, Rule


def explained(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    """`flags` (rows of Assessment.flags) with sentence, evidence (list of dict) and confounders (list of dict)."""
    told = [_explain(row, assessment, catalog) for row in flags.itertuples()]
    columns = {name: [t[name] for t in told] for name in ("sentence", "evidence", "confounders")}
    return flags.assign(**{name: pd.Series(values, index=flags.index, dtype=object) for name, values in columns.items()})


def _explain(flag: Any, assessment: Assessment, catalog: Catalog) -> dict[str, Any]:
    rule = catalog.rules[flag.flag]
    return EXPLAINERS[rule.kind](flag, rule, assessment, catalog)


def _trend(flag: Any, rule: Rule, assessment: Assessment, catalog: Catalog) -> dict[str, Any]:
    used = _window(assessment.points, flag)
    t, y = used["hour"].to_numpy() - used["hour"].iloc[0], used["log"].to_numpy()
    slope = float(np.polyfit(t, y, 1)[0])
    spread = float(((t - t.mean()) ** 2).sum())
    sigma = float(used["sigma"].iloc[0])
    newest = used.iloc[-1]
    words = _words(newest, slope, float(t[-1]), catalog)
    sums = [
        _sum("change over the window", 100 * np.expm1(slope * t[-1]), "%", "fitted line through the logs of the values, first to last"),
        _sum("change per 24 h", 100 * np.expm1(slope * 24), "%", "the same line over 24 h"),
        _sum("doubling time" if slope > 0 else "halving time", abs(np.log(2) / slope), "h", "ln 2 / slope"),
        _sum("noise of one value", sigma, "log", "sqrt(ln(1+CVA²) + ln(1+CVI²)), Fokkema 2006"),
        _sum("z", slope * np.sqrt(spread) / sigma, "", "slope × sqrt(sum of squared times about their mean) / noise"),
    ]
    by_time = np.log(2) / abs(slope) <= catalog.settings["trend_most_doubling_hours"]
    name = "bounded" if newest["comparator"] else "holds" if by_time else "slow"
    return {
        "sentence": rule.sentences[name].format(**words),
        "evidence": _values(used) + sums,
        "confounders": _confounders(_between(assessment.points, flag)),
    }


def _window(points: pd.DataFrame, flag: Any) -> pd.DataFrame:
    """The values the fitted line went through: exact and usable ones, and the last, which may be a bound."""
    between = _between(points, flag)
    fits = between["exact"] & between["usable"] & (between["segment"] == between["segment"].iloc[-1])
    fits.iloc[-1] = True
    return between[fits]


def _between(points: pd.DataFrame, flag: Any) -> pd.DataFrame:
    return points.iloc[flag.first : flag.now + 1]


def _level(flag: Any, rule: Rule, assessment: Assessment, catalog: Catalog) -> dict[str, Any]:
    point = assessment.points.iloc[[flag.now]]
    limit = rule.parameters["above"] if "above" in rule.parameters else rule.parameters["below"]
    words = _words(point.iloc[0], 0.0, 0.0, catalog) | {"bound": f"{limit:,g}"}
    sums = [_sum("limit", limit, point.iloc[0]["unit"], "threshold of the rule")]
    return {"sentence": rule.sentences["holds"].format(**words), "evidence": _values(point) + sums, "confounders": _confounders(point)}


def _words(point: pd.Series, slope: float, span: float, catalog: Catalog) -> dict[str, str]:
    analyte = catalog.analytes[point["analyte"]]
    time = abs(np.log(2) / slope) if slope else 0.0
    return {
        "label": analyte.label,
        "value": f"{point['comparator']}{point['value']:,.{analyte.decimals}f}",
        "unit": analyte.unit,
        "doubling": f"{time:.0f}",
        "halving": f"{time:.0f}",
        "change": f"{abs(100 * np.expm1(slope * span)):.0f}",
        "rate": f"{abs(100 * np.expm1(slope * 24)):.0f}",
        "hours": f"{span:.0f}",
    }


def _values(points: pd.DataFrame) -> list[dict[str, Any]]:
    last = len(points) - 1
    return [_value(row, "newest" if place == last else "window") for place, row in enumerate(points.itertuples())]


def _value(row: Any, role: str) -> dict[str, Any]:
    return {
        "role": role,
        "analyte": row.analyte,
        "value": clean(row.value),
        "comparator": row.comparator,
        "unit": row.unit,
        "value_text": row.value_text,
        "unit_text": row.unit_text,
        "collected_at": iso(row.collected_at),
        "ref": int(row.ref),
        "version": int(row.version),
    }


def _sum(name: str, value: float, unit: str, how: str) -> dict[str, Any]:
    return {"role": "calculation", "name": name, "value": rounded(value, 4), "unit": unit, "how": how}


def _confounders(points: pd.DataFrame) -> list[dict[str, Any]]:
    moved = points[points["confounded_by"] != ""].drop_duplicates("confounded_by")
    return [{"product": row.confounded_by, "why": row.confounded_why, "left_out": not row.usable, "at": iso(row.collected_at)} for row in moved.itertuples()]


def _response(flag: Any, rule: Rule, assessment: Assessment, catalog: Catalog) -> dict[str, Any]:
    mine = assessment.markers
    mine = mine[(mine["patient_id"] == flag.patient_id) & (mine["t0"] == flag.t0) & (mine["hours"] == flag.hours)]
    read = mine[mine["state"].isin(["improved", "unchanged", "worse"])]
    evidence = [{"role": "clock", "name": "first high-dose administration", "value": iso(flag.t0)}]
    for row in read.itertuples():
        evidence += [_of_marker(row, "base", catalog), _of_marker(row, "now", catalog)]
    counts = {state: int(mine["state"].eq(state).sum()) for state in ("improved", "unchanged", "worse")}
    evidence += [_sum(f"markers {state}", n, "", f"of {len(mine)} markers of the rule") for state, n in counts.items()]
    words = {name: str(value) for name, value in counts.items()} | {"hours": str(int(flag.hours))}
    fooled = mine[mine["state"].eq("not_interpretable")]
    confounders = [{"product": row.analyte, "why": row.reason, "left_out": True, "at": iso(row.now_collected_at)} for row in fooled.itertuples()]
    return {"sentence": rule.sentences["holds"].format(**words), "evidence": evidence, "confounders": confounders}


def _of_marker(row: Any, side: str, catalog: Catalog) -> dict[str, Any]:
    def of(name: str) -> Any:
        return getattr(row, f"{side}_{name}")

    return {
        "role": "baseline" if side == "base" else "window",
        "analyte": row.analyte,
        "state": row.state,
        "value": clean(of("value")),
        "comparator": of("comparator"),
        "unit": catalog.analytes[row.analyte].unit,
        "value_text": of("value_text"),
        "unit_text": of("unit_text"),
        "collected_at": iso(of("collected_at")),
        "ref": int(of("ref")),
        "version": int(of("version")),
    }


def _overdue(flag: Any, rule: Rule, assessment: Assessment, catalog: Catalog) -> dict[str, Any]:
    late = assessment.awaited[(assessment.awaited["patient_id"] == flag.patient_id) & assessment.awaited["overdue"]]
    late = late.sort_values("late_at")
    longest = late.iloc[0]
    ages = (pd.Timestamp(assessment.as_of) - late["last_at"]) / pd.Timedelta(hours=1)
    since = (pd.Timestamp(assessment.as_of) - late["due_at"]) / pd.Timedelta(hours=1) + catalog.analytes[longest["analyte"]].due_hours
    age = ages.iloc[0] if pd.notna(ages.iloc[0]) else since.iloc[0]
    words = {"label": catalog.analytes[longest["analyte"]].label, "hours": f"{age:.0f}", "more": str(len(late) - 1)}
    name = "several" if len(late) > 1 else "holds" if pd.notna(longest["last_at"]) else "never"
    evidence = [
        {"role": "clock", "analyte": row.analyte, "name": "newest draw", "value": iso(row.last_at), "due_at": iso(row.due_at), "late_at": iso(row.late_at)}
        for row in late.itertuples()
    ]
    return {"sentence": rule.sentences[name].format(**words), "evidence": evidence, "confounders": []}


EXPLAINERS = {"trend": _trend, "level": _level, "response_window": _response, "overdue": _overdue}
