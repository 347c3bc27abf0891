"""Why the flags about a steroid start hold: every value, what each marker says, and the sums that lead to the odds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, texts
from monitoring.analysis.evidence import Row, calculation, confounders, grouped, number, running, shown
from monitoring.analysis.markers import sides
from monitoring.analysis.matching import of_each
from monitoring.analysis.near import doubted, names
from monitoring.analysis.response_odds import READ, WHOLE, weight
from monitoring.analysis.taper import Step, steps
from monitoring.analysis.written import iso, rows
from monitoring.terms import Catalog, Rule

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment
    from monitoring.analysis.explain import Grounds

Key = tuple[str, pd.Timestamp, int]
SIDE = ["value", "comparator", "value_text", "unit_text", "collected_at", "ref", "version"]
MARKER = ["patient_id", "t0", "t0_hour", "hours", "analyte", "state", "why", "reason", "share", "share_error", "free",
          "log_odds", "precision", "last_since",
          *(f"{side}_{name}" for side in ("base", "now") for name in SIDE)]  # fmt: skip
WINDOW = ["patient_id", "t0", "hours", "log_odds", "probability", "probability_low", "probability_high", "precision"]
BETWEEN = [
    "patient_id",
    "analyte",
    "value",
    "comparator",
    "unit",
    "value_text",
    "unit_text",
    "collected_at",
    "ref",
    "version",
    "hour",
]
RULE = "steroid_response"


@dataclass(frozen=True)
class ResponseGrounds:
    """
    Of the windows in question: where each marker stands, the odds of the window, and the values between, by
    (patient, t0, hours); of those who relapsed the steps by which their steroid was lowered, by patient.
    """

    markers: Mapping[Key, list[Row]]
    windows: Mapping[Key, list[Row]]
    between: Mapping[str, list[Row]]
    steps: Mapping[str, list[Step]]


def response_grounds(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> ResponseGrounds:
    wanted = flags.loc[flags["hours"] > 0, ["patient_id", "t0", "hours"]].drop_duplicates()
    kinds = flags["flag"].map({code: rule.kind for code, rule in catalog.rules.items()})
    relapsed = [str(patient) for patient in flags.loc[kinds.eq("relapse"), "patient_id"]]
    if wanted.empty and not relapsed:
        return ResponseGrounds({}, {}, {}, {})
    markers, windows = (_of(wanted, frame) for frame in (assessment.markers, assessment.verdicts))
    told = markers.join(sides(markers, assessment.marker_points, SIDE))
    mine = around(assessment.marker_points, wanted, catalog)
    return ResponseGrounds(
        markers=_by_window(rows(told[MARKER])),
        windows=_by_window(rows(windows[WINDOW])),
        between=grouped(rows(mine[BETWEEN]), lambda row: row["patient_id"]),
        steps=steps(assessment, relapsed, catalog),
    )


def around(points: pd.DataFrame, wanted: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """The values a share may have been fitted to."""
    numbers = catalog.rules[RULE].parameters
    if wanted.empty:
        return points[:0]
    laid, sound = Laid.of(points), points["exact"].to_numpy() & points["usable"].to_numpy() & ~doubted(points)
    theirs = laid.of_patients(texts(wanted["patient_id"])) & laid.among(names(numbers))
    mine = points.take(np.flatnonzero(theirs & sound))
    since = mine["collected_at"] - of_each(mine["patient_id"], wanted.groupby("patient_id")["t0"].min())
    early, late = numbers["baseline_before_hours"], max(numbers["windows"]) + numbers["window_after_hours"]
    return mine[since.between(pd.Timedelta(hours=-early), pd.Timedelta(hours=late))]


def _of(wanted: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.merge(wanted, on=["patient_id", "t0", "hours"]) if len(wanted) else frame[:0]


def _by_window(told: list[Row]) -> dict[Key, list[Row]]:
    return grouped(told, lambda row: (row["patient_id"], row["t0"], row["hours"]))


def response(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    mine = grounds.response.markers[(flag.patient_id, flag.t0, flag.hours)]
    read = [m for m in mine if m["state"] in READ]
    counts = {state: sum(m["state"] == state for m in mine) for state in READ}
    words = {name: str(value) for name, value in counts.items()} | {"hours": str(int(flag.hours))}
    sums = [
        calculation(f"markers {state}", n, "", f"of {len(mine)} markers of the rule") for state, n in counts.items()
    ]
    return {
        "sentence": rule.sentences["holds"].format(**words),
        "evidence": [
            {"role": "clock", "name": "first high-dose administration", "value": iso(flag.t0)},
            *(row for m in read for row in _values(m, grounds)), *sums, *_odds(flag, mine, grounds.catalog, grounds),
        ],
        "confounders": [
            {"product": m["analyte"], "why": m["reason"], "left_out": True, "at": m["now_collected_at"]}
            for m in mine if m["state"] == "not_interpretable"
        ],
    }  # fmt: skip


def _values(m: Row, grounds: Grounds) -> list[Row]:
    """The two values compared, and all others the share of the marker was fitted to."""
    compared = [_of_side(m, side, grounds.catalog) for side in ("base", "now")]
    refs = {row["ref"] for row in compared}
    numbers = grounds.catalog.rules[RULE].parameters
    others = [
        {"role": "course"} | {name: p[name] for name in BETWEEN[1:-1]}
        for p in grounds.response.between.get(m["patient_id"], [])
        if p["analyte"] == m["analyte"] and p["ref"] not in refs and m["share"] is not None
        and -numbers["baseline_before_hours"] <= p["hour"] - m["t0_hour"] <= m["last_since"]
    ]  # fmt: skip
    return [compared[0], *others, compared[1]]


def _of_side(m: Row, side: str, catalog: Catalog) -> Row:
    told = {name: m[f"{side}_{name}"] for name in SIDE}
    told |= {"ref": int(told["ref"]), "version": int(told["version"])}
    role = "baseline" if side == "base" else "window"
    return {
        "role": role,
        "analyte": m["analyte"],
        "state": m["state"],
        "unit": catalog.analytes[m["analyte"]].unit,
    } | told


def _odds(flag: Any, mine: list[Row], catalog: Catalog, grounds: Grounds) -> list[Row]:
    window = grounds.response.windows[(flag.patient_id, flag.t0, flag.hours)][0]
    numbers = catalog.rules[RULE].parameters
    spoken = [m for m in mine if m["log_odds"]]
    return [
        *(row for m in spoken for row in _of_marker(m, catalog)),
        calculation("sum of the markers", sum(m["log_odds"] for m in spoken), "log odds", "all markers together"),
        calculation("precision together", window["precision"], "", "sum of the precisions of the markers"),
        calculation("weight", weight(window["precision"], numbers), "", _how_weighed(numbers)),
        calculation("log odds of response", window["log_odds"], "", _how_joined(mine, numbers)),
        calculation("probability of response", 100 * window["probability"], "%", "1 / (1 + exp(−log odds))"),
    ]  # fmt: skip


def _how_weighed(numbers: Mapping[str, Any]) -> str:
    return f"1 / (1 + {numbers['together_spread']:g}² × precision together)"


def _how_joined(mine: list[Row], numbers: Mapping[str, Any]) -> str:
    free = max((m["free"] for m in mine), default=0.0)
    late = f" − {numbers['late_costs']:g} (the first {free:g} h left free)" if free else ""
    return f"{numbers['prior_log_odds']:g}{late} + weight × sum"


def _of_marker(m: Row, catalog: Catalog) -> list[Row]:
    label = catalog.analytes[m["analyte"]].label
    numbers = catalog.rules[RULE].parameters
    if m["share"] is None or f"{m['analyte']}_spread" not in numbers:
        return [
            calculation(f"{label} says", m["log_odds"], "log odds", "fever that goes, stays or comes; or a bound"),
            calculation(f"{label}: precision", m["precision"], "", f"size of the log odds / {WHOLE:g}"),
        ]
    spread = numbers[f"{m['analyte']}_spread"]
    how = f"least squares of the logs on the expected response, from {m['free']:g} h on; 0 none of it, 1 all of it"
    return [
        calculation(f"{label}: share of the expected response", m["share"], "", how),
        calculation(f"{label}: error of the share", m["share_error"], "", "from the noise of the test"),
        calculation(
            f"{label} says", m["log_odds"], "log odds",
            f"(share − 0.5) / ({spread:g}² + error²), at most {numbers['most_log_odds']:g} either way",
        ),
        calculation(f"{label}: precision", m["precision"], "", "log odds / (share − 0.5)"),
    ]  # fmt: skip


def relapse(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    """`places`: for each marker that turned back its turn and its newest value."""
    pairs = [(grounds.points[a], grounds.points[b]) for a, b in zip(flag.places[::2], flag.places[1::2], strict=True)]
    began = pd.Timestamp(flag.began_at)
    step = _last_step(grounds.response.steps.get(flag.patient_id, []), began, rule)
    labels = [grounds.catalog.analytes[now["analyte"]].label for _, now in pairs]
    words = {
        "markers": running_list(labels),
        "hours": f"{(began - flag.t0) / pd.Timedelta(hours=1):.0f}",
        "before": f"{step.before:,.0f}" if step else "",
        "after": f"{step.after:,.0f}" if step else "",
    }
    return {
        "sentence": rule.sentences["on_taper" if step else "holds"].format(**words),
        "evidence": [
            {"role": "clock", "name": "first high-dose administration", "value": iso(flag.t0)},
            *([_of_step(step)] if step else []),
            *(row for pair in pairs for row in _turn(pair, grounds.catalog)),
        ],
        "confounders": confounders([point for pair in pairs for point in pair]),
    }


def running_list(labels: list[str]) -> str:
    """Ferritin, CRP: the first two; a sentence is read at a glance."""
    return ", ".join([labels[0], *(running(label) for label in labels[1:2])])


def _last_step(told: list[Step], began: pd.Timestamp, rule: Rule) -> Step | None:
    early = began - pd.Timedelta(hours=rule.parameters["taper_hours"])
    return next((step for step in reversed(told) if early <= step.at <= began), None)


def _of_step(step: Step) -> Row:
    text = f"{step.before:,.0f} to {step.after:,.0f} mg prednisone-equivalent in 24 h"
    return {"role": "dose", "name": "steroid lowered", "value": iso(step.at), "how": text}


def _turn(pair: tuple[Row, Row], catalog: Catalog) -> list[Row]:
    turn, now = pair
    label, hours = catalog.analytes[now["analyte"]].label, now["hour"] - turn["hour"]
    change = 100 * math.expm1(now["log"] - turn["log"])
    how = f"{number(turn, catalog)} to {number(now, catalog)} in {hours:.0f} h"
    return [
        shown("baseline", turn),
        shown("newest", now),
        calculation(f"{label}: change since the turn", change, "%", how),
    ]


RESPONSE: dict[str, Callable[[Any, Rule, Any], Row]] = {"response_window": response, "relapse": relapse}
