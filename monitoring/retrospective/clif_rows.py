"""Rows of CLIF tables as rows of text: each category as our word for it, in the unit of the row or of the format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from monitoring import lookup
from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.lab_meanings import Names
from monitoring.raw_files import RawFile
from monitoring.refused import Refused
from monitoring.retrospective.clif_folder import FORM, PERSON, STAY
from monitoring.retrospective.slices import Slice
from monitoring.retrospective.texts import days, instants, numbers, said_as, texts, told_apart
from monitoring.retrospective.unread import left_out, to_rows
from monitoring.sieve import Circumstances, Rows

FILE = "clif.toml"
Columns = dict[str, pd.Series]


def rows_of(raw: RawFile, cut: Slice, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    """What is to be sifted, and what is left out: one line a category, with the number of its rows."""
    aside = left_out(raw.name, cut.table, pd.Series(dict(cut.aside), dtype="int64"))
    if cut.rows.empty:
        return [], aside
    rows, more = READS[cut.table](raw, cut.rows, at)
    return rows, [*aside, *more]


def _patients(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    sexes = {told: ours for ours, told in words()["sex"].items()}
    columns = {
        "patient_id": frame[PERSON],
        "birth_date": days(_of(frame, "birth_date")),
        "sex": said_as(texts(_of(frame, "sex_category")), sexes, ""),
        "weight_kg": numbers(_of(frame, "weight_kg")),
        "height_cm": numbers(_of(frame, "height_cm")),
        "ward": _of(frame, "location_category"),
        "admitted_at": instants(_of(frame, "admission_dttm")),
        "discharged_at": instants(_of(frame, "discharge_dttm")),
    }
    return [to_rows("patients", raw.name, columns)], []


def _labs(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    category = texts(frame["lab_category"]).map(lookup.plain_name)
    meant = said_as(category, categories())
    known = _known_analytes(meant, at)
    aside = left_out(raw.name, "labs", category[~known].value_counts())
    rows, name = frame[known], meant[known]
    if rows.empty:
        return [], aside
    collected, value = instants(rows["lab_collect_dttm"]), _values(rows)
    unit = texts(_of(rows, "reference_unit")).str.strip()
    columns = {
        "patient_id": rows[PERSON],
        "analyte": name,
        "loinc": _known_codes(texts(_of(rows, "lab_loinc_code")), at),
        "value": value,
        "unit": said_as(unit.where(unit.ne(""), said_as(category[known], units(), "")), words()["units"]),
        "collected_at": collected,
        "resulted_at": instants(_of(rows, "lab_result_dttm")),
        "specimen": texts(_of(rows, "lab_specimen_name")),
        "source_id": told_apart([rows[PERSON], name, collected], value),
    }
    return [to_rows("labs", raw.name, columns)], aside


def _vitals(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    ours = {entry["category"]: code for code, entry in words()["vitals"].items()}
    name, collected = said_as(frame["vital_category"], ours), instants(frame["recorded_dttm"])
    value = numbers(frame["vital_value"])
    columns = {
        "patient_id": frame[PERSON],
        "analyte": name,
        "value": value,
        "unit": said_as(name, {code: at.catalog.analytes[code].unit for code in ours.values()}),
        "collected_at": collected,
        "source_id": told_apart([frame[PERSON], name, collected], value),
    }
    return [to_rows("labs", raw.name, columns)], []


def _given(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    frame, aside = _known_drugs(raw, frame, at)
    if frame.empty:
        return [], aside
    given = texts(_of(frame, "mar_action_group")).ne("not_administered")
    given &= ~texts(_of(frame, "mar_action_category")).isin(words()["actions"]["not_given"])
    columns = _told(frame) | {
        "started_at": instants(frame["admin_dttm"]),
        "status": pd.Series(np.where(given, "", "not-done"), index=frame.index),
    }
    return [to_rows("treatments", raw.name, columns)], aside


def _running(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    """Starts, changes and stops of one order as courses from a start to the stop that follows it."""
    frame, aside = _known_drugs(raw, frame, at)
    if frame.empty:
        return [], aside
    told = frame.assign(order=texts(_of(frame, "med_order_id")), at=instants(frame["admin_dttm"]))
    told["stops"] = _stops(told)
    key = [PERSON, STAY, "med_category"]
    told = told.sort_values([*key, "at", "stops"], kind="stable", ignore_index=True)
    before = told.groupby(key, dropna=False)["stops"].shift(1, fill_value=True).astype(bool)
    begins = before & ~told["stops"]
    course = begins.cumsum()
    ends = told[told["stops"]].assign(course=course).drop_duplicates([*key, "course"]).set_index("course")["at"]
    starts = told[begins]
    ended = said_as(course[begins], ends.to_dict(), "")
    columns = _told(starts) | {"started_at": starts["at"], "ended_at": ended}
    return [to_rows("treatments", raw.name, columns)], aside


def _stops(told: pd.DataFrame) -> pd.Series:
    stop = texts(_of(told, "mar_action_category")).isin(words()["actions"]["stop"])
    return stop | pd.to_numeric(_of(told, "med_dose"), errors="coerce").eq(0)


def _told(frame: pd.DataFrame) -> Columns:
    route = texts(_of(frame, "med_route_category"))
    return {
        "patient_id": frame[PERSON],
        "drug": texts(frame["med_category"]),
        "drug_reported": texts(_of(frame, "med_name")),
        "dose": numbers(_of(frame, "med_dose")),
        "unit": texts(_of(frame, "med_dose_unit")),
        "route": route,
    }


def _known_drugs(raw: RawFile, frame: pd.DataFrame, at: Circumstances) -> tuple[pd.DataFrame, list[Refused]]:
    names = lookup.given_names(at.catalog)
    category = texts(frame["med_category"])
    plain = category.map(lambda text: lookup.plain_name(text.replace("_", " ")))
    known = plain.isin(names.keys())
    return frame.assign(med_category=plain)[known], left_out(raw.name, "treatments", category[~known].value_counts())


def _values(rows: pd.DataFrame) -> pd.Series:
    """The text where it bears a sign, is the number, or is all there is; else the number."""
    text, number = texts(_of(rows, "lab_value")).str.strip(), pd.to_numeric(_of(rows, "lab_value_numeric"), "coerce")
    same = pd.to_numeric(text, errors="coerce").eq(number)
    own = text.ne("") & (text.str.match(r"[<>≤≥]") | number.isna() | same)
    return text.where(own, numbers(number.astype("float64")))


def _known_analytes(meant: pd.Series, at: Circumstances) -> pd.Series:
    names = Names.of(at.catalog, at.own)
    told = {text: names.candidates("", text)[1] is None for text in meant.unique()}
    return said_as(meant, told).astype(bool)


def _known_codes(loinc: pd.Series, at: Circumstances) -> pd.Series:
    """The category has been chosen by a person: a LOINC code that the catalog does not know does not overrule it."""
    return loinc.where(loinc.isin(lookup.loinc_codes(at.catalog).keys()), "")


def _of(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object)


@cache
def words() -> Mapping[str, Any]:
    return parsed(FILE, read_bytes(KNOWLEDGE / FILE))


@cache
def categories() -> Mapping[str, str]:
    """CLIF's category -> our analyte."""
    return {entry["category"]: code for part in ("labs", "next") for code, entry in words()[part].items()}


@cache
def units() -> Mapping[str, str]:
    """CLIF's category -> the unit that the format says it has, where a row says none."""
    return {entry["category"]: entry["unit"] for part in ("labs", "next") for entry in words()[part].values()}


READS: Mapping[str, Callable[[RawFile, pd.DataFrame, Circumstances], tuple[list[Rows], list[Refused]]]] = {
    "patients": _patients,
    "labs": _labs,
    "labs_next": _labs,
    "vitals": _vitals,
    "medication_admin_intermittent": _given,
    "medication_admin_continuous": _running,
}
__all__ = ["FORM", "rows_of"]
