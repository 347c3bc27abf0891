"""
MEDS 0.4: one row an event. `data/*.parquet` hold some patients each, sorted by subject and time; `metadata/` has the
codes, the dataset and, where patients are named, whose number is whose.

A unit is part of the code; a bound has its text (">40000") and no number; a course is a START and an END.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from monitoring.disguise import subject_ids
from monitoring.exports.about import About, instant, program, write_json
from monitoring.exports.package import write_package
from monitoring.exports.tables import Frames
from monitoring.terms import Analyte, Catalog

NAME = "meds"
NEEDS: tuple[str, ...] = ("labs", "treatments", "findings", "flag_changes", "responses")
VERSION = "0.4.1"
EVENTS = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us")),
        pa.field("code", pa.string(), nullable=False),
        pa.field("numeric_value", pa.float32()),
        pa.field("text_value", pa.large_string()),
    ]
)
CODES = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
    ]
)
BIRTH = "MEDS_BIRTH"
TIME = "datetime64[us, UTC]"
NO_TIME = "events whose moment is not told: they would tell when a batch was loaded"


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    (folder / "data").mkdir(exist_ok=True)
    known: dict[str, tuple[str, list[str]]] = {}
    subjects: dict[int, str] = {}
    rows = 0
    for place, frames in enumerate(parts):
        numbers = subject_ids(frames["patients"]["patient_id"], about.wanted.key)
        events = _events(frames, numbers, about)
        known |= _codes(events["code"].unique(), about.catalog)
        subjects |= {number: patient for patient, number in numbers.items()}
        pq.write_table(_table(events), folder / "data" / f"{place:05d}.parquet", compression="zstd")
        rows += len(events)
    _metadata(folder, known, subjects, about)
    return {"events": rows, "codes": len(known)}


def _table(events: pd.DataFrame) -> pa.Table:
    plain = events.assign(time=events["time"].dt.tz_convert("UTC").dt.tz_localize(None))
    return pa.Table.from_pandas(plain, schema=EVENTS, preserve_index=False).replace_schema_metadata(None)


def _events(frames: Frames, numbers: dict[str, int], about: About) -> pd.DataFrame:
    """All events of a part; those without a time are told of the person and come first."""
    told = [
        *_of_people(frames["patients"]), _labs(frames["labs"], about.catalog),
        *_given(frames["treatments"]), _findings(frames["findings"]), _flags(frames["flag_changes"], about),
        _responses(frames["responses"]),
    ]  # fmt: skip
    columns = ["patient_id", "time", "code", "numeric_value", "text_value"]
    events = pd.concat([_shaped(one, columns) for one in told], ignore_index=True)
    events["subject_id"] = events["patient_id"].map(numbers).astype("int64")
    order = ["subject_id", "time", "code"]
    return events.sort_values(order, na_position="first", kind="stable", ignore_index=True)[EVENTS.names]


def _shaped(events: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    missing = {name: pd.Series(None, index=events.index, dtype=_TYPES[name]) for name in columns if name not in events}
    return events.assign(**missing)[columns].astype(_TYPES)


_TYPES = {"patient_id": "str", "time": TIME, "code": "str", "numeric_value": "float64", "text_value": "str"}


def _event(frame: pd.DataFrame, time: pd.Series | None, code: pd.Series | str, **values: pd.Series) -> pd.DataFrame:
    moments = pd.Series(pd.NaT, index=frame.index, dtype=TIME) if time is None else time
    return pd.DataFrame({"patient_id": frame["patient_id"], "time": moments, "code": code, **values})


def _of_people(patients: pd.DataFrame) -> list[pd.DataFrame]:
    return [_born(patients), *_traits(patients), *_stays(patients)]


def _born(patients: pd.DataFrame) -> pd.DataFrame:
    """Where the day is known and may be told."""
    day = pd.to_datetime(patients["birth_date"], errors="coerce", format="%Y-%m-%d", utc=True)
    known = patients[day.notna()]
    return _event(known, day[day.notna()], BIRTH)


def _traits(patients: pd.DataFrame) -> list[pd.DataFrame]:
    sex, context = patients[patients["sex"].notna()], patients[patients["context"].notna()]
    aged = patients[patients["age_years"].notna() & patients["birth_date"].isna()]
    return [
        _event(sex, None, "SEX//" + sex["sex"]),
        _event(context, None, "MASWATCH//CONTEXT//" + context["context"]),
        _event(aged, aged["first_result_at"], "MASWATCH//AGE//a", numeric_value=aged["age_years"].astype("float64")),
        *(_measured(patients, name, unit) for name, unit in (("weight", "kg"), ("height", "cm"))),
    ]


def _measured(patients: pd.DataFrame, name: str, unit: str) -> pd.DataFrame:
    known = patients[patients[f"{name}_{unit}"].notna()]
    return _event(known, None, f"MASWATCH//{name.upper()}//{unit}", numeric_value=known[f"{name}_{unit}"])


def _stays(patients: pd.DataFrame) -> list[pd.DataFrame]:
    begun, ended = (patients[patients[name].notna()] for name in ("admitted_at", "discharged_at"))
    return [
        _event(begun, begun["admitted_at"], "HOSPITAL_ADMISSION"),
        _event(ended, ended["discharged_at"], "HOSPITAL_DISCHARGE"),
    ]


def _labs(labs: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    exact = labs["comparator"].isna()
    limit = labs["value"].map("{:.12g}".format).astype("str")
    return _event(
        labs, labs["collected_at"], _lab_code(labs, catalog),
        numeric_value=labs["value"].where(exact), text_value=(labs["comparator"] + limit).where(~exact),
    )  # fmt: skip


def _lab_code(labs: pd.DataFrame, catalog: Catalog) -> pd.Series:
    """
    One code an analyte: its first LOINC code and the unit of the value, which is ours whatever the source sent.

    A source's own code may mean moles where the value now is a mass, so it would say something wrong beside it.
    """
    return labs["analyte"].map({analyte: _code(known) for analyte, known in catalog.analytes.items()})


def _code(known: Analyte) -> str:
    """ "ug/L FEU" is ug/L{FEU} in UCUM."""
    unit, _, annotation = known.unit.partition(" ")
    return f"LAB//{known.loinc[0] if known.loinc else known.code}//{unit}" + (f"{{{annotation}}}" if annotation else "")


def _given(doses: pd.DataFrame) -> list[pd.DataFrame]:
    unit = doses["unit"].fillna("").astype("str").str.replace(r"/{2,}", "/", regex=True)  # as reported: // parts a code
    code = "MEDICATION//" + doses["drug"] + "//" + unit
    begun, amount = doses["started_at"], doses["dose"].astype("float64")
    course = doses["ended_at"].notna()
    kind = pd.Series("GIVEN", index=doses.index).where(~course, "START")
    ended = doses[course]
    return [
        _event(doses, begun, code + "//" + kind, numeric_value=amount),
        _event(ended, ended["ended_at"], code[course] + "//END"),
    ]


def _findings(findings: pd.DataFrame) -> pd.DataFrame:
    number = pd.to_numeric(findings["value"], errors="coerce").astype("float64")
    text = findings["value"].where(number.isna())
    code = "MASWATCH//FINDING//" + findings["finding"]
    return _event(findings, findings["observed_at"], code, numeric_value=number, text_value=text)


def _flags(changes: pd.DataFrame, about: About) -> pd.DataFrame:
    """At the moment it was said: what a model may know by then."""
    told = changes[changes["changed_at"].notna()]
    about.leave_out(NO_TIME, len(changes) - len(told))
    code = "MASWATCH//FLAG//" + told["flag"] + "//" + told["change"].str.upper()
    return _event(told, told["changed_at"], code, text_value=told["severity"])


def _responses(verdicts: pd.DataFrame) -> pd.DataFrame:
    """At the moment it was due; the numeric value is the probability of a response."""
    code = "MASWATCH//RESPONSE//" + verdicts["hours"].astype("str") + "h//" + verdicts["verdict"].str.upper()
    return _event(verdicts, verdicts["due_at"], code, numeric_value=verdicts["probability"])


def _codes(codes: Iterable[str], catalog: Catalog) -> dict[str, tuple[str, list[str]]]:
    analytes = {_code(known): known for known in catalog.analytes.values()}
    return {code: _described(code, analytes.get(code), catalog) for code in codes}


def _described(code: str, analyte: Analyte | None, catalog: Catalog) -> tuple[str, list[str]]:
    """In words, and the LOINC, RxNorm and ATC codes that it is one of."""
    kind, _, rest = code.partition("//")
    if analyte is not None:
        return f"{analyte.label}, converted to {analyte.unit}", [f"LOINC/{one}" for one in analyte.loinc]
    if kind == "MEDICATION":
        name, unit, when = rest.split("//")
        given = catalog.drugs.get(name) or catalog.products.get(name)
        drug = catalog.drugs.get(name)
        parents = [*(f"RxNorm/{one}" for one in drug.rxnorm), *(f"ATC/{one}" for one in drug.atc)] if drug else []
        return " ".join(filter(None, [given.label if given else name, unit and f"in {unit},", when.lower()])), parents
    if code == BIRTH:
        return "Birth", []
    words = rest.replace("//", ", ") if kind == "MASWATCH" else code.replace("//", ", ").capitalize()
    return words.replace("_", " "), []


def _metadata(folder: Path, known: dict[str, tuple[str, list[str]]], subjects: dict[int, str], about: About) -> None:
    rows = [{"code": code, "description": told[0], "parent_codes": told[1]} for code, told in sorted(known.items())]
    metadata = folder / "metadata"
    metadata.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=CODES), metadata / "codes.parquet")
    if about.identified:
        named = pa.schema([("subject_id", pa.int64()), ("patient_id", pa.string())])
        pairs = [{"subject_id": number, "patient_id": name} for number, name in sorted(subjects.items())]
        pq.write_table(pa.Table.from_pylist(pairs, schema=named), metadata / "subjects.parquet")
    told = {
        "dataset_name": about.layout.title, "dataset_version": about.catalog.version, "etl_name": "maswatch",
        "etl_version": program(), "meds_version": VERSION, "created_at": instant(about.wanted.as_of),
    }  # fmt: skip
    write_json(metadata / "dataset.json", told)
    write_package(about, folder, {})
