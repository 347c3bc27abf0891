"""Why a flag holds: a sentence, the values it rests on, and the sums that lead from them to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.written import iso, rounded
from monitoring.analysis.written import rows as plain_rows
from monitoring.terms import Catalog, Rule

Row = dict[str, Any]
POINT = [
    "analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "ref", "version", "hour",
    "log", "sigma", "exact", "usable", "segment", "confounded_by", "confounded_why",
]  # fmt: skip
SHOWN = ["analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "ref", "version"]
SIDE = ["value", "comparator", "value_text", "unit_text", "collected_at", "ref", "version"]
MARKER = [
    "patient_id",
    "t0",
    "hours",
    "analyte",
    "state",
    "reason",
    *(f"{side}_{name}" for side in ("base", "now") for name in SIDE),
]
AWAITED = ["patient_id", "analyte", "last_at", "due_at", "late_at"]


@dataclass(frozen=True)
class Grounds:
    """What the flags in question rest on, taken from the assessment once and turned into plain rows."""

    points: Mapping[int, Row]
    markers: Mapping[tuple[str, pd.Timestamp, int], list[Row]]
    awaited: Mapping[str, list[Row]]
    as_of: pd.Timestamp
    catalog: Catalog


def explained(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    """`flags` (rows of Assessment.flags) with sentence, evidence (list of dict) and confounders (list of dict)."""
    grounds = _grounds(flags, assessment, catalog)
    rules = [catalog.rules[code] for code in flags["flag"]]
    pairs = zip(flags.itertuples(), rules, strict=True)
    told = [EXPLAINERS[rule.kind](row, rule, grounds) for row, rule in pairs]
    columns = {name: [t[name] for t in told] for name in ("sentence", "evidence", "confounders")}
    return flags.assign(
        **{name: pd.Series(values, index=flags.index, dtype=object) for name, values in columns.items()}
    )


def _grounds(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> Grounds:
    spans = zip(flags["first"], flags["now"], strict=True)
    places = sorted({place for first, now in spans if now >= 0 for place in range(first, now + 1)})
    points = assessment.points.iloc[places][POINT]
    wanted = flags.loc[flags["hours"] > 0, ["patient_id", "t0", "hours"]].drop_duplicates()
    markers = (
        assessment.markers.merge(wanted, on=["patient_id", "t0", "hours"]) if len(wanted) else assessment.markers[:0]
    )
    late = assessment.awaited[
        assessment.awaited["overdue"] & assessment.awaited["patient_id"].isin(flags["patient_id"])
    ]
    return Grounds(
        points=dict(zip(places, plain_rows(points), strict=True)),
        markers=_grouped(plain_rows(markers[MARKER]), lambda m: (m["patient_id"], m["t0"], m["hours"])),
        awaited=_grouped(plain_rows(late.sort_values("late_at")[AWAITED]), lambda a: a["patient_id"]),
        as_of=pd.Timestamp(assessment.as_of),
        catalog=catalog,
    )


def _grouped(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _trend(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    between = [grounds.points[place] for place in range(flag.first, flag.now + 1)]
    newest, turn = between[-1], grounds.points[flag.turn]["hour"]
    used = [p for p in between[:-1] if p["exact"] and p["usable"] and p["segment"] == newest["segment"]] + [newest]
    slope, spread = _line([max(0.0, p["hour"] - turn) for p in used], [p["log"] for p in used])
    span = newest["hour"] - turn
    by_time = math.log(2) / abs(slope) <= grounds.catalog.settings["trend_most_doubling_hours"]
    name = "bounded" if newest["comparator"] else "holds" if by_time else "slow"
    return {
        "sentence": rule.sentences[name].format(**_words(newest, slope, span, grounds.catalog)),
        "evidence": _values(used, turn) + _trend_sums(slope, spread, span, newest["sigma"]),
        "confounders": _confounders(between),
    }


def _line(hours: list[float], logs: list[float]) -> tuple[float, float]:
    """Slope of the least-squares line per hour, and the sum of squared hours about their mean."""
    t, y = np.array(hours), np.array(logs)
    away = t - t.mean()
    spread = float((away**2).sum())
    return float((away * y).sum()) / spread, spread


def _trend_sums(slope: float, spread: float, span: float, sigma: float) -> list[Row]:
    line = "least squares of the logs on the hours since the turn (0 for the level before it)"
    return [
        _sum("hours since the turn", span, "h", "newest value less the last value of role level, or the first value"),
        _sum("change since the turn", 100 * math.expm1(slope * span), "%", line),
        _sum("change per 24 h", 100 * math.expm1(slope * 24), "%", "the same line over 24 h"),
        _sum("doubling time" if slope > 0 else "halving time", math.log(2) / abs(slope), "h", "ln 2 / slope"),
        _sum("noise of one value", sigma, "log", "sqrt(ln(1+CVA²) + ln(1+CVI²)), Fokkema 2006"),
        _sum("z", slope * math.sqrt(spread) / sigma, "", "slope × sqrt(squared hours about their mean) / noise"),
    ]


def _level(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    point = grounds.points[flag.now]
    limit = rule.parameters["above"] if "above" in rule.parameters else rule.parameters["below"]
    return {
        "sentence": rule.sentences["holds"].format(**_words(point, 0.0, 0.0, grounds.catalog)),
        "evidence": [*_values([point], point["hour"]), _sum("limit", limit, point["unit"], "threshold of the rule")],
        "confounders": _confounders([point]),
    }


def _words(point: Row, slope: float, span: float, catalog: Catalog) -> dict[str, str]:
    analyte = catalog.analytes[point["analyte"]]
    time = math.log(2) / abs(slope) if slope else 0.0
    return {
        "label": analyte.label,
        "value": f"{point['comparator']}{point['value']:,.{analyte.decimals}f}",
        "unit": analyte.unit,
        "doubling": f"{time:.0f}",
        "halving": f"{time:.0f}",
        "change": f"{abs(100 * math.expm1(slope * span)):.0f}",
        "rate": f"{abs(100 * math.expm1(slope * 24)):.0f}",
        "hours": f"{span:.0f}",
    }


def _values(points: list[Row], turn: float) -> list[Row]:
    """Role "level" up to the turn where there is more than one value, "window" after it, "newest" the last."""
    newest, quiet = points[-1], sum(p["hour"] <= turn for p in points) > 1
    roles = ["newest" if p is newest else "level" if quiet and p["hour"] <= turn else "window" for p in points]
    return [{"role": role} | {name: p[name] for name in SHOWN} for role, p in zip(roles, points, strict=True)]


def _sum(name: str, value: float, unit: str, how: str) -> Row:
    return {"role": "calculation", "name": name, "value": rounded(value, 4), "unit": unit, "how": how}


def _confounders(points: list[Row]) -> list[Row]:
    """Each product that touched the window, once."""
    moved = {p["confounded_by"]: p for p in reversed(points) if p["confounded_by"]}
    return [
        {"product": code, "why": p["confounded_why"], "left_out": not p["usable"], "at": p["collected_at"]}
        for code, p in moved.items()
    ]


def _response(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    mine = grounds.markers[(flag.patient_id, flag.t0, flag.hours)]
    read = [m for m in mine if m["state"] in ("improved", "unchanged", "worse")]
    counts = {state: sum(m["state"] == state for m in mine) for state in ("improved", "unchanged", "worse")}
    clock = {"role": "clock", "name": "first high-dose administration", "value": iso(flag.t0)}
    values = [_of_marker(m, side, grounds.catalog) for m in read for side in ("base", "now")]
    sums = [_sum(f"markers {state}", n, "", f"of {len(mine)} markers of the rule") for state, n in counts.items()]
    words = {name: str(value) for name, value in counts.items()} | {"hours": str(int(flag.hours))}
    fooled = [m for m in mine if m["state"] == "not_interpretable"]
    return {
        "sentence": rule.sentences["holds"].format(**words),
        "evidence": [clock, *values, *sums],
        "confounders": [
            {"product": m["analyte"], "why": m["reason"], "left_out": True, "at": m["now_collected_at"]} for m in fooled
        ],
    }


def _of_marker(m: Row, side: str, catalog: Catalog) -> Row:
    told = {name: m[f"{side}_{name}"] for name in SIDE}
    told |= {"ref": int(told["ref"]), "version": int(told["version"])}
    role = "baseline" if side == "base" else "window"
    return {
        "role": role,
        "analyte": m["analyte"],
        "state": m["state"],
        "unit": catalog.analytes[m["analyte"]].unit,
    } | told


def _overdue(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    late = grounds.awaited[flag.patient_id]
    longest = late[0]
    analyte = grounds.catalog.analytes[longest["analyte"]]
    since_due = (grounds.as_of - pd.Timestamp(longest["due_at"])) / pd.Timedelta(hours=1)
    words = {
        "label": analyte.label,
        "hours": f"{since_due + (analyte.due_hours or 0.0):.0f}",
        "more": str(len(late) - 1),
    }
    name = "several" if len(late) > 1 else "holds" if longest["last_at"] else "never"
    evidence = [
        {"role": "clock", "name": "newest draw", "value": a["last_at"]}
        | {n: a[n] for n in ("analyte", "due_at", "late_at")}
        for a in late
    ]
    return {"sentence": rule.sentences[name].format(**words), "evidence": evidence, "confounders": []}


EXPLAINERS: dict[str, Callable[[Any, Rule, Grounds], Row]] = {
    "trend": _trend,
    "level": _level,
    "response_window": _response,
    "overdue": _overdue,
}
