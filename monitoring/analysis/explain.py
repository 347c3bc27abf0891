"""Why a flag holds: a sentence, the values it rests on, and the sums that lead from them to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.evidence import Row, grouped
from monitoring.analysis.evidence import calculation as _sum
from monitoring.analysis.evidence import confounders as _confounders
from monitoring.analysis.explain_response import RESPONSE, ResponseGrounds, response_grounds
from monitoring.analysis.explain_safety import SAFETY, diluted
from monitoring.analysis.explain_trend import reasons, trend, values, words
from monitoring.analysis.newest import Newest, dated, hours_later, later_sum, newest_hours
from monitoring.analysis.written import rows as plain_rows
from monitoring.terms import Catalog, Rule

POINT = [
    "analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "ref", "version", "hour",
    "log", "sigma", "exact", "usable", "segment", "line_log", "line_sigma", "counts", "added",
    "confounded_by", "confounded_why", "method", "specimen", "source",
]  # fmt: skip
AWAITED = ["patient_id", "analyte", "since", "last_at", "due_at", "late_at"]


@dataclass(frozen=True)
class Grounds:
    """What the flags in question rest on, taken from the assessment once and turned into plain rows."""

    points: Mapping[int, Row]
    response: ResponseGrounds
    awaited: Mapping[str, list[Row]]
    as_of: pd.Timestamp
    catalog: Catalog
    beliefs: Mapping[tuple[str, int], list[Row]]
    newest: Newest
    diluted: frozenset[tuple[int, ...]]


def explained(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    """`flags` (rows of Assessment.flags) with sentence, evidence (list of dict) and confounders (list of dict)."""
    grounds = _grounds(flags, assessment.near, catalog)
    rules = [catalog.rules[code] for code in flags["flag"]]
    pairs = zip(flags.itertuples(), rules, strict=True)
    told = [EXPLAINERS[rule.kind](row, rule, grounds) for row, rule in pairs]
    columns = {name: [t[name] for t in told] for name in ("sentence", "evidence", "confounders")}
    return flags.assign(
        **{name: pd.Series(values, index=flags.index, dtype=object) for name, values in columns.items()}
    )


def _grounds(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> Grounds:
    spans = zip(flags["first"], flags["now"], strict=True)
    lines = {place for first, now in spans if now >= 0 for place in range(first, now + 1)}
    places = sorted(lines | {place for several in flags["places"] for place in several if place >= 0})
    points = assessment.points[POINT].iloc[places]
    late = assessment.awaited[
        assessment.awaited["overdue"] & assessment.awaited["patient_id"].isin(flags["patient_id"])
    ]
    rows = dict(zip(places, plain_rows(points), strict=True))
    return Grounds(
        points=rows,
        response=response_grounds(flags, assessment, catalog),
        awaited=grouped(plain_rows(late.sort_values("late_at", kind="stable")[AWAITED]), lambda a: a["patient_id"]),
        as_of=pd.Timestamp(assessment.as_of),
        catalog=catalog,
        beliefs=reasons(flags, assessment.points, catalog),
        newest=newest_hours(flags, assessment.points),
        diluted=diluted(flags, rows, catalog),
    )


def _level(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    point = grounds.points[flag.now]
    limit = rule.parameters["above"] if "above" in rule.parameters else rule.parameters["below"]
    told, later = words(point, 0.0, 0.0, grounds.catalog), hours_later(flag.patient_id, point, grounds.newest)
    return {
        "sentence": dated(rule.sentences["holds"].format(**told), later),
        "evidence": [
            *values([point], point["hour"]), _sum("limit", limit, point["unit"], "threshold of the rule"),
            *later_sum(later, told["label"]),
        ],
        "confounders": _confounders([point]),
    }  # fmt: skip


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
    counted = pd.Timestamp(longest["due_at"]) - pd.Timedelta(hours=analyte.due_hours or 0.0)
    never = "never" if pd.Timestamp(longest["since"]) >= counted else "long"
    name = "several" if len(late) > 1 else "holds" if longest["last_at"] else never
    evidence = [
        {"role": "clock", "name": "newest draw", "value": a["last_at"]}
        | {n: a[n] for n in ("analyte", "due_at", "late_at")}
        for a in late
    ]
    return {"sentence": rule.sentences[name].format(**words), "evidence": evidence, "confounders": []}


EXPLAINERS: dict[str, Callable[[Any, Rule, Grounds], Row]] = {
    "trend": trend,
    "level": _level,
    "overdue": _overdue,
    **SAFETY,
    **RESPONSE,
}
