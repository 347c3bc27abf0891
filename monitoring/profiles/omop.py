"""
OMOP CDM 5.4: PERSON, OBSERVATION_PERIOD, MEASUREMENT and DRUG_EXPOSURE, one Parquet file each.

Concept ids stand with their sources in knowledge/omop.toml; where none is known the id is 0, OMOP's own word for that,
and the source value carries the code. Times are UTC and carry no zone, as the model wants them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from monitoring.disguise import subject_ids
from monitoring.exports.about import About
from monitoring.exports.fields import parse
from monitoring.exports.package import write_package
from monitoring.exports.tables import Frames
from monitoring.exports.typed import schema, write_tables

NAME = "omop"
NEEDS: tuple[str, ...] = ("labs", "treatments")
FILE = "omop.toml"
SCHEMAS = {
    "person": schema(
        "person_id whole, gender_concept_id whole, year_of_birth whole, month_of_birth whole, day_of_birth whole,"
        "birth_datetime wall, race_concept_id whole, ethnicity_concept_id whole, location_id whole, provider_id whole,"
        "care_site_id whole, person_source_value text, gender_source_value text, gender_source_concept_id whole,"
        "race_source_value text, race_source_concept_id whole, ethnicity_source_value text,"
        "ethnicity_source_concept_id whole"
    ),
    "observation_period": schema(
        "observation_period_id whole, person_id whole, observation_period_start_date day,"
        "observation_period_end_date day, period_type_concept_id whole"
    ),
    "measurement": schema(
        "measurement_id whole, person_id whole, measurement_concept_id whole, measurement_date day,"
        "measurement_datetime wall, measurement_time text, measurement_type_concept_id whole,"
        "operator_concept_id whole, value_as_number number, value_as_concept_id whole, unit_concept_id whole,"
        "range_low number, range_high number, provider_id whole, visit_occurrence_id whole, visit_detail_id whole,"
        "measurement_source_value text, measurement_source_concept_id whole, unit_source_value text,"
        "unit_source_concept_id whole, value_source_value text, measurement_event_id whole,"
        "meas_event_field_concept_id whole"
    ),
    "drug_exposure": schema(
        "drug_exposure_id whole, person_id whole, drug_concept_id whole, drug_exposure_start_date day,"
        "drug_exposure_start_datetime wall, drug_exposure_end_date day, drug_exposure_end_datetime wall,"
        "verbatim_end_date day, drug_type_concept_id whole, stop_reason text, refills whole, quantity number,"
        "days_supply whole, sig text, route_concept_id whole, lot_number text, provider_id whole,"
        "visit_occurrence_id whole, visit_detail_id whole, drug_source_value text, drug_source_concept_id whole,"
        "route_source_value text, dose_unit_source_value text"
    ),
}
NOTES = [
    "Values are in this program's unit; unit_concept_id says it, unit_source_value too. A bound has its operator.",
    "Concept id 0: no concept with a source is known here; the source value carries the code.",
    "In a pseudonymous export the year of birth follows from the moved dates and the age in completed years.",
]
UNBORN = "patients without a known year of birth: the model wants one"
Words = Mapping[str, Any]


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    words = parse(FILE)
    about.notes += NOTES
    named: dict[int, str] = {}
    rows = write_tables(_said(parts, words, named, about), SCHEMAS, folder)
    if about.identified:
        pairs = [{"person_id": number, "patient_id": name} for number, name in sorted(named.items())]
        told = pa.schema([("person_id", pa.int64()), ("patient_id", pa.string())])
        pq.write_table(pa.Table.from_pylist(pairs, schema=told), folder / "person_names.parquet")
    write_package(about, folder, {})
    return rows


def _said(parts: Iterable[Frames], words: Words, named: dict[int, str], about: About) -> Iterator[Frames]:
    for frames in parts:
        numbers = subject_ids(frames["patients"]["patient_id"], about.wanted.key)
        named |= {number: name for name, number in numbers.items()}
        known = {name: _numbered(frame, numbers) for name, frame in frames.items() if name in _USED}
        people = _people(known["patients"], words, about)
        has_year = people["person_id"]
        yield {
            "person": people,
            "observation_period": _periods(_of(known["labs"], has_year), words),
            "measurement": _measurements(_of(known["labs"], has_year), words, about),
            "drug_exposure": _exposures(_of(known["treatments"], has_year), words, about),
        }


_USED = ("patients", "labs", "treatments")


def _numbered(frame: pd.DataFrame, numbers: Mapping[str, int]) -> pd.DataFrame:
    return frame.assign(person_id=frame["patient_id"].map(numbers).astype("int64"))


def _of(frame: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    return frame[frame["person_id"].isin(people)]


def _people(patients: pd.DataFrame, words: Words, about: About) -> pd.DataFrame:
    born = pd.to_datetime(patients["birth_date"], errors="coerce", format="%Y-%m-%d")
    told = pd.to_numeric(patients["birth_date"].str[:4], errors="coerce")
    begun = patients["first_result_at"].fillna(patients["admitted_at"])
    year = told.fillna(begun.dt.year - patients["age_years"].astype("float64"))
    about.leave_out(UNBORN, int(year.isna().sum()))
    people = pd.DataFrame(
        {
            "person_id": patients["person_id"],
            "gender_concept_id": _concepts(patients["sex"], words["gender"]),
            "year_of_birth": year,
            "month_of_birth": born.dt.month,
            "day_of_birth": born.dt.day,
            "birth_datetime": born,
            "race_concept_id": 0,
            "ethnicity_concept_id": 0,
            "person_source_value": patients["patient_id"],
            "gender_source_value": patients["sex"],
            "gender_source_concept_id": 0,
        }
    )
    return people[year.notna()].sort_values("person_id", ignore_index=True)


def _concepts(codes: pd.Series, known: Mapping[str, Mapping[str, Any]]) -> pd.Series:
    return codes.map({code: entry["concept"] for code, entry in known.items()}).fillna(0).astype("int64")


def _periods(labs: pd.DataFrame, words: Words) -> pd.DataFrame:
    """From the first to the last value in the export."""
    spans = labs.groupby("person_id")["collected_at"].agg(["min", "max"])
    return pd.DataFrame(
        {
            "observation_period_id": spans.index,
            "person_id": spans.index,
            "observation_period_start_date": spans["min"].array,
            "observation_period_end_date": spans["max"].array,
            "period_type_concept_id": words["type"]["record"]["concept"],
        }
    )


def _measurements(labs: pd.DataFrame, words: Words, about: About) -> pd.DataFrame:
    _count_unknown(labs["analyte"], words["measurement"], about)
    limit = labs["value"].map("{:.12g}".format).astype("str")
    return pd.DataFrame(
        {
            "measurement_id": _ids(labs["value_id"]),
            "person_id": labs["person_id"],
            "measurement_concept_id": _concepts(labs["analyte"], words["measurement"]),
            "measurement_date": labs["collected_at"],
            "measurement_datetime": labs["collected_at"],
            "measurement_time": labs["collected_at"].dt.strftime("%H:%M:%S"),
            "measurement_type_concept_id": words["type"]["lab"]["concept"],
            "operator_concept_id": _concepts(labs["comparator"].fillna("="), words["operator"]),
            "value_as_number": labs["value"],
            "unit_concept_id": _concepts(labs["unit"], words["unit"]),
            "range_low": labs["reference_low"],
            "range_high": labs["reference_high"],
            "measurement_source_value": labs["analyte"],
            "measurement_source_concept_id": 0,
            "unit_source_value": labs["unit"],
            "value_source_value": labs["comparator"].fillna("").astype("str") + limit,
        }
    ).sort_values(["person_id", "measurement_datetime", "measurement_source_value"], ignore_index=True)


def _exposures(doses: pd.DataFrame, words: Words, about: About) -> pd.DataFrame:
    """The model wants an end: a single administration ends when it starts."""
    _count_unknown(doses["drug"], words["drug"], about)
    ended = doses["ended_at"].fillna(doses["started_at"])
    return pd.DataFrame(
        {
            "drug_exposure_id": _ids(doses["dose_id"]),
            "person_id": doses["person_id"],
            "drug_concept_id": _concepts(doses["drug"], words["drug"]),
            "drug_exposure_start_date": doses["started_at"],
            "drug_exposure_start_datetime": doses["started_at"],
            "drug_exposure_end_date": ended,
            "drug_exposure_end_datetime": ended,
            "verbatim_end_date": doses["ended_at"],
            "drug_type_concept_id": words["type"]["administration"]["concept"],
            "quantity": doses["dose"],
            "route_concept_id": 0,
            "drug_source_value": doses["drug"],
            "drug_source_concept_id": 0,
            "route_source_value": doses["route"],
            "dose_unit_source_value": doses["unit"],
        }
    ).sort_values(["person_id", "drug_exposure_start_datetime", "drug_source_value"], ignore_index=True)


def _ids(told: pd.Series) -> pd.Series:
    """Sixteen hexadecimal signs as a number that a signed 64-bit column holds: the topmost bit is let go."""
    return told.map(lambda signs: int(signs, 16) & (2**63 - 1)).astype("int64")


def _count_unknown(codes: pd.Series, known: Mapping[str, Any], about: About) -> None:
    for code, count in codes[~codes.isin(known)].value_counts().items():
        about.leave_out(f"concept of {code}: none with a source is known here, its rows have concept id 0", count)
