"""
A ward of eight made by hand, at Sat 21 Nov 2026 14:12 CET: frames of exactly the shapes that the analysis gives.

Bed 7 does not answer to steroids; 12 is beyond the range of the ferritin test; 3 waits for its 24 h labs under
tocilizumab; 9 has labs overdue; 5 responds; 14 is flat; 2 has nothing yet; 11 had a ferritin corrected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import pandas as pd

from storage.frames import FINDINGS, OBSERVATIONS, PATIENTS, TIME, empty, shaped
from tests.dashboard.catalog_fixture import catalog

NOW = datetime(2026, 11, 21, 13, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
NEXT_RUN = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
LABELS = {"none": "None", "first": "First line", "second": "Second line", "refractory": "Refractory"}
FLAG_COLUMNS = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at",
                "rule_version", "sentence", "evidence", "confounders", "acknowledged", "reason"]  # fmt: skip
SPAN_COLUMNS = [
    "patient_id",
    "given",
    "kind",
    "label",
    "line",
    "started_at",
    "ended_at",
    "amount_text",
    "open",
    "on_until",
    "ref",
    "version",
]


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@dataclass
class Bed:
    """Labs as (hours ago, value or text); a text ">40000" is a bound. Phrases as analyte -> (direction, words)."""

    id: str
    bed: str
    sex: str
    birth_date: str
    weight_kg: float
    context: str
    days: float
    labs: dict[str, list[tuple[float, Any]]] = field(default_factory=dict)
    phrases: dict[str, tuple[str, str]] = field(default_factory=dict)
    hollow: dict[str, dict[float, str]] = field(default_factory=dict)
    corrected: dict[str, tuple[float, float]] = field(default_factory=dict)
    line: str = "none"
    doses: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    flags: list[dict[str, Any]] = field(default_factory=list)
    t0_ago: float | None = None
    windows: list[dict[str, Any]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def marker(
    state: str, baseline: float | None, value: float | None, unit: str, change: float | None = None, reason: str = ""
) -> dict[str, Any]:
    return {"state": state, "baseline": baseline, "baseline_comparator": "", "baseline_at": None, "value": value, "comparator": "",
            "value_at": None, "unit": unit, "change_percent": change, "values_used": 2, "reason": reason, "confounded": "", "refs": []}  # fmt: skip


def window(hours: int, verdict: str, t0_ago: float, **more: Any) -> dict[str, Any]:
    due_at = ago(t0_ago - hours)
    plain = {"hours": hours, "verdict": verdict, "due_at": due_at.isoformat(), "worsening": False, "markers": {}, "for": [], "against": [],
             "assessed_at": None if verdict == "too_early" else due_at.isoformat(), "missing": [], "options": []}  # fmt: skip
    return plain | more


def dose(drug: str, label: str, amount: str, stands: str = "cannot tell", text: str = "") -> dict[str, Any]:
    ranges = [{"range": text, "unit": "mg/kg/day", "stands": stands, "source": ["S1"], "tag": "S1"}] if text else []
    return {
        "drug": drug,
        "label": label,
        "amount": amount,
        "mg_last_24h": None,
        "mg_kg_last_24h": None,
        "ranges": ranges,
    }


def span(
    given: str,
    label: str,
    started: float,
    *,
    kind: str = "drug",
    line: str = "first",
    ended: float | None = None,
    amount: str = "",
    running: bool = False,
) -> dict[str, Any]:
    return {"given": given, "kind": kind, "label": label, "line": line, "started_at": ago(started), "ended_at": None if ended is None else ago(ended),
            "amount_text": amount, "open": running, "on_until": NOW, "ref": int(started * 10), "version": 1}  # fmt: skip


def flag(
    code: str,
    severity: str,
    began: float,
    raised: float,
    sentence: str,
    *,
    acknowledged: Any = None,
    evidence: Any = (),
    confounders: Any = (),
    state: str = "active",
) -> dict[str, Any]:
    return {"flag": code, "severity": severity, "state": state, "began_at": ago(began), "raised_at": ago(raised), "cleared_at": None,
            "retracted_at": None, "rule_version": "1", "sentence": sentence, "evidence": list(evidence), "confounders": list(confounders),
            "acknowledged": acknowledged, "reason": ""}  # fmt: skip


def option(drug: str, label: str, ranged: str, own: str, source: list[str], caution: str = "") -> dict[str, Any]:
    doses = (
        [{"range": ranged, "schedule": "in 1-4 doses", "for_patient": own, "source": source, "tag": "S1"}]
        if ranged
        else []
    )
    return {"drug": drug, "label": label, "line": "second", "doses": doses, "caution": caution, "source": source}


TIMES_7 = (108, 96, 84, 72, 60, 48, 38, 26, 14, 2)
FERRITIN_EVIDENCE = (
    {"analyte": "ferritin", "value": 9800.0, "comparator": "", "unit": "ug/L", "collected_at": ago(26).isoformat(), "ref": 3, "version": 1, "role": "baseline"},
    {"analyte": "ferritin", "value": 21800.0, "comparator": "", "unit": "ug/L", "collected_at": ago(2).isoformat(), "ref": 4, "version": 1, "role": "newest"},
    {"name": "z", "value": 6.1, "unit": "", "how": "slope over its error, 3 values"},
)  # fmt: skip

BEDS = (
    Bed("P-0007", "7", "M", "1992-03-02", 71, "AOSD", 4.5,
        labs={"ferritin": list(zip(TIMES_7, (2100, 2500, 3300, 4100, 5300, 7400, 8800, 12400, 16500, 21800), strict=True)),
              "fibrinogen": list(zip(TIMES_7, (4.4, 4.1, 3.8, 3.3, 2.8, 2.6, 3.0, 2.4, 2.0, 1.71), strict=True)),
              "platelets": list(zip(TIMES_7, (210, 190, 180, 155, 140, 131, 118, 92, 70, 61), strict=True)),
              "crp": list(zip(TIMES_7, (88, 130, 170, 205, 228, 230, 244, 251, 258, 262), strict=True)),
              "ast": list(zip(TIMES_7, (32, 38, 52, 66, 80, 96, 120, 160, 240, 310), strict=True)),
              "ldh": [(72, 410), (48, 520), (26, 700), (2, 910)], "triglycerides": [(96, 1.6), (48, 2.4), (2, 3.8)],
              "hemoglobin": [(96, 121), (48, 112), (26, 104), (2, 98)], "temperature": [(48, 39.4), (26, 39.1)]},
        phrases={"ferritin": ("up", "doubling every 21 h"), "fibrinogen": ("down", "−43 % in 26 h"), "platelets": ("down", "−13 % in 12 h"),
                 "crp": ("flat", "no change beyond the noise"), "ast": ("up", "doubling every 20 h")},
        hollow={"fibrinogen": {38: "fibrinogen_concentrate"}},
        line="first", doses=[dose("methylprednisolone", "Methylprednisolone", "1 g", "above", "1–2 mg/kg/day")],
        spans=[span("methylprednisolone", "mPSL", 50, amount="1 g"), span("methylprednisolone", "mPSL", 26, amount="1 g"),
               span("methylprednisolone", "mPSL", 2, amount="1 g"),
               span("fibrinogen_concentrate", "fibrinogen concentrate", 40, kind="product", line="none", amount="4 g")],
        flags=[flag("steroid_nonresponse", "urgent", 2, 0.2, "Not responding to steroids at 48 h", confounders=[{"product": "fibrinogen_concentrate", "why": "Fibrinogen concentrate: raises fibrinogen"}]),
               flag("ferritin_rising", "urgent", 60, 59, "Ferritin doubling every 21 h", evidence=FERRITIN_EVIDENCE),
               flag("fibrinogen_falling", "watch", 70, 69, "Fibrinogen down 58 % in 60 h", acknowledged={"by": "Dr Weber", "at": ago(20).isoformat(), "reason": "concentrate given"})],
        t0_ago=50, windows=[
            window(24, "indeterminate", 50, markers={
                "ferritin": marker("worse", 7400, 12400, "ug/L", 67.6), "fibrinogen": marker("not_interpretable", 2.6, 3.0, "g/L", 15.4, "raised by fibrinogen concentrate"),
                "platelets": marker("worse", 131, 92, "10*9/L", -29.8), "crp": marker("unchanged", 230, 251, "mg/L", 9.1),
                "ast": marker("worse", 96, 160, "U/L", 66.7), "temperature": marker("unchanged", 39.4, 39.1, "Cel", -0.8)}),
            window(48, "not_responding", 50, worsening=True, against=["ferritin", "fibrinogen", "platelets", "ast"], missing=["temperature"], markers={
                "ferritin": marker("worse", 7400, 21800, "ug/L", 194.6), "fibrinogen": marker("worse", 2.6, 1.71, "g/L", -34.2),
                "platelets": marker("worse", 131, 61, "10*9/L", -53.4), "crp": marker("unchanged", 230, 262, "mg/L", 13.9),
                "ast": marker("worse", 96, 310, "U/L", 222.9), "temperature": marker("missing", 39.4, None, "Cel", None, "none since 26 h")},
                options=[option("anakinra", "Anakinra", "2–10 mg/kg/day", "142–710 mg/day", ["S1", "S2"], "Halve the dose when the creatinine clearance is low."),
                         option("ciclosporin", "Ciclosporin", "2–7 mg/kg/day", "142–497 mg/day", ["S1"], "Kidney function and levels."),
                         option("emapalumab", "Emapalumab", "", "", ["henter2007"])]),
            window(72, "too_early", 50)]),
    Bed("P-0012", "12", "F", "2017-05-20", 28, "sJIA", 6,
        labs={"ferritin": [(86, 5200), (74, 9100), (62, 15000), (50, 24000), (38, 33000), (26, 39500), (14, ">40000"), (5, ">40000")],
              "fibrinogen": [(86, 2.9), (62, 2.4), (38, 1.8), (26, 1.5), (14, 1.3), (5, 1.10)],
              "platelets": [(86, 140), (62, 104), (38, 88), (14, 72), (5, 66)], "crp": [(86, 190), (62, 140), (38, 90), (14, 62), (5, 58)]},
        phrases={"ferritin": ("unknown", "above range: dilute to see"), "fibrinogen": ("down", "−40 % in 33 h"), "platelets": ("down", "−25 % in 33 h"), "crp": ("down", "halves in 30 h")},
        line="second", doses=[dose("anakinra", "Anakinra", "8 mg/kg/d", "within", "2–10 mg/kg/day")],
        spans=[span("anakinra", "Anakinra", 14, line="second", amount="8 mg/kg/d", running=True)],
        flags=[flag("fibrinogen_low", "urgent", 5, 4, "Fibrinogen 1.1 g/L"), flag("ferritin_extreme", "watch", 14, 13, "Ferritin >40,000, above range"),
               flag("platelets_falling", "watch", 38, 36, "Platelets down 25 % in 33 h")]),
    Bed("P-0003", "3", "F", "1965-01-10", 64, "CAR-T", 9,
        labs={"ferritin": [(78, 900), (66, 1600), (54, 2700), (30, 4100), (18, 4200), (6, 4300)], "fibrinogen": [(78, 3.6), (54, 3.4), (30, 3.25), (6, 3.18)],
              "platelets": [(78, 88), (54, 66), (30, 52), (6, 49)], "crp": [(78, 160), (54, 120), (42, 70), (30, 31), (18, 14), (6, 6)]},
        phrases={"ferritin": ("flat", "no change beyond the noise"), "fibrinogen": ("flat", ""), "platelets": ("flat", ""), "crp": ("down", "halves in 9 h")},
        hollow={"crp": {42: "tocilizumab", 30: "tocilizumab", 18: "tocilizumab", 6: "tocilizumab"}},
        line="first", doses=[dose("dexamethasone", "Dexamethasone", "10 mg")],
        spans=[span("dexamethasone", "Dexa", 22, amount="10 mg"), span("dexamethasone", "Dexa", 10, amount="10 mg"),
               span("tocilizumab", "tocilizumab", 46, kind="product", line="none", amount="8 mg/kg")],
        flags=[flag("platelets_falling", "watch", 30, 29, "Platelets down 44 % in 72 h")],
        t0_ago=22, windows=[window(24, "too_early", 22), window(48, "too_early", 22), window(72, "too_early", 22)]),
    Bed("P-0009", "9", "M", "1979-08-30", 84, "infection", 3,
        labs={"ferritin": [(67, 2000), (55, 6900), (43, 9400), (31, 9000), (19, 8100)], "fibrinogen": [(67, 2.9), (43, 2.4), (19, 2.62)],
              "platelets": [(67, 101), (43, 92), (19, 97)], "crp": [(67, 210), (43, 150), (19, 96)]},
        phrases={"ferritin": ("flat", ""), "fibrinogen": ("flat", ""), "platelets": ("flat", ""), "crp": ("down", "halves in 43 h")},
        line="first", doses=[dose("methylprednisolone", "Methylprednisolone", "1 g")],
        spans=[span("methylprednisolone", "mPSL", 31, amount="1 g")],
        flags=[flag("labs_overdue", "watch", 7, 3, "No ferritin for 19 h on steroids")],
        t0_ago=31, windows=[window(24, "insufficient_data", 31, missing=["ferritin", "platelets"]), window(48, "too_early", 31), window(72, "too_early", 31)],
        late=["ferritin", "fibrinogen", "platelets"]),
    Bed("P-0005", "5", "F", "1998-02-14", 58, "SLE", 5,
        labs={"ferritin": [(99, 6800), (87, 7200), (75, 6500), (51, 3600), (27, 2300), (15, 1800), (3, 1500)], "fibrinogen": [(99, 2.2), (75, 2.1), (51, 2.6), (27, 3.0), (3, 3.22)],
              "platelets": [(99, 84), (75, 82), (51, 90), (27, 108), (3, 121)], "crp": [(99, 180), (75, 150), (51, 80), (27, 40), (3, 21)]},
        phrases={"ferritin": ("down", "halves in 26 h"), "fibrinogen": ("up", "+18 % in 24 h"), "platelets": ("up", "+12 % in 24 h"), "crp": ("down", "halves in 25 h")},
        line="first", doses=[dose("prednisolone", "Prednisolone", "60 mg")], spans=[span("prednisolone", "Pred", 74, amount="60 mg/d", running=True)],
        t0_ago=74, windows=[window(24, "indeterminate", 74), window(48, "responding", 74, **{"for": ["ferritin", "fibrinogen"]}), window(72, "too_early", 74)]),
    Bed("P-0014", "14", "M", "1956-06-01", 90, "malignancy", 12,
        labs={"ferritin": [(124, 3100), (100, 2900), (76, 3400), (52, 3000), (4, 3150)], "fibrinogen": [(124, 3.2), (76, 3.4), (28, 3.25), (4, 3.30)],
              "platelets": [(124, 146), (76, 155), (28, 149), (4, 150)], "crp": [(124, 60), (76, 42), (28, 61), (4, 55)]},
        phrases={"ferritin": ("flat", ""), "fibrinogen": ("flat", ""), "platelets": ("flat", ""), "crp": ("flat", "")}),
    Bed("P-0002", "2", "F", "1988-11-11", 66, "unknown", 0.1),
    Bed("P-0011", "11", "M", "2019-01-01", 19, "Kawasaki", 2,
        labs={"ferritin": [(40, 1500), (28, 2100), (16, 1120), (4, 1200)], "fibrinogen": [(40, 4.2), (16, 4.0), (4, 3.9)], "platelets": [(40, 420), (16, 390), (4, 402)]},
        phrases={"ferritin": ("flat", ""), "fibrinogen": ("flat", ""), "platelets": ("flat", "")}, corrected={"ferritin": (16, 11200)}),
)  # fmt: skip


def observations() -> pd.DataFrame:
    """Current versions, with what the analysis adds: usable, confounded_by, confounded_why, segment."""
    rows = [
        row for bed in BEDS for code, series in bed.labs.items()
        for place, (hours, told) in enumerate(series)
        for row in [_observation(bed, code, hours, told, place)]
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    extra = frame[["usable", "confounded_by", "confounded_why", "segment"]]
    return shaped(frame, OBSERVATIONS).join(extra)


def _observation(bed: Bed, code: str, hours: float, told: Any, place: int) -> dict[str, Any]:
    bound = told[0] if isinstance(told, str) else ""
    by = bed.hollow.get(code, {}).get(hours, "")
    corrected = bed.corrected.get(code, (None, None))[0] == hours
    unit = catalog().analytes[code].unit
    return {
        "patient_id": bed.id, "analyte": code, "collected_at": ago(hours), "value": float(str(told).lstrip("<>")), "comparator": bound,
        "unit": unit, "value_text": str(told), "unit_text": unit, "resulted_at": ago(hours - 1), "received_at": ago(hours - 1.2),
        "status": "corrected" if corrected else "final", "source": "drop", "source_id": f"{bed.id}-{code}-{place}",
        "ref": crc32(f"{bed.id}-{code}-{place}".encode()), "version": 2 if corrected else 1, "usable": not by, "confounded_by": by,
        "confounded_why": catalog().products[by].label if by else "", "segment": 0,
    }  # fmt: skip


def earlier(patient_id: str) -> pd.DataFrame:
    """Every version of what was corrected: the old value beside the current one."""
    mine = observations().query("patient_id == @patient_id and version > 1")
    old = {(bed.id, code): value for bed in BEDS for code, (_, value) in bed.corrected.items()}
    was = mine.assign(
        version=1, status="final", value=[old[key] for key in zip(mine["patient_id"], mine["analyte"], strict=True)]
    )
    return pd.concat([was, mine])


def patients() -> pd.DataFrame:
    rows = [
        {"patient_id": bed.id, "birth_date": bed.birth_date, "sex": bed.sex, "weight_kg": bed.weight_kg, "context": bed.context,
         "ward": "ICU 2", "bed": bed.bed, "admitted_at": ago(bed.days * 24), "received_at": ago(bed.days * 24)}
        for bed in BEDS
    ]  # fmt: skip
    return shaped(pd.DataFrame(rows), PATIENTS)


def trends(values: pd.DataFrame) -> pd.DataFrame:
    said = {(bed.id, code): words for bed in BEDS for code, words in bed.phrases.items()}
    newest = values.sort_values("collected_at").groupby(["patient_id", "analyte"], sort=False).tail(1)
    keys = list(zip(newest["patient_id"], newest["analyte"], strict=True))
    blank = {
        "n": 3,
        "hours": 24.0,
        "change_percent": 0.0,
        "rate_per_day": 0.0,
        "doubling_hours": float("nan"),
        "doubling_low": float("nan"),
        "doubling_high": float("nan"),
    }
    return newest.assign(
        direction=[said.get(key, ("unknown", ""))[0] for key in keys],
        phrase=[said.get(key, ("unknown", ""))[1] for key in keys],
        beyond_noise=[said.get(key, ("unknown", ""))[0] in ("up", "down") for key in keys],
        **blank,
    )


def flags() -> pd.DataFrame:
    rows = [{"patient_id": bed.id, **told} for bed in BEDS for told in bed.flags]
    frame = pd.DataFrame(rows, columns=FLAG_COLUMNS)
    return frame.astype({name: TIME for name in ("began_at", "raised_at", "cleared_at", "retracted_at")})


def lines() -> pd.DataFrame:
    rows = [
        {"patient_id": bed.id, "line": bed.line, "label": LABELS[bed.line], "drugs": [told["drug"] for told in bed.doses],
         "since": ago(bed.t0_ago) if bed.t0_ago else None, "hours_on_line": bed.t0_ago, "doses": bed.doses}
        for bed in BEDS
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"since": TIME})


def spans() -> pd.DataFrame:
    rows = [{"patient_id": bed.id, **told} for bed in BEDS for told in bed.spans]
    return pd.DataFrame(rows, columns=SPAN_COLUMNS).astype({"started_at": TIME, "ended_at": TIME, "on_until": TIME})


def responses() -> pd.DataFrame:
    rows = [
        {"patient_id": bed.id, "t0": pd.Timestamp(ago(bed.t0_ago)), "drug": bed.doses[0]["drug"], "label": bed.doses[0]["label"], "course_no": 1,
         "steroid_hours": bed.t0_ago, "windows": bed.windows}
        for bed in BEDS if bed.t0_ago is not None
    ]  # fmt: skip
    return pd.DataFrame(rows)


def awaited() -> pd.DataFrame:
    """One row a patient under treatment and awaited analyte, late or not."""
    rows = [
        {"patient_id": bed.id, "analyte": code, "last_at": ago(bed.labs[code][-1][0]), "due_at": ago(bed.labs[code][-1][0] - 12),
         "late_at": ago(bed.labs[code][-1][0] - 16), "overdue": code in bed.late}
        for bed in BEDS if bed.line != "none" for code in ("ferritin", "fibrinogen", "platelets")
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"last_at": TIME, "due_at": TIME, "late_at": TIME})


def state() -> Any:
    """A WardState of the eight."""
    values = observations()
    course = SimpleNamespace(patients=patients(), observations=values, findings=empty(FINDINGS))
    assessment = SimpleNamespace(
        as_of=NOW,
        course=course,
        points=values,
        trends=trends(values),
        lines=lines(),
        spans=spans(),
        responses=responses(),
        awaited=awaited(),
    )
    return SimpleNamespace(as_of=NOW, assessment=assessment, flags=flags())


def nobody() -> Any:
    """The same frames with nothing in them."""
    full = state()
    said = {name: frame.iloc[:0] for name, frame in vars(full.assessment).items() if isinstance(frame, pd.DataFrame)}
    course = SimpleNamespace(**{name: frame.iloc[:0] for name, frame in vars(full.assessment.course).items()})
    return SimpleNamespace(
        as_of=NOW, assessment=SimpleNamespace(as_of=NOW, course=course, **said), flags=full.flags.iloc[:0]
    )
