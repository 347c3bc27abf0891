"""The patient's page above the figure: who, the verdict and its table, treatment and options, flags with why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import pandas as pd

from dashboard import flag_panel, wording
from dashboard.bedside import Bedside, shown_analytes
from dashboard.charts import PANELS
from dashboard.concern import concern, numbered
from dashboard.flag_panel import Source, cited_sources
from dashboard.markup import Markup, page
from dashboard.response_table import ResponseTable, response_table
from dashboard.selection import address
from dashboard.series import phrase
from dashboard.ward_table import steroid_clock
from monitoring.terms import Analyte, Catalog


@dataclass(frozen=True)
class Given:
    """A drug of the current line and how it stands to one cited range."""

    words: str
    stands: str
    tone: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Option:
    """A drug of the next line: its range, the range for this body, its source. Never an order."""

    label: str
    doses: tuple[tuple[str, str, str, tuple[Source, ...]], ...]
    caution: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Readout:
    """The newest value of an analyte, what it does and how old it is."""

    label: str
    unit: str
    number: str
    phrase: str
    age: str


@dataclass(frozen=True)
class Sheet:
    """What templates/patient.html and templates/rounds.html show of one patient."""

    side: Bedside
    about: str
    weight: str
    verdict: str
    tone: str
    edge: str
    readouts: tuple[Readout, ...]
    newest: str
    table: ResponseTable | None
    clock: Any
    line: str
    line_since: str
    given: tuple[Given, ...]
    options: tuple[Option, ...]
    flags: tuple[flag_panel.FlagPanel, ...]
    past: tuple[flag_panel.FlagPanel, ...]
    due: str
    late: tuple[str, ...]
    href: str


def sheet(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> Sheet:
    said, table = concern(side, catalog, zone=zone), response_table(side, catalog, zone=zone)
    return Sheet(
        side=side,
        about=side.about(days=True),
        weight=_weight(side),
        verdict=table.verdict if table else "No high-dose steroid",
        tone=table.tone if table else "quiet",
        edge=said.tone,
        readouts=readouts(side, catalog) if table is None or not table.rows else (),
        newest=_newest(side),
        table=table,
        clock=steroid_clock(side),
        line=str(side.line["label"]) if side.line else "None",
        line_since=_line_since(side, zone),
        given=_given(side, catalog),
        options=tuple(_option(told, catalog) for told in table.options) if table else (),
        flags=tuple(flag_panel.active(side, catalog, zone=zone)),
        past=tuple(flag_panel.past(side, catalog, zone=zone)),
        due=f"next due {wording.clock(said.due_at, zone, today=side.as_of)}" if said.due_at else "",
        late=_late(side, catalog),
        href=address("/patient", patient=side.id),
    )


def patient_html(side: Bedside, catalog: Catalog, neighbours: Mapping[str, Any], *, zone: tzinfo) -> Markup:
    return page("patient.html", sheet=sheet(side, catalog, zone=zone), neighbours=neighbours)


def readouts(side: Bedside, catalog: Catalog) -> tuple[Readout, ...]:
    """The newest values of what the figure shows, where there is no response table to show them."""
    analytes = [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code in PANELS]
    return tuple(_readout(analyte, side, catalog) for analyte in analytes)


def _readout(analyte: Analyte, side: Bedside, catalog: Catalog) -> Readout:
    trend = side.trends[analyte.code]
    number = wording.number(trend["value"], analyte, trend["comparator"])
    words = phrase(trend, side.series[analyte.code], catalog)
    return Readout(analyte.label, wording.unit(analyte.unit), number, words, wording.age(trend["collected_at"], side.as_of))


def _line_since(side: Bedside, zone: tzinfo) -> str:
    known = side.line is not None and side.line["line"] != "none" and not pd.isna(side.line["since"])
    return wording.stamp(side.line["since"], zone) if side.line is not None and known else ""


def _weight(side: Bedside) -> str:
    weight = side.patient["weight_kg"]
    return "weight unknown" if pd.isna(weight) else f"{weight:g} kg"


def _newest(side: Bedside) -> str:
    if side.newest_collected_at is None:
        return "no labs yet"
    return f"newest labs {wording.age(side.newest_collected_at, side.as_of)} old"


def _given(side: Bedside, catalog: Catalog) -> tuple[Given, ...]:
    doses = side.line["doses"] if side.line else []
    return tuple(given for dose in doses for given in _against(dose, catalog))


def _against(dose: Mapping[str, Any], catalog: Catalog) -> list[Given]:
    plain = Given(wording.dose(dose), "", "quiet", ())
    return [
        Given(wording.dose(dose), f"{_stands(ranged['stands'])} {ranged['range']}", wording.DOSE_TONE[ranged["stands"]], cited_sources(ranged["source"], catalog))
        for ranged in dose["ranges"]
    ] or [plain]  # fmt: skip


def _stands(word: str) -> str:
    return "no comparison with" if word == "cannot tell" else word


def _option(told: Mapping[str, Any], catalog: Catalog) -> Option:
    doses = tuple((d["range"], d["schedule"], d["for_patient"], cited_sources(d["source"], catalog)) for d in told["doses"])
    return Option(told["label"], doses, told["caution"], cited_sources(told["source"], catalog))


def _late(side: Bedside, catalog: Catalog) -> tuple[str, ...]:
    """Ferritin: none since 19 h."""
    return tuple(f"{catalog.analytes[row['analyte']].label}: {_since(row['last_at'], side)}" for row in side.late)


def _since(last_at: pd.Timestamp, side: Bedside) -> str:
    return "none yet" if pd.isna(last_at) else f"none for {wording.age(last_at, side.as_of)}"


def neighbours(patients: pd.DataFrame, patient_id: str) -> dict[str, Any]:
    """The patients before and after this one in the order of the beds; None at either end."""
    told = choices(patients)
    here = next(place for place, choice in enumerate(told) if choice["id"] == patient_id)
    return {"before": told[here - 1] if here else None, "after": told[here + 1] if here + 1 < len(told) else None}


def choices(patients: pd.DataFrame) -> list[dict[str, str]]:
    """Everybody known, by bed: id, title, href."""
    rows = patients[["patient_id", "bed", "ward"]].to_dict("records")
    rows.sort(key=lambda row: (row["ward"], numbered(row["bed"] or row["patient_id"])))
    return [
        {"id": row["patient_id"], "title": f"Bed {row['bed']}" if row["bed"] else row["patient_id"], "href": address("/patient", patient=row["patient_id"])}
        for row in rows
    ]  # fmt: skip


def choice_html(patients: pd.DataFrame) -> Markup:
    return page("choice.html", choices=choices(patients))
