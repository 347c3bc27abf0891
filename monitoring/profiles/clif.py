"""
CLIF 2.1: one Parquet file a table, labs in the consortium's own categories and units (knowledge/clif.toml).

One hospitalisation a patient: the stay that this program knows. Labs that 2.1 has no category for stand in
clif_labs_next.parquet, in the words of its next version; what neither has a word for is counted in about.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.analysis.course import births
from monitoring.exports.about import About
from monitoring.exports.fields import parse
from monitoring.exports.package import write_package
from monitoring.exports.tables import DAYS_A_YEAR, Frames
from monitoring.exports.typed import schema, write_tables
from monitoring.terms import Catalog
from monitoring.units import normal_unit

NAME = "clif"
NEEDS: tuple[str, ...] = ("labs", "treatments", "findings")
FILE = "clif.toml"
LABS = (
    "hospitalization_id text, lab_order_dttm moment, lab_collect_dttm moment, lab_result_dttm moment,"
    "lab_order_name text, lab_order_category text, lab_name text, lab_category text, lab_value text,"
    "lab_value_numeric number, reference_unit text, lab_specimen_name text, lab_specimen_category text,"
    "lab_loinc_code text"
)
GIVEN = (
    "hospitalization_id text, med_order_id text, admin_dttm moment, med_name text, med_category text, med_group text,"
    "med_route_name text, med_route_category text, med_dose number, med_dose_unit text, mar_action_name text,"
    "mar_action_category text, mar_action_group text"
)
SCHEMAS = {
    "clif_patient": schema(
        "patient_id text, birth_date day, death_dttm moment, race_name text, race_category text, ethnicity_name text,"
        "ethnicity_category text, sex_name text, sex_category text, language_name text, language_category text"
    ),
    "clif_hospitalization": schema(
        "patient_id text, hospitalization_id text, hospitalization_joined_id text, admission_dttm moment,"
        "discharge_dttm moment, age_at_admission whole, admission_type_name text, admission_type_category text,"
        "discharge_name text, discharge_category text"
    ),
    "clif_labs": schema(LABS),
    "clif_labs_next": schema(LABS),
    "clif_vitals": schema(
        "hospitalization_id text, recorded_dttm moment, vital_name text, vital_category text, vital_value number,"
        "meas_site_name text"
    ),
    "clif_medication_admin_intermittent": schema(GIVEN),
    "clif_medication_admin_continuous": schema(GIVEN),
}
NOTES = [
    "One hospitalisation a patient; without an admission told it begins at the first result, and has no beginning "
    "where that lies after the discharge. A discharge before the admission belongs to an earlier stay and is left out.",
    "Of patients without a date of birth here the age at admission is that at the first result and the whole years "
    "between: it can be one too low.",
    "A table without rows is written too, with its columns and their types.",
    "Race, ethnicity and language are not known here: Unknown. The order time of a value is not known: its collection.",
    "CLIF 2.1 has no category for fibrinogen, triglycerides, D-dimer, soluble IL-2 receptor, IL-6 and IL-18: they "
    "stand in clif_labs_next.parquet with the categories and units of its next version.",
    "A bound keeps its sign in lab_value and has no lab_value_numeric.",
]
Words = Mapping[str, Mapping[str, Any]]


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    words = parse(FILE)
    about.notes += NOTES
    rows = write_tables(_said(parts, words, about), SCHEMAS, folder)
    write_package(about, folder, {})
    return rows


def _said(parts: Iterable[Frames], words: Words, about: About) -> Iterator[Frames]:
    for frames in parts:
        labs, patients = frames["labs"], frames["patients"]
        known = {*words["labs"], *words["next"], *words["vitals"]}
        _leave_out(labs[~labs["analyte"].isin(known)], "analyte", about)
        yield {
            "clif_patient": _patients(patients, words["sex"], about),
            "clif_hospitalization": _stays(patients, about),
            "clif_labs": _labs(labs, words["labs"], about.catalog),
            "clif_labs_next": _labs(labs, words["next"], about.catalog),
            "clif_vitals": _once(pd.concat([_vitals(labs, words["vitals"]), _temperatures(frames["findings"])])),
            **_given(frames["treatments"], words, about),
        }


def _leave_out(rows: pd.DataFrame, name: str, about: About) -> None:
    for code, count in rows[name].value_counts().items():
        about.leave_out(f"{code}: CLIF has no category for it", count)


def _patients(patients: pd.DataFrame, sex: Mapping[str, str], about: About) -> pd.DataFrame:
    told = patients["birth_date"]
    born = pd.to_datetime(told, errors="coerce", format="%Y-%m-%d")
    about.leave_out("dates of birth that are not told to the day", int((told.notna() & born.isna()).sum()))
    return pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "birth_date": born,
            "race_category": "Unknown",
            "ethnicity_category": "Unknown",
            "sex_name": patients["sex"],
            "sex_category": patients["sex"].map(sex).fillna("Unknown"),
            "language_category": "Unknown or NA",
        }
    )


def _stays(patients: pd.DataFrame, about: About) -> pd.DataFrame:
    admitted, first = patients["admitted_at"], patients["first_result_at"]
    left = patients["discharged_at"].mask(admitted > patients["discharged_at"])
    begun = admitted.fillna(first.mask(first > left))
    about.leave_out("patients without an admission or a result: the stay has no beginning", int(begun.isna().sum()))
    return pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "hospitalization_id": patients["patient_id"],
            "admission_dttm": begun,
            "discharge_dttm": left,
            "age_at_admission": _ages(patients, begun, float(about.layout.settings["oldest_years"])),
            "admission_type_category": "other",
            "discharge_category": left.isna().map({True: "Still Admitted", False: "Missing"}),
        }
    )


def _ages(patients: pd.DataFrame, begun: pd.Series, oldest: float) -> pd.Series:
    """Completed years; the oldest as one group, as everywhere in an export."""
    years = (begun - births(patients)).dt.days // DAYS_A_YEAR
    between = (begun - patients["first_result_at"]).dt.days.fillna(0) / DAYS_A_YEAR
    told = patients["age_years"].astype("float64") + between.astype("int64")
    return years.where(years >= 0).fillna(told.where(told >= 0)).clip(upper=oldest)


def factor(entry: Mapping[str, Any], analyte: str, catalog: Catalog) -> float:
    """Ours times this is theirs: written in clif.toml, or one over what analytes.toml takes their unit in by."""
    if "factor" in entry:
        return float(Fraction(entry["factor"]))
    taken_in, _ = catalog.analytes[analyte].units[normal_unit(entry["from"])]
    return 1.0 / taken_in


def _labs(labs: pd.DataFrame, words: Words, catalog: Catalog) -> pd.DataFrame:
    rows = labs[labs["analyte"].isin(words)]
    factors = {analyte: factor(entry, analyte, catalog) for analyte, entry in words.items()}
    value = rows["value"] * rows["analyte"].map(factors).astype("float64")
    sign = rows["comparator"].fillna("")
    return pd.DataFrame(
        {
            "hospitalization_id": rows["patient_id"],
            "lab_order_dttm": rows["collected_at"],
            "lab_collect_dttm": rows["collected_at"],
            "lab_result_dttm": rows["resulted_at"],
            "lab_name": rows["analyte"],
            "lab_value": sign + value.map("{:.12g}".format).astype("str"),
            "lab_value_numeric": value.where(sign.eq("")),
            "lab_specimen_name": rows["specimen"],
            "lab_loinc_code": rows["loinc"],
            **{column: _word(rows["analyte"], words, key) for column, key in _LAB_WORDS.items()},
        }
    )


_LAB_WORDS = {"lab_category": "category", "reference_unit": "unit", "lab_order_category": "order"}


def _word(codes: pd.Series, words: Words, key: str) -> pd.Series:
    return codes.map({code: entry[key] for code, entry in words.items()}).astype("str")


def _vitals(labs: pd.DataFrame, words: Words) -> pd.DataFrame:
    rows = labs[labs["analyte"].isin(words) & labs["comparator"].isna()]
    category = _word(rows["analyte"], words, "category")
    return _vital(rows, rows["collected_at"], category, rows["value"])


def _temperatures(findings: pd.DataFrame) -> pd.DataFrame:
    rows = findings[findings["finding"].eq("temperature_c")]
    return _vital(rows, rows["observed_at"], "temp_c", pd.to_numeric(rows["value"], errors="coerce"))


def _once(vitals: pd.DataFrame) -> pd.DataFrame:
    """CLIF holds one value a moment: of a temperature that was sent and written down the sent one."""
    key = ["hospitalization_id", "recorded_dttm", "vital_category"]
    return vitals.drop_duplicates(key).sort_values(key, ignore_index=True)


def _vital(rows: pd.DataFrame, time: pd.Series, category: Any, value: pd.Series) -> pd.DataFrame:
    told = {"recorded_dttm": time, "vital_name": category, "vital_category": category, "vital_value": value}
    return pd.DataFrame({"hospitalization_id": rows["patient_id"], **told})


def _given(doses: pd.DataFrame, words: Words, about: About) -> dict[str, pd.DataFrame]:
    """Running between two moments is continuous where CLIF has a word for it there, else told at its start."""
    runs = doses["ended_at"].notna() & doses["drug"].isin(words["continuous"])
    moments = ~runs & doses["drug"].isin(words["intermittent"])
    _leave_out(doses[~runs & ~moments], "drug", about)
    starts, ends = (_said_of(doses[runs], words, "continuous", at) for at in ("start", "stop"))
    return {
        "clif_medication_admin_intermittent": _said_of(doses[moments], words, "intermittent", "given"),
        "clif_medication_admin_continuous": pd.concat([starts, ends]),
    }


def _said_of(doses: pd.DataFrame, words: Words, kind: str, action: str) -> pd.DataFrame:
    routes = {spelling: route for route, spellings in words["routes"].items() for spelling in spellings}
    stops = action == "stop"
    return pd.DataFrame(
        {
            "hospitalization_id": doses["patient_id"],
            "admin_dttm": doses["ended_at"] if stops else doses["started_at"],
            "med_name": doses["drug"],
            "med_category": _word(doses["drug"], words[kind], "category"),
            "med_group": _word(doses["drug"], words[kind], "group"),
            "med_route_name": doses["route"],
            "med_route_category": doses["route"].str.casefold().map(routes),
            "med_dose": 0.0 if stops else doses["dose"],
            "med_dose_unit": _rates(doses["unit"], words["rates"]),
            "mar_action_category": action,
            "mar_action_group": "not_administered" if stops else "administered",
        }
    )


def _rates(units: pd.Series, ends: Mapping[str, list[str]]) -> pd.Series:
    for end, spellings in ends.items():
        units = units.str.replace(f"(?:{'|'.join(spellings)})$", end, case=False, regex=True)
    return units
