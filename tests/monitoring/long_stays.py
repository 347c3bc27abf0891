"""Wards of long stays drawn from a seed, facts told late and corrected among them; and the cycles lived through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.judging import judge_and_record
from monitoring.terms import Catalog
from storage import bulk, queries
from storage.columns import rows_of
from storage.engine import Store
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, PATIENTS, shaped
from storage.tables import Dose, Observation, Patient

BEGIN = datetime(2026, 1, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
# analyte: a usual value, how far courses spread, the way disease moves it
MARKERS = {
    "ferritin": (3000.0, 1.2, 1.0), "fibrinogen": (3.0, 0.4, -0.4), "platelets": (180.0, 0.6, -0.5),
    "crp": (60.0, 1.0, 0.6), "ast": (60.0, 0.6, 0.5), "ldh": (400.0, 0.5, 0.4), "hemoglobin": (95.0, 0.15, -0.08),
    "neutrophils": (1.5, 0.7, -0.3), "alt": (50.0, 0.5, 0.3), "creatinine": (60.0, 0.2, 0.02),
    "albumin": (32.0, 0.1, -0.03), "d_dimer_feu": (2.0, 0.8, 0.7),
}  # fmt: skip


def at(hours: float) -> datetime:
    return BEGIN + float(hours) * HOUR


def ward(seed: int, *, patients: int, days: int, catalog: Catalog) -> Course:
    chance = np.random.default_rng(seed)
    names = [f"P{number:03d}" for number in range(patients)]
    parts = [_stay(name, chance, days, catalog) for name in names]
    labs = pd.concat([lab for lab, _, _ in parts], ignore_index=True)
    given = pd.DataFrame([row for _, rows, _ in parts for row in rows])
    return Course(
        patients=shaped(pd.DataFrame([row for _, _, row in parts]), PATIENTS),
        observations=shaped(labs, OBSERVATIONS),
        doses=shaped(given, DOSES),
        findings=shaped(pd.DataFrame(), FINDINGS),
    )


def _stay(name: str, chance: np.random.Generator, days: int, catalog: Catalog) -> tuple[pd.DataFrame, list[dict], dict]:
    hours = np.arange(0.0, days * 24.0, 12.0)
    if chance.random() < 0.35:  # nobody draws blood for a while
        begin = chance.uniform(2, days - 3) * 24
        hours = hours[(hours < begin) | (hours > begin + chance.uniform(2, 22) * 24)]
    disease = _disease(chance, days)
    rows = [row for code in MARKERS for row in _series(name, code, hours, disease, chance, catalog)]
    labs = _mishaps(pd.DataFrame(rows), chance, days)
    person = {"patient_id": name, "weight_kg": 60.0 if chance.random() < 0.8 else np.nan, "height_cm": 170.0,
              "context": "CAR-T" if chance.random() < 0.1 else "sJIA", "received_at": at(0)}  # fmt: skip
    if chance.random() < 0.15:
        person["discharged_at"] = at(chance.uniform(10, days) * 24)
    return labs, _given(name, chance, days), person


def _disease(chance: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Knots and log levels: days without change, rises and falls."""
    knots = np.sort(np.r_[0.0, chance.uniform(0, days * 24, 1 + days // 5), days * 24.0])
    moves = np.where(chance.random(len(knots)) < 0.5, 0.0, chance.normal(0, 0.8, len(knots)))
    return knots, np.cumsum(moves) - 0.6 * np.cumsum(moves).mean()


def _series(
    name: str, code: str, hours: np.ndarray, disease: tuple[np.ndarray, np.ndarray], chance: np.random.Generator,
    catalog: Catalog,
) -> list[dict]:  # fmt: skip
    usual, spread, way = MARKERS[code]
    analyte = catalog.analytes[code]
    every = chance.choice([1, 1, 1, 2, 9])
    here = hours[chance.random(len(hours)) > 0.08][::every]
    level = np.log(usual) + 0.7 * spread * chance.normal() + way * np.interp(here, *disease)
    value = np.exp(level + chance.normal(0, 0.08, len(here)))
    value = np.round(np.clip(value, max(analyte.plausible[0], 1e-3), analyte.plausible[1]), 3)
    method = chance.choice(["", "", "", "roche"])
    return [_lab(name, code, hour, number, method, analyte.unit) for hour, number in zip(here, value, strict=True)]


def _lab(name: str, code: str, hour: float, value: float, method: str, unit: str) -> dict:
    bound = ">" if code == "ferritin" and value > 40_000 else ""
    value = 40_000.0 if bound else float(value)
    return {
        "patient_id": name, "analyte": code, "collected_at": at(hour), "received_at": at(hour + 1.5), "value": value,
        "comparator": bound, "unit": unit, "value_text": f"{bound}{value:g}", "unit_text": unit, "method": method,
        "specimen": "", "status": "final", "source": "drop", "ref": crc32(f"{name} {code} {hour}".encode()),
        "version": 1, "resulted_at": at(hour + 1),
    }  # fmt: skip


def _mishaps(labs: pd.DataFrame, chance: np.random.Generator, days: int) -> pd.DataFrame:
    """Some values told days late, some corrected or withdrawn late, a diluted draw, a hook, a change of method."""
    wait = np.where(chance.random(len(labs)) < 0.01, chance.uniform(6, 500, len(labs)), 0.0)
    labs = labs.assign(received_at=labs["received_at"] + pd.to_timedelta(wait, unit="h"))
    if chance.random() < 0.1:
        drawn = labs["collected_at"] == chance.choice(labs["collected_at"])
        labs.loc[drawn, "value"] *= 0.5
    if chance.random() < 0.15:
        drawn = (labs["collected_at"] == chance.choice(labs["collected_at"])) & labs["analyte"].eq("ferritin")
        labs.loc[drawn, "value"] *= 0.1
    if chance.random() < 0.15:
        labs.loc[labs["collected_at"] > at(chance.uniform(0, days) * 24), "method"] = "abbott"
    wrong = labs[chance.random(len(labs)) < 0.01]
    later = pd.to_timedelta(chance.choice([2.0, 30.0, 200.0, 480.0], len(wrong)), unit="h")
    mended = wrong.assign(
        version=2,
        received_at=wrong["received_at"] + later,
        value=wrong["value"] * chance.choice([0.1, 0.8, 1.1, 6.0], len(wrong)),
        status=chance.choice(["corrected", "corrected", "entered-in-error"], len(wrong)),
    )
    moved = chance.random(len(mended)) < 0.2
    mended["collected_at"] += pd.to_timedelta(np.where(moved, chance.uniform(-300, 300, len(mended)), 0.0), unit="h")
    mended["received_at"] = np.maximum(mended["received_at"], mended["collected_at"])
    told = pd.concat([labs, mended], ignore_index=True)
    return told.assign(value_text=told["comparator"] + told["value"].map("{:g}".format))


def _given(name: str, chance: np.random.Generator, days: int) -> list[dict]:
    rows = []
    for _ in range(chance.integers(0, 4)):
        begin = chance.uniform(0, days * 24)
        amounts = [1000.0] * 3 + [60.0] * 4 + [30.0] * 3
        rows += [_dose(name, "methylprednisolone", begin + 24 * day, mg) for day, mg in enumerate(amounts)]
    for code, mg in (("fibrinogen_concentrate", 3000.0), ("tocilizumab", 480.0), ("anakinra", 100.0)):
        if chance.random() < 0.2:
            rows.append(_dose(name, code, chance.uniform(0, days * 24), mg, wait=chance.choice([0.0, 0.0, 100.0])))
    return rows


def _dose(name: str, code: str, hour: float, amount: float, *, wait: float = 0.0) -> dict:
    return {
        "patient_id": name, "given": code, "name_text": code, "started_at": at(hour), "received_at": at(hour + wait),
        "amount": amount, "unit": "mg", "amount_text": f"{amount:g}", "unit_text": "mg", "status": "completed",
        "source": "drop", "ref": crc32(f"{name} {code} {hour}".encode()), "version": 1,
    }  # fmt: skip


def filled(store: Store, course: Course) -> Store:
    """All the facts at once, each with the moment it was received at."""
    same = {"digest": 0, "run_id": "told"}
    nobody = course.patients[["patient_id"]].assign(received_at=BEGIN, version=0, source="", origin="")
    people = course.patients.assign(version=1, source="drop", origin="")
    for name in ("birth_date", "sex", "context", "ward", "bed"):
        people[name] = people[name].replace("", None)
    parts = [(course.observations, Observation), (course.doses, Dose), (nobody, Patient), (people, Patient)]
    with store.writing() as connection:
        for frame, model in parts:
            bulk.insert(connection, rows_of(frame, model, same))
    return store


def lived(store: Store, catalog: Catalog, hours: list[float], *, whole: bool) -> pd.DataFrame:
    """The history that cycles at these hours write."""
    for hour in hours:
        judge_and_record(store, catalog, as_of=at(hour), run_id=f"run {hour}", whole=whole)
    return queries.flag_changes(store, as_of=at(hours[-1]))
