"""
Of whom the last days alone do not tell what all of history would: they are judged again, by all of it.

Each function gives patients, rather too many than too few. Together they cover every way in which a flag can change
since the last judgement: by what was told late or corrected, by treatment, and, for flags that rest on more than one
series, by any value that may raise or end them. Flags of one series need none of this: see earlier_said.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import administrations, bodies
from monitoring.analysis.assessment import Assessment
from monitoring.analysis.comparability import TRAITS, named_by
from monitoring.analysis.course import Course
from monitoring.analysis.earlier import first_of
from monitoring.analysis.hook import hooked
from monitoring.analysis.lineages import may_recover
from monitoring.analysis.lines import RANK, lines
from monitoring.analysis.lookback import OTHERS, Lookback
from monitoring.analysis.own_part import strengths
from monitoring.analysis.relapse import relapses
from monitoring.analysis.spans import spans, unions
from monitoring.analysis.steroids import starts
from monitoring.analysis.suspicions import of_kind
from monitoring.terms import Catalog
from storage.versions import current

HOLDING = ["raised", "worsened"]
COURSE = ["patient_id", "t0", "known_at", "course_no"]
Patients = set[str]


@dataclass(frozen=True)
class Seen:
    """What there is to go by: the last days as `told` and judged, all that was `said` last, the values corrected."""

    told: Course
    assessment: Assessment
    said: pd.DataFrame
    corrected: pd.DataFrame
    span: Lookback
    catalog: Catalog


def in_doubt(seen: Seen) -> Patients:
    parts = (told_late, moved, treated_anew, discharged_since, evidence_corrected, raised_by_more, may_end, may_hook,
             may_relapse, may_break, awaited_anew)  # fmt: skip
    return set().union(*(part(seen) for part in parts))


def told_late(seen: Seen) -> Patients:
    """A dose or finding from before the trusted days that is new, a dose corrected, anything new about the person."""
    told, span = seen.told, seen.span
    new = told.patients.loc[told.patients["received_at"] > span.heard, "patient_id"]
    doses = told.doses
    found = set(new) | set(doses.loc[(doses["version"] > 1) & (doses["received_at"] > span.heard), "patient_id"])
    for frame, time in ((told.doses, "started_at"), (told.findings, "observed_at")):
        late = (frame["received_at"] > span.heard) & (frame[time] < span.trusted)
        found |= set(frame.loc[late, "patient_id"])
    return found


def moved(seen: Seen) -> Patients:
    """A value whose time was corrected from before the trusted days to within them."""
    return _moved_facts(seen.told.observations, "collected_at", seen.span)


def _moved_facts(frame: pd.DataFrame, time: str, span: Lookback) -> Patients:
    new = frame.loc[(frame["version"] > 1) & (frame["received_at"] > span.heard), ["patient_id", "ref"]]
    if new.empty:
        return set()
    every = frame[frame["ref"].isin(new["ref"])].merge(new.drop_duplicates(), on=["patient_id", "ref"])
    first = every.groupby(["patient_id", "ref"]).agg(version=("version", "min"), at=(time, "min"))
    early = first[(first["version"] > 1) | (first["at"] < span.trusted)]
    return set(early.index.get_level_values("patient_id"))


def treated_anew(seen: Seen) -> Patients:
    """A steroid start with a window that was still open, or treatment that looks otherwise than it did then."""
    now, catalog, heard = seen.assessment, seen.catalog, seen.span.heard
    told = {name: frame[frame["received_at"] <= heard] for name, frame in vars(seen.told).items() if name != "patients"}
    body = bodies(seen.told.patients, current(told["observations"]))
    doses = current(told["doses"])
    given = administrations(doses, body, catalog, as_of=heard)
    t0 = starts(given, catalog)
    line = lines(seen.told.patients, spans(doses, t0, catalog, as_of=heard), given, catalog, as_of=heard)
    numbers = catalog.rules["steroid_response"].parameters
    closed = pd.Timedelta(hours=max(numbers["windows"]) + numbers["window_after_hours"])
    young = now.starts.loc[now.starts["t0"] + closed >= heard, "patient_id"]
    other = _differing(t0[COURSE], now.starts[COURSE]) | _other_line(line, now.lines)
    return set(young) | other | _line_began_or_ended(seen) | _other_body(seen, body)


def _differing(was: pd.DataFrame, now: pd.DataFrame) -> Patients:
    both = was.merge(now, on=COURSE, how="outer", indicator="found")
    return set(both.loc[both["found"] != "both", "patient_id"])


def _other_line(was: pd.DataFrame, now: pd.DataFrame) -> Patients:
    both = now[["patient_id", "line", "since"]].merge(was[["patient_id", "line", "since"]], on="patient_id", how="left")
    same = both["line_x"].eq(both["line_y"]) & (
        both["since_x"].eq(both["since_y"]) | (both["since_x"].isna() & both["since_y"].isna())
    )
    return set(both.loc[~same, "patient_id"])


def _line_began_or_ended(seen: Seen) -> Patients:
    """Also one that began and ended again since: a judgement in between may have seen it."""
    bars, heard = seen.assessment.spans, seen.span.heard
    bars = bars[bars["line"] != "none"]
    held = unions(bars.assign(rank=bars["line"].map(RANK).astype(float)), ["patient_id", "rank"])
    ended = (held["on_until"] > heard) & (held["on_until"] <= seen.assessment.as_of)
    return set(held.loc[(held["started_at"] > heard) | ended, "patient_id"])


def _other_body(seen: Seen, was: pd.DataFrame) -> Patients:
    """What a product of known strength added is worked out anew with another weight, for older values too."""
    doses = seen.assessment.course.doses
    given = set(doses.loc[doses["given"].isin(strengths(seen.catalog)["given"]), "patient_id"])
    weight = seen.assessment.bodies["weight_kg"]
    other = ~(weight.eq(was["weight_kg"]) | (weight.isna() & was["weight_kg"].isna()))
    return given & set(weight.index[other])


def discharged_since(seen: Seen) -> Patients:
    left = seen.told.patients
    return set(left.loc[left["discharged_at"] > seen.span.heard, "patient_id"])


def evidence_corrected(seen: Seen) -> Patients:
    """A flag that holds and rests on a value that has been corrected or withdrawn since."""
    holds = seen.said[seen.said["change"].isin(HOLDING) & seen.said["patient_id"].isin(seen.corrected["patient_id"])]
    newest = {(row.patient_id, row.ref): row.version for row in seen.corrected.itertuples()}
    used = zip(holds["patient_id"], holds["evidence"].map(json.loads), strict=True)
    return {
        patient
        for patient, entries in used
        if any(newest.get((patient, entry["ref"]), 0) > entry["version"] for entry in entries if "ref" in entry)
    }


def raised_by_more(seen: Seen) -> Patients:
    """The last days show a flag that rests on more than one series and is not the one already written down."""
    kind = {code: rule.kind for code, rule in seen.catalog.rules.items()}
    flags = seen.assessment.flags
    mine = flags[flags["flag"].map(kind).isin(OTHERS)]
    both = mine.merge(seen.said[["patient_id", "flag", "change", "changed_at"]], on=["patient_id", "flag"], how="left")
    doubted = both["flag"].map(kind).isin(["draw", "hook"])
    holds = both["change"].isin(HOLDING)
    new = (both["state"].eq("active") & ~holds) | ~(both["changed_at"] >= both["raised_at"])
    return set(both.loc[doubted | (new & ~holds), "patient_id"])


def may_end(seen: Seen) -> Patients:
    """Flags that hold and that later values may end in ways the last days alone do not show."""
    kind = seen.said["flag"].map({code: rule.kind for code, rule in seen.catalog.rules.items()})
    holds = seen.said["change"].isin(HOLDING)
    others = kind.eq("draw") | (holds & kind.isin(["relapse", "hook", "comparability"]))
    found = set(seen.said.loc[others, "patient_id"])
    for rule in of_kind(seen.catalog, "lineages"):
        on = set(seen.said.loc[holds & seen.said["flag"].eq(rule.code), "patient_id"])
        found |= on & may_recover(seen.assessment.points, seen.told.patients, rule, seen.span.trusted)
    return found


def may_hook(seen: Seen) -> Patients:
    """A fall that would be suspected if the patient had ever had a value beyond the rule's peak."""
    points, found = seen.assessment.points.assign(suspect=False), set()
    for rule in of_kind(seen.catalog, "hook"):
        wide = replace(rule, parameters={**rule.parameters, "peak": 0.0})
        looks = hooked(points, wide, seen.catalog)
        found |= set(points["patient_id"].iloc[looks.at[looks.signal == 1]])
    return found


def may_relapse(seen: Seen) -> Patients:
    """Markers that turned back together, taking every start for one that was answered."""
    now = seen.assessment
    newest = now.starts.sort_values("t0").drop_duplicates("patient_id", keep="last")
    answered = now.verdicts.merge(newest[["patient_id", "t0"]], on=["patient_id", "t0"])
    answered = answered.drop_duplicates("patient_id").assign(verdict="responding", seen_at=seen.span.since)
    found: Patients = set()
    for told in relapses(now.points, answered, now.lines, seen.catalog):
        last = now.points["collected_at"].iloc[[max(places) for places in told["places"]]]
        found |= set(told["patient_id"][(last >= seen.span.trusted).to_numpy()])
    return found


def may_break(seen: Seen) -> Patients:
    """A method, specimen or laboratory that is named for the first time in the days read: older values may differ."""
    points, found = seen.assessment.points, set()
    series = points["series"].to_numpy()
    first = first_of(series)
    new = (points["received_at"] > seen.span.heard).to_numpy() if len(points) else np.zeros(0, dtype=bool)
    for trait in TRAITS:
        named = named_by(points, trait, seen.catalog).ne("").to_numpy(dtype=bool)
        count = np.cumsum(named)
        before = count - named - (count - named)[first] if len(count) else count
        opens = named & (before == 0) & (new | (np.arange(len(named)) > first))
        found |= set(points["patient_id"][opens])
    return found


def awaited_anew(seen: Seen) -> Patients:
    """Newly overdue, of which one analyte was not measured in the days read."""
    holds = seen.said[seen.said["change"].isin(HOLDING) & seen.said["flag"].eq("labs_overdue")]
    awaited = seen.assessment.awaited
    never = awaited[awaited["overdue"] & awaited["last_at"].isna()]
    return set(never["patient_id"]) - set(holds["patient_id"])
