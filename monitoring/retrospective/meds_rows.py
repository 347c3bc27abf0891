"""
MEDS events as rows of text, by what their codes say.

A code is words between "//". A laboratory's is `LAB//code//unit` or `LOINC//code`; what the code means is told by
itself, else by its parents in codes.parquet. A drug's is `MEDICATION//name`, perhaps with its unit and what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from monitoring import lookup
from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.lab_meanings import Names
from monitoring.raw_files import RawFile
from monitoring.refused import Refused
from monitoring.retrospective.meds_folder import EVENTS, FORM, PERSON
from monitoring.retrospective.slices import Slice
from monitoring.retrospective.texts import days, instants, numbers, said_as, texts, told_apart
from monitoring.retrospective.unread import left_out, to_rows
from monitoring.sieve import Circumstances, Rows

FILE = "meds.toml"


@dataclass(frozen=True)
class Meaning:
    """What a code says: `kind` of row ("" for none), our or the database's name for it, its unit, what was done."""

    kind: str
    name: str = ""
    unit: str = ""
    loinc: str = ""
    action: str = ""


NOTHING = Meaning("")


class Codes:
    """What codes say, with the parents that codes.parquet gives them."""

    def __init__(self, parents: Mapping[str, list[str]], at: Circumstances) -> None:
        self._parents = parents
        self._names = Names.of(at.catalog, at.own)
        self._loincs = lookup.loinc_codes(at.catalog)
        self._drugs = lookup.given_names(at.catalog)
        self._words = words()

    def meaning(self, code: str) -> Meaning:
        first, *rest = code.split("//")
        word = first.upper()
        if word in self._words["people"]:
            return Meaning("people", self._words["people"][word], action="//".join(rest))
        if word == self._words["own"]:
            return self._own(rest)
        if word in self._words["labs"]:
            return self._lab(code, rest)
        if word in self._words["medications"]:
            return self._drug(code, rest)
        return self._lab(code, [code]) if self._parent(code) else NOTHING

    def _own(self, rest: list[str]) -> Meaning:
        kind, name, *_ = [*rest, "", ""]
        if kind == "FINDING":
            return Meaning("findings", name)
        column = self._words["traits"].get(kind, "")
        return Meaning("people", column, action=name) if column else NOTHING

    def _lab(self, code: str, rest: list[str]) -> Meaning:
        name, unit = [*rest, "", ""][:2]
        unit = "" if unit.upper() in self._words["no_unit"] else unit
        if name in self._loincs:
            return Meaning("labs", "", unit, name)
        if not self._names.candidates("", name)[1]:
            return Meaning("labs", name, unit)
        parent = self._parent(code)
        return Meaning("labs", "", unit, parent) if parent else NOTHING

    def _parent(self, code: str) -> str:
        told = [
            parent.rpartition("/")[2] for parent in self._parents.get(code, []) if parent.upper().startswith("LOINC")
        ]
        return next((one for one in told if one in self._loincs), "")

    def _drug(self, code: str, rest: list[str]) -> Meaning:
        action = next((part.upper() for part in reversed(rest) if part.upper() in self._words["actions"]), "")
        names = [part for part in rest if lookup.plain_name(part) in self._drugs]
        more = [parent.rpartition("/")[2] for parent in self._parents.get(code, [])]
        name = next(iter([*names, *(one for one in more if one.casefold() in self._drugs)]), "")
        if not name:
            return NOTHING
        unit = next((part for part in rest if part not in (name, "") and part.upper() != action), "")
        return Meaning("treatments", name, unit, action=self._words["actions"].get(action, "given"))


def rows_of(raw: RawFile, cut: Slice, at: Circumstances) -> tuple[list[Rows], list[Refused]]:
    """What is to be sifted, and what is left out: one line a code, with the number of its events."""
    events = cut.rows
    events = events.assign(code=texts(events["code"]))
    codes = Codes(cut.words, at)
    meant = {code: codes.meaning(code) for code in events["code"].unique()}
    told = _with_meaning(events, meant)
    unread = told[told["kind"].eq("") & ~told["code"].str.startswith(_ours())]
    kinds = (_people(raw, told, at), _drugs(raw, told), _findings(raw, told), _labs(raw, told))
    return [rows for rows in kinds if rows is not None], left_out(raw.name, EVENTS, unread["code"].value_counts())


def _with_meaning(events: pd.DataFrame, meant: Mapping[str, Meaning]) -> pd.DataFrame:
    columns = {name: said_as(events["code"], {code: getattr(one, name) for code, one in meant.items()})
               for name in ("kind", "name", "unit", "loinc", "action")}  # fmt: skip
    return events.assign(**columns)


def _labs(raw: RawFile, events: pd.DataFrame) -> Rows | None:
    rows = events[events["kind"].eq("labs")]
    if rows.empty:
        return None
    collected, value = instants(rows["time"]), _values(rows)
    columns = {
        "patient_id": rows[PERSON],
        "analyte": rows["name"],
        "loinc": rows["loinc"],
        "value": value,
        "unit": rows["unit"],
        "collected_at": collected,
        "source_id": told_apart([rows[PERSON], rows["code"], collected], value),
    }
    return to_rows("labs", raw.name, columns)


def _values(rows: pd.DataFrame) -> pd.Series:
    number = numbers(rows["numeric_value"])
    return number.where(number.ne(""), texts(rows["text_value"]))


def _findings(raw: RawFile, events: pd.DataFrame) -> Rows | None:
    rows = events[events["kind"].eq("findings")]
    if rows.empty:
        return None
    columns = {
        "patient_id": rows[PERSON],
        "finding": rows["name"],
        "value": _values(rows),
        "observed_at": instants(rows["time"]),
    }
    return to_rows("findings", raw.name, columns)


def _drugs(raw: RawFile, events: pd.DataFrame) -> Rows | None:
    rows = events[events["kind"].eq("treatments")]
    if rows.empty:
        return None
    started = rows[rows["action"].ne("end")]
    columns = {
        "patient_id": started[PERSON],
        "drug": started["name"],
        "dose": numbers(started["numeric_value"]),
        "unit": started["unit"],
        "started_at": instants(started["time"]),
        "ended_at": said_as(started.index.to_series(), _ends(rows), ""),
        "status": pd.Series(np.where(started["action"].eq("not_given"), "not-done", ""), index=started.index),
    }
    return to_rows("treatments", raw.name, columns) if len(started) else None


def _ends(rows: pd.DataFrame) -> dict[int, str]:
    """For each start the first end of the same drug and unit that has no other start before it."""
    key = [PERSON, "name", "unit"]
    told = rows[rows["action"].isin(["start", "end"])]
    told = told.assign(at=instants(told["time"]), row=told.index)
    told = told.sort_values([*key, "time"], kind="stable", ignore_index=True)
    course = told["action"].eq("start").cumsum()
    ends = told[told["action"].eq("end")].assign(course=course).drop_duplicates([*key, "course"])
    starts = told[told["action"].eq("start")].assign(course=course)
    met = starts.merge(ends[[*key, "course", "at"]], on=[*key, "course"], suffixes=("", "_end"))
    return dict(zip(met["row"].tolist(), met["at_end"].tolist(), strict=True))


def _people(raw: RawFile, events: pd.DataFrame, at: Circumstances) -> Rows:
    """One row a subject: of each trait what was told last."""
    told = events[events["kind"].eq("people") & events["name"].ne("")]
    when = told["name"].isin(["birth_date", "admitted_at", "discharged_at"])
    value = _values(told).where(~when, instants(told["time"]))
    value = value.where(value.ne(""), told["action"])
    last = told.assign(value=value).drop_duplicates([PERSON, "name"], keep="last")
    wide = last.pivot(index=PERSON, columns="name", values="value")
    people = wide.reindex(index=sorted(events[PERSON].unique()), columns=words()["columns"]).reset_index()
    columns = {"patient_id": people[PERSON], **{name: people[name] for name in words()["columns"]}}
    return to_rows("patients", raw.name, columns | {"birth_date": days(columns["birth_date"])})


def _ours() -> tuple[str, ...]:
    """Events that say what was judged, not what was seen."""
    return tuple(f"{words()['own']}//{kind}//" for kind in words()["judged"])


@cache
def words() -> Mapping[str, Any]:
    return parsed(FILE, read_bytes(KNOWLEDGE / FILE))


__all__ = ["FORM", "rows_of"]
