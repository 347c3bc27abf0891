"""
A ward of eight made by hand (ward.toml), at Sat 21 Nov 2026 14:12 CET, as frames of the shapes the analysis gives.

Bed 7 does not answer to steroids; 12 is beyond the range of the ferritin test; 3 waits for its 24 h labs under
tocilizumab; 9 has labs overdue; 5 responds; 14 is flat; 2 has nothing yet; 11 had a ferritin corrected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import cut_out
from dashboard.bedside import Bedside, Ward
from storage.frames import FINDINGS, OBSERVATIONS, PATIENTS, TIME, empty, shaped
from tests.dashboard.catalog_fixture import catalog

NOW = datetime(2026, 11, 21, 13, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
NEXT_RUN = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
LABELS = {"none": "None", "first": "First line", "second": "Second line", "refractory": "Refractory"}
AWAITED = ("ferritin", "fibrinogen", "platelets")
FLAG_TIMES = ("began_at", "raised_at", "cleared_at", "retracted_at")
Bed = dict[str, Any]
BEDS: list[Bed] = tomllib.loads((Path(__file__).parent / "ward.toml").read_text(encoding="utf-8"))["bed"]


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def pairs(text: str) -> list[tuple[float, str]]:
    """ "48:7400 26:>40000" as (hours, text)."""
    return [(float(hours), told) for hours, told in (part.split(":") for part in text.split())]


def ward() -> Ward:
    return cut_out.ward(state())


def bed(number: str) -> Bedside:
    """One of the eight, by bed."""
    return next(side for side in ward().sides if side.patient["bed"] == number)


def state() -> Any:
    """A WardState of the eight."""
    values = observations()
    course = SimpleNamespace(patients=patients(), observations=values, findings=empty(FINDINGS))
    said = {"points": values, "trends": trends(values), "lines": lines(), "spans": spans(), "responses": responses()}
    assessment = SimpleNamespace(as_of=NOW, course=course, awaited=awaited(), **said)
    return SimpleNamespace(as_of=NOW, assessment=assessment, flags=flags())


def nobody() -> Ward:
    """The same frames with nothing in them."""
    full = state()
    said = {name: told.iloc[:0] for name, told in vars(full.assessment).items() if isinstance(told, pd.DataFrame)}
    course = SimpleNamespace(patients=full.assessment.course.patients.iloc[:0])
    assessment = SimpleNamespace(as_of=NOW, course=course, **said)
    return cut_out.ward(SimpleNamespace(as_of=NOW, assessment=assessment, flags=full.flags.iloc[:0]))


def observations() -> pd.DataFrame:
    """Current versions, with what the analysis adds: usable, confounded_by, confounded_why, segment, series."""
    frame = pd.DataFrame([row for told in BEDS for row in _observations(told)])
    told = shaped(frame, OBSERVATIONS).join(frame[["usable", "confounded_by", "confounded_why", "segment"]])
    return told.assign(series=told.groupby(["patient_id", "analyte"]).ngroup())


def _observations(told: Bed) -> Iterator[dict[str, Any]]:
    for code, series in told.get("labs", {}).items():
        moved = dict(pairs(told.get("moved", {}).get(code, "")))
        corrected = dict(pairs(told.get("corrected", {}).get(code, "")))
        for hours, text in pairs(series):
            yield _value(told, code, hours, text) | _moved(moved.get(hours, "")) | _version(hours in corrected)


def _value(told: Bed, code: str, hours: float, text: str) -> dict[str, Any]:
    unit, name = catalog().analytes[code].unit, f"{told['id']}-{code}-{hours:g}"
    return {
        "patient_id": told["id"], "analyte": code, "value": float(text.lstrip("<>")), "unit": unit,
        "comparator": text[0] if text[0] in "<>" else "", "value_text": text, "unit_text": unit,
        "collected_at": ago(hours), "resulted_at": ago(hours - 1), "received_at": ago(hours - 1.2), "source": "drop",
        "source_id": name, "ref": crc32(name.encode()), "segment": 0,
    }  # fmt: skip


def _moved(by: str) -> dict[str, Any]:
    return {"usable": not by, "confounded_by": by, "confounded_why": catalog().products[by].label if by else ""}


def _version(corrected: bool) -> dict[str, Any]:
    return {"version": 2 if corrected else 1, "status": "corrected" if corrected else "final"}


def versions(number: str) -> pd.DataFrame:
    """Every version of what was corrected in a bed: the old value beside the current one."""
    told = next(entry for entry in BEDS if entry["bed"] == number)
    mine = observations().query("patient_id == @told['id'] and version > 1")
    old = {code: float(value) for code, text in told["corrected"].items() for _, value in pairs(text)}
    was = mine.assign(version=1, status="final", value=mine["analyte"].map(old))
    return pd.concat([was, mine])


def patients() -> pd.DataFrame:
    names = ("birth_date", "sex", "weight_kg", "context", "bed")
    rows = [
        {"patient_id": told["id"], "ward": "ICU 2", "admitted_at": ago(told["days"] * 24)}
        | {name: told[name] for name in names}
        for told in BEDS
    ]
    return shaped(pd.DataFrame(rows), PATIENTS)


def trends(values: pd.DataFrame) -> pd.DataFrame:
    said = {(told["id"], code): words for told in BEDS for code, words in told.get("phrases", {}).items()}
    newest = values.sort_values("collected_at").groupby(["patient_id", "analyte"], sort=False).tail(1)
    words = [said.get(key, ("unknown", "")) for key in zip(newest["patient_id"], newest["analyte"], strict=True)]
    nothing = dict.fromkeys(("doubling_low", "doubling_high", "hours"), float("nan"))
    return newest.assign(direction=[way for way, _ in words], phrase=[phrase for _, phrase in words], **nothing)


def flags() -> pd.DataFrame:
    frame = pd.DataFrame([_flag(told["id"], flag) for told in BEDS for flag in told.get("flag", ())])
    return frame.astype(dict.fromkeys(FLAG_TIMES, TIME))


def _flag(patient_id: str, told: dict[str, Any]) -> dict[str, Any]:
    seen = "seen_by" in told
    answer = {"by": told["seen_by"], "at": ago(told["seen"]).isoformat(), "reason": told["reason"]} if seen else None
    return {
        "patient_id": patient_id, "flag": told["flag"], "severity": told["severity"], "sentence": told["sentence"],
        "state": told.get("state", "active"), "began_at": ago(told["began"]), "raised_at": ago(told["raised"]),
        "cleared_at": ago(told["cleared"]) if "cleared" in told else None, "retracted_at": None, "rule_version": "1",
        "evidence": [_evidence(entry) for entry in told.get("evidence", ())], "reason": told.get("why_ended", ""),
        "confounders": told.get("confounders", []), "acknowledged": answer, "snoozed": None, "answers_ended": [],
        "seq": 0, "changed_at": pd.Timestamp(ago(told["raised"])),
    }  # fmt: skip


def _evidence(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "collected_at": ago(told["hours"]).isoformat()} if "hours" in told else told


def lines() -> pd.DataFrame:
    rows = [
        {"patient_id": told["id"], "line": told["line"], "label": LABELS[told["line"]], "since": _since(told),
         "drugs": [dose["drug"] for dose in told.get("dose", ())], "doses": [_dose(d) for d in told.get("dose", ())]}
        for told in BEDS
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"since": TIME})


def _since(told: Bed) -> datetime | None:
    return ago(told["t0"]) if "t0" in told else None


def _dose(told: dict[str, Any]) -> dict[str, Any]:
    ranged = {"range": told.get("range", ""), "stands": told.get("stands", ""), "source": ["S1"], "tag": "S1"}
    return {
        "drug": told["drug"],
        "label": told["label"],
        "amount": told["amount"],
        "ranges": [ranged] if "range" in told else [],
    }


def spans() -> pd.DataFrame:
    rows = [_span(told["id"], span) for told in BEDS for span in told.get("span", ())]
    return pd.DataFrame(rows).astype({"started_at": TIME, "ended_at": TIME})


def _span(patient_id: str, told: dict[str, Any]) -> dict[str, Any]:
    names = ("given", "label", "kind", "line")
    return {name: told[name] for name in names} | {
        "patient_id": patient_id, "started_at": ago(told["started"]), "ended_at": None, "amount_text": told["amount"],
        "open": told["running"], "version": 1,
    }  # fmt: skip


def responses() -> pd.DataFrame:
    rows = [
        {"patient_id": told["id"], "t0": pd.Timestamp(ago(told["t0"])), "label": told["dose"][0]["label"],
         "windows": [_window(told, window) for window in told["window"]]}
        for told in BEDS if "t0" in told
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _window(told: Bed, window: dict[str, Any]) -> dict[str, Any]:
    markers = {code: _marker(code, marker) for code, marker in window.get("markers", {}).items()}
    plain: dict[str, Any] = {"for": [], "against": [], "missing": []}
    return plain | window | {
        "due_at": ago(told["t0"] - window["hours"]).isoformat(), "markers": markers,
        "options": [_option(option) for option in window.get("option", ())],
    }  # fmt: skip


def _marker(code: str, told: dict[str, Any]) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(("baseline", "value", "baseline_at", "value_at"))
    words = dict.fromkeys(("baseline_comparator", "comparator", "reason", "confounded"), "")
    return blank | words | told | {"unit": catalog().analytes[code].unit, "change_percent": told.get("change")}


def _option(told: dict[str, Any]) -> dict[str, Any]:
    dose = {"schedule": "in 1–4 doses", "for_patient": told.get("own", ""), "source": told["source"], "tag": "S1"}
    doses = [{"range": told["range"], **dose}] if "range" in told else []
    return {name: told[name] for name in ("drug", "label", "source", "caution")} | {"line": "second", "doses": doses}


def awaited() -> pd.DataFrame:
    """One row a patient under treatment and awaited analyte, late or not; due twelve hours after the newest."""
    rows = [
        {"patient_id": told["id"], "analyte": code, "last_at": ago(last), "due_at": ago(last - 12),
         "overdue": code in told.get("late", ())}
        for told in BEDS if told["line"] != "none" for code in AWAITED for last in [pairs(told["labs"][code])[-1][0]]
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"last_at": TIME, "due_at": TIME})
