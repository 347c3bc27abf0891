"""Responses as they are shown: windows with markers, what speaks for and against, what is missing, options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitoring.analysis.label_rule import label_rules
from monitoring.analysis.markers import sides
from monitoring.analysis.options import cautions, early_biologics, options
from monitoring.analysis.seen import THERE, present
from monitoring.analysis.temperatures import ANALYTE as TEMPERATURE
from monitoring.analysis.written import iso, rounded, rows
from monitoring.terms import Catalog

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment

COLUMNS = ["patient_id", "t0", "drug", "label", "course_no", "steroid_hours", "windows", "label_rule"]
SIDE = ["value", "comparator", "collected_at", "confounded_why", "ref", "version"]
MARKER = ["patient_id", "t0", "hours", "analyte", "state", "reason", "change_percent", "sigma", "n", "share",
          "share_error", "log_odds", *(f"{side}_{name}" for side in ("base", "now") for name in SIDE)]  # fmt: skip
RULE = "steroid_response"


@dataclass(frozen=True)
class Beside:
    """What stands beside the windows of a patient's response: its options and cautions."""

    options: list[dict[str, Any]]
    cautions: list[dict[str, Any]]


def responses(assessment: Assessment) -> pd.DataFrame:
    """One row a high-dose start, a patient's newest first; `windows` as the public `response` shape, and more."""
    verdicts, catalog = assessment.verdicts, assessment.catalog
    if verdicts.empty:
        return pd.DataFrame(columns=COLUMNS)
    stand, beside = _stands(assessment), _beside(assessment)
    label = label_rules(assessment.points, assessment.starts, assessment.course.findings, catalog)
    names, table = _names(assessment), []
    starts: dict[Any, list[Any]] = {}
    for row in verdicts.itertuples():
        starts.setdefault((row.patient_id, row.t0), []).append(row)
    for (patient, t0), told in starts.items():
        windows = [_window(row, stand[(patient, t0, row.hours)], beside[patient], catalog) for row in told]
        since, first = (pd.Timestamp(assessment.as_of) - t0) / pd.Timedelta(hours=1), told[0]
        shown = label[(patient, t0)] if since >= label[(patient, t0)]["hours"] else None
        table.append((patient, t0, first.drug, names[(patient, t0)], int(first.course_no), since, windows, shown))
    newest = pd.DataFrame(table, columns=COLUMNS)
    return newest.sort_values(["patient_id", "t0"], ascending=[True, False], ignore_index=True)


def _names(assessment: Assessment) -> dict[tuple[str, pd.Timestamp], str]:
    """What each start was; of one whose dose nobody recorded it is said."""
    begun = assessment.starts
    label = begun["drug"].map({code: drug.label for code, drug in assessment.catalog.drugs.items()})
    told = label.where(begun["amount"].notna(), label + ", dose not recorded")
    return dict(zip(zip(begun["patient_id"], begun["t0"], strict=True), told, strict=True))


def _beside(assessment: Assessment) -> dict[str, Beside]:
    catalog, course = assessment.catalog, assessment.course
    line = {row["patient_id"]: row for row in rows(assessment.lines[["patient_id", "line", "drugs"]])}
    body = {row["patient_id"]: row for row in rows(assessment.bodies.rename_axis("patient_id").reset_index())}
    seen = course.findings[present(course.findings["value"]).eq(THERE)]
    found = seen.groupby("patient_id")["finding"].agg(list).to_dict()
    early = early_biologics(assessment.spans, assessment.starts, catalog)
    context = dict(zip(course.patients["patient_id"], course.patients["context"], strict=True))
    return {
        patient: Beside(
            options=options(line.get(patient, {}), body.get(patient, {}), catalog),
            cautions=cautions(context.get(patient, ""), found.get(patient, []), early.get(patient, []), catalog),
        )
        for patient in assessment.verdicts["patient_id"].unique()
    }


def _stands(assessment: Assessment) -> dict[Any, dict[str, dict[str, Any]]]:
    """(patient, t0, hours) -> analyte -> where it stands."""
    told = assessment.markers.join(sides(assessment.markers, assessment.marker_points, SIDE))
    stands: dict[Any, dict[str, dict[str, Any]]] = {}
    for m in rows(told[MARKER]):
        stands.setdefault((m["patient_id"], m["t0"], m["hours"]), {})[m["analyte"]] = _marker(m, assessment.catalog)
    return stands


def _window(row: Any, stands: dict[str, dict[str, Any]], beside: Beside, catalog: Catalog) -> dict[str, Any]:
    said = row.verdict not in ("too_early", "insufficient_data")
    wanted = row.verdict in ("not_responding", "mixed") or (
        row.verdict == "indeterminate" and (row.hours >= _numbers(catalog)["decision_hours"] or row.worsening)
    )
    missing = [name for name, stand in stands.items() if stand["state"] == "missing"]
    return {
        "hours": int(row.hours),
        "verdict": row.verdict,
        "assessed_at": iso(row.assessed_at),
        "due_at": iso(row.due_at),
        "worsening": bool(row.worsening),
        "slow": bool(row.slow),
        **_probability(row, catalog, said=said),
        "markers": stands,
        "for": _speaking(stands, catalog, 1.0) if said else [],
        "against": _speaking(stands, catalog, -1.0) if said else [],
        "missing": missing,
        "awaited": [{"analyte": name, "due_at": iso(row.due_at), "closes_at": iso(row.closes_at)} for name in missing],
        "options": beside.options if wanted else [],
        "cautions": beside.cautions if wanted else [],
    }


def _numbers(catalog: Catalog) -> Mapping[str, Any]:
    return catalog.rules[RULE].parameters


def _probability(row: Any, catalog: Catalog, *, said: bool) -> dict[str, Any]:
    """`probability_low` and `probability_high`: the range when any one marker is left out."""
    names = ("probability", "probability_low", "probability_high")
    told = {name: rounded(getattr(row, name), 3) if said else None for name in names}
    words = catalog.phrases["probability"]
    numbers = _numbers(catalog)
    word = (
        "likely"
        if row.probability >= numbers["likely"]
        else "unlikely"
        if row.probability < numbers["unlikely"]
        else "open"
    )
    sure = numbers["unlikely"] <= row.probability_low or row.probability_high < numbers["unlikely"]
    text = words[word] if sure else words["one_marker"].format(words=words[word])
    return told | {"probability_words": text if said else "", "log_odds": rounded(row.log_odds, 3) if said else None}


def _speaking(stands: Mapping[str, Mapping[str, Any]], catalog: Catalog, way: float) -> list[str]:
    """
    The markers that speak for (way 1) or against a response by more than a little, the loudest first. One that stands
    worse than before is not named as speaking for it, however slower it worsens than expected; nor the other way.
    """
    little, other = _numbers(catalog)["little_log_odds"], "worse" if way > 0 else "improved"
    told = {name: way * (stand["log_odds"] or 0.0) for name, stand in stands.items() if stand["state"] != other}
    return sorted((name for name, odds in told.items() if odds >= little), key=lambda name: -told[name])


def _marker(m: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    sides = ((m["base_ref"], m["base_version"]), (m["now_ref"], m["now_version"]))
    return {
        "state": m["state"],
        "baseline": m["base_value"],
        "baseline_comparator": m["base_comparator"] or "",
        "baseline_at": m["base_collected_at"],
        "value": m["now_value"],
        "comparator": m["now_comparator"] or "",
        "value_at": m["now_collected_at"],
        "unit": catalog.analytes[m["analyte"]].unit,
        "change_percent": rounded(m["change_percent"], 1),
        "noise_percent": _noise(m, catalog),
        "values_used": None if m["n"] is None else int(m["n"]),
        "share": rounded(m["share"], 3),
        "share_error": rounded(m["share_error"], 3),
        "log_odds": rounded(m["log_odds"], 3),
        "says": _says(m["log_odds"], catalog) if m["state"] != "missing" else "",
        "reason": m["reason"],
        "confounded": m["now_confounded_why"] or m["base_confounded_why"] or "",
        "refs": [[int(ref), int(version)] for ref, version in sides if ref is not None],
    }


def _noise(m: dict[str, Any], catalog: Catalog) -> float | None:
    """The change in percent, the way it went, up to which a marker that stands unchanged is within its test's noise."""
    if m["state"] != "unchanged" or m["analyte"] == TEMPERATURE or not m["sigma"]:
        return None
    limit = _numbers(catalog)["z"] * math.sqrt(2.0) * m["sigma"]
    return rounded(100.0 * math.expm1(math.copysign(limit, m["change_percent"])), 1)


def _says(odds: float | None, catalog: Catalog) -> str:
    """What a marker says in words."""
    words, numbers = catalog.phrases["probability"], _numbers(catalog)
    size = abs(odds or 0.0)
    if size < numbers["little_log_odds"]:
        return words["says_little"]
    strength = "strongly_" if size >= numbers["loud_log_odds"] else ""
    return words[f"{strength}{'for' if (odds or 0.0) > 0 else 'against'}"]
