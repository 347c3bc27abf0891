"""The patient's page above the figure: who, the verdict and its table, treatment and options, flags with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Any, Final

import pandas as pd

from dashboard import flag_panel, wording
from dashboard.bedside import Bedside, Row, Ward, shown_analytes
from dashboard.charts import OPENED, PANELS
from dashboard.concern import concern, decided, numbered
from dashboard.drawn_once import drawn_once
from dashboard.flag_actions import Reader, actions
from dashboard.flag_panel import Source, cited_sources
from dashboard.given_list import GivenRow, given_rows
from dashboard.markup import Markup, page
from dashboard.missing_due import missing_and_due, nothing_awaited
from dashboard.response_table import ResponseTable, response_table
from dashboard.rounds_news import Entry
from dashboard.selection import PatientAsked, address
from dashboard.series import phrase
from dashboard.units_shown import in_units
from dashboard.verdicts import verdict_tone, verdict_words
from dashboard.ward_table import steroid_clock
from dashboard.wording import Tone
from monitoring.published import known_course
from monitoring.terms import Analyte, Catalog

FOUNDING: Final = ("S1", "S2")
NOBODY: Final = Reader()
MOST_EARLIER: Final = 300  # of those who left, the last; any other is found by the address
STANDS: Final = {"within": "within", "above": "above", "below": "below", "cannot tell": "cited"}


@dataclass(frozen=True)
class Range:
    """A cited dose range: how the dose stands to it, or what it comes to for this body."""

    words: str
    own: str
    schedule: str
    stands: str
    tone: Tone
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Given:
    """A drug of the current line with the ranges cited for it."""

    words: str
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Option:
    """A drug of the next line, never an order: what the founding documents give first, other ranges on demand."""

    label: str
    ranges: tuple[Range, ...]
    others: tuple[Range, ...]
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
    given_when: tuple[GivenRow, ...]
    due: str
    missing: tuple[Entry, ...]
    nothing_awaited: str
    href: str


def sheet(side: Bedside, catalog: Catalog, *, zone: tzinfo, units: str = "") -> Sheet:
    """Values of the tables in the `units` asked for; flags and treatment always in those they were judged in."""
    shown = in_units(side, catalog, units)
    said, table = concern(side, catalog, zone=zone), response_table(*shown, zone=zone)
    verdict, tone = _head(side, table, catalog)
    return Sheet(
        side=side,
        about=side.about(days=True),
        weight=_weight(side),
        verdict=verdict,
        tone=tone,
        edge=said.tone,
        readouts=readouts(*shown) if table is None or not table.rows else (),
        newest=_newest(side),
        table=table,
        clock=steroid_clock(side, catalog),
        line=side.line_label,
        line_since=_line_since(side, zone),
        given=_given(side, catalog),
        options=tuple(_option(told, catalog) for told in table.options) if table else (),
        flags=tuple(flag_panel.active(side, catalog, zone=zone)),
        past=tuple(flag_panel.past(side, catalog, zone=zone)),
        due=f"next due {wording.clock(said.due_at, zone, today=side.as_of)}" if said.due_at else "",
        given_when=given_rows(side, catalog, zone=zone),
        missing=tuple(missing_and_due(side, catalog, partial(_when, side, zone))),
        nothing_awaited=nothing_awaited(side),
        href=address("/patient", patient=side.id),
    )


def patient_html(
    side: Bedside,
    catalog: Catalog,
    neighbours: Mapping[str, Any],
    *,
    zone: tzinfo,
    reader: Reader = NOBODY,
    asked: PatientAsked = OPENED,
) -> Markup:
    return page(
        "patient.html",
        sheet=sheet(side, catalog, zone=zone, units=asked.units),
        asked=asked,
        neighbours=neighbours,
        published=known_course(side.id, str(side.patient["ward"])),
        acts=actions(side, catalog, reader, zone=zone),
        reader=reader,
    )


def readouts(side: Bedside, catalog: Catalog) -> tuple[Readout, ...]:
    """The newest values of what the figure shows, where there is no response table to show them."""
    analytes = [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code in PANELS]
    return tuple(_readout(analyte, side, catalog) for analyte in analytes)


def _readout(analyte: Analyte, side: Bedside, catalog: Catalog) -> Readout:
    trend = side.trends[analyte.code]
    number = wording.number(trend["value"], analyte, trend["comparator"])
    words = phrase(trend, side.series[analyte.code], catalog)
    return Readout(
        analyte.label, wording.unit(analyte.unit), number, words, wording.age(trend["collected_at"], side.as_of)
    )


def _head(side: Bedside, table: ResponseTable | None, catalog: Catalog) -> tuple[str, Tone]:
    """What stands beside the name: the newest verdict, else why there is none."""
    if window := decided(side):
        return verdict_words(side, window, catalog), verdict_tone(side, window, catalog)
    return (table.verdict, table.tone) if table else _without_course(side, catalog)


def _without_course(side: Bedside, catalog: Catalog) -> tuple[str, Tone]:
    """A steroid whose dose nobody wrote down may have been a high one: that is unknown, and not "none"."""
    steroids = {code for code, drug in catalog.drugs.items() if drug.starts_course}
    unknown = any(span["given"] in steroids and not span["amount_text"] for span in side.spans)
    return ("Steroid dose not recorded", "watch") if unknown else ("No high-dose steroid", "quiet")


def _line_since(side: Bedside, zone: tzinfo) -> str:
    known = side.line is not None and side.line["line"] != "none" and not pd.isna(side.line["since"])
    return wording.stamp(side.line["since"], zone) if side.line is not None and known else ""


def _weight(side: Bedside) -> str:
    """The one that doses are reckoned with: what was measured beats what was told of the patient."""
    measured = side.trends.get("weight")
    weight = side.patient["weight_kg"] if measured is None or measured["comparator"] else measured["value"]
    return "weight unknown" if pd.isna(weight) else f"{weight:g} kg"


def _newest(side: Bedside) -> str:
    if side.newest_collected_at is None:
        return "no labs yet"
    return f"newest labs {wording.age(side.newest_collected_at, side.as_of)} old"


def _given(side: Bedside, catalog: Catalog) -> tuple[Given, ...]:
    doses = side.line["doses"] if side.line else []
    return tuple(Given(wording.dose(dose), _against(dose["ranges"], catalog)) for dose in doses)


def _against(ranges: Iterable[Row], catalog: Catalog) -> tuple[Range, ...]:
    return tuple(
        Range(
            told["range"],
            "",
            "",
            STANDS[told["stands"]],
            wording.DOSE_TONE[told["stands"]],
            cited_sources(told["source"], catalog),
        )
        for told in ranges
    )


def _option(told: Row, catalog: Catalog) -> Option:
    first, others = _founding_first(told["doses"])
    return Option(
        label=told["label"],
        ranges=tuple(_for_body(dose, catalog) for dose in first),
        others=tuple(_for_body(dose, catalog) for dose in others),
        caution=told["caution"],
        sources=cited_sources(told["source"], catalog),
    )


def _for_body(dose: Row, catalog: Catalog) -> Range:
    return Range(
        dose["range"], dose["for_patient"], dose["schedule"], "", "quiet", cited_sources(dose["source"], catalog)
    )


def _founding_first(doses: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The first range of each founding document, alike ones as one with both sources; and all that is left."""
    chosen: dict[str, Row] = {}
    for tag in FOUNDING:
        own = next((dose for dose in doses if dose["tag"] == tag), None)
        if own is not None:
            alike = chosen.get(own["range"], {**own, "source": []})
            chosen[own["range"]] = {**alike, "source": [*alike["source"], *own["source"]]}
    first = list(chosen.values()) or list(doses[:1])
    return first, [dose for dose in doses if not any(dose["range"] == told["range"] for told in first)]


def _when(side: Bedside, zone: tzinfo, moment: pd.Timestamp) -> str:
    return wording.clock(moment, zone, today=side.as_of)


def neighbours(ward: Ward, patient_id: str) -> dict[str, Any]:
    """The patients before and after this one in the order of the beds; None at either end and for who left."""
    told, places = drawn_once(ward, "beds", lambda: _beds(ward))
    here = places.get(patient_id)
    if here is None:
        return {"before": None, "after": None}
    return {"before": told[here - 1] if here else None, "after": told[here + 1] if here + 1 < len(told) else None}


def _beds(ward: Ward) -> tuple[list[dict[str, str]], dict[str, int]]:
    """Everybody known, and who comes where."""
    told = choices(ward)
    return told, {choice["id"]: place for place, choice in enumerate(told)}


def choices(ward: Ward) -> list[dict[str, str]]:
    """Everybody known, by ward and bed: id, title, href."""
    order = sorted(ward.sides, key=lambda side: (side.patient["ward"], numbered(side.name)))
    return [{"id": side.id, "title": side.title, "href": address("/patient", patient=side.id)} for side in order]


def choice_html(ward: Ward) -> Markup:
    told = sorted(ward.earlier.items(), key=lambda one: one[1], reverse=True)
    earlier = [
        {"id": name, "href": address("/patient", patient=name), "days": (ward.as_of - at).days}
        for name, at in told[:MOST_EARLIER]
    ]
    return page("choice.html", choices=choices(ward), earlier=earlier, count=len(told))
