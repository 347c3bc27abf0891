"""The codes that nobody has said the meaning of, and what may be chosen for them. Imports no streamlit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.feed_sheet import FeedTold, rows_of
from dashboard.markup import Markup, page
from monitoring.lookup import plain_name
from monitoring.site_map import unit_fault
from monitoring.terms import Catalog

CODES_SHOWN: Final = 8
SHORTEST: Final = 10


@dataclass(frozen=True)
class Code:
    """A code nobody has said the meaning of. `units`: those its examples came with, "" for none."""

    source: str
    code: str
    count: int
    patients: int
    first_at: datetime
    examples: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.source} {self.code}"

    @property
    def short(self) -> str:
        """For a button: the code without the system it is from."""
        bare = self.code.rpartition("|")[2] or self.code
        return bare if len(bare) <= SHORTEST else f"{bare[:SHORTEST]}…"

    @property
    def unit_missing(self) -> bool:
        return "" in self.units


def unmapped(told: FeedTold) -> list[Code]:
    """The codes that wait for a meaning, the most frequent first."""
    groups = told.groups[told.groups["reason"].eq("unknown_analyte") & told.groups["code"].ne("")]
    return [_code(row, told.examples) for row in rows_of(groups)]


def codes_html(codes: Sequence[Code]) -> Markup:
    results = sum(code.count for code in codes)
    return page("feed_codes.html", codes=codes, results=results, more=max(0, len(codes) - CODES_SHOWN))


def code_html(code: Code, *, zone: tzinfo, now: datetime) -> Markup:
    return page("feed_code.html", code=code, since=wording.told_at(code.first_at, zone, as_of=now))


def unit_caution(code: Code, analyte: str, unit: str, catalog: Catalog) -> str:
    """Why results of this code would still wait if it meant that analyte; "" where nothing speaks against it."""
    for sent in code.units:
        told = sent or unit
        if not told:
            return "Some come without a unit: choose the one to read there, or they wait on."
        if fault := unit_fault(catalog, analyte, told):
            return f"{fault.partition(';')[0]}: those would wait on."
    return ""


def analyte_choices(catalog: Catalog) -> dict[str, str]:
    """Label -> code, by label."""
    labels = {analyte.label: code for code, analyte in catalog.analytes.items()}
    return {label: labels[label] for label in sorted(labels, key=plain_name)}


def unit_choices(catalog: Catalog, analyte: str) -> list[str]:
    told = catalog.analytes[analyte]
    return list(dict.fromkeys(unit for unit in (told.unit, *told.units) if unit))


def _code(row: dict[str, Any], examples: pd.DataFrame) -> Code:
    mine = examples[examples["source"].eq(row["source"]) & examples["code"].eq(row["code"])]
    told = [json.loads(text) for text in mine["fields"]]
    units = tuple(dict.fromkeys(str(one.get("unit", "")).strip() for one in told))
    values = tuple(dict.fromkeys(_value(one) for one in told))
    return Code(row["source"], row["code"], row["count"], row["patients"], row["first_at"], values, units)


def _value(told: dict[str, str]) -> str:
    unit = str(told.get("unit", "")).strip()
    return f"{told.get('comparator', '')}{told.get('value', '')} {unit or '(no unit)'}".strip()
