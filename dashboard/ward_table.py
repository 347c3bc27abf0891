"""The ward as a table: one row a patient, the most worrying first. Frames in, HTML out; imports no streamlit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final
from zlib import crc32

from dashboard import wording
from dashboard.bedside import STEROID_CLOCK_HOURS, Bedside, Ward
from dashboard.concern import MAIN, Concern, Phrase, concern
from dashboard.markup import Markup, page
from dashboard.next_due import coming, overdue
from dashboard.selection import WardAsked, address
from dashboard.series import phrase, scale
from dashboard.silence import fold, is_silent, parted
from dashboard.sparkline import sparkline
from dashboard.units_shown import SYSTEMS, catalog_in, changes, in_units
from dashboard.verdicts import is_history
from dashboard.ward_filters import choices, further_words, hidden_words, in_tile, passes, without
from monitoring.terms import Analyte, Catalog

FOLDED: Final = ("platelets", "crp")
PHRASES: Final = 2
DRUGS: Final = 2
LONG_NAME: Final = 18
FIRST_ROWS: Final = 25
MOST_ROWS: Final = 200  # of a hospital's thousand every look would else send all to every viewer
ROW: Final = "row"
BLANKS: Final = re.compile(r"[ \n]+")

TILES: Final[Mapping[str, str]] = {
    "decision": "need a decision",
    "watch": "to watch",
    "responding": "responding",
    "due": "fall due before {next}",
    "overdue": "labs overdue",
}
TILE_TONE: Final[Mapping[str, str]] = {
    "decision": "decision", "watch": "watch", "responding": "good", "due": "quiet", "overdue": "watch",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One analyte of one patient: the newest number, its line, what it does, and how old it is when that matters."""

    label: str
    unit: str
    folded: bool
    spark: Markup
    number: str
    phrase: str
    state: str
    hover: str


@dataclass(frozen=True)
class Clock:
    """Hours since the steroid start on a bar of 72 h; shares in percent."""

    hours: float
    words: str
    filled: float
    running: bool


@dataclass(frozen=True)
class Row:
    side: Bedside
    concern: Concern
    href: str
    about: str
    phrases: tuple[Phrase, ...]
    more: tuple[Phrase, ...]
    line: str
    drugs: str
    clock: Clock | None
    cells: tuple[Cell, ...]
    newest: str
    due: str
    silent: bool = False
    drawn: dict[bool, Markup] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Tile:
    code: str
    count: int
    words: str
    tone: str
    href: str
    chosen: bool


def rows(ward: Ward, catalog: Catalog, *, zone: tzinfo, units: str = "") -> list[Row]:
    """Every patient who has not left, the most worrying first; worked out once for all who look at this reading."""
    staying = [side for side in ward.sides if not side.has_left]
    told = (_row_of(ward, side, catalog, zone, "" if units == "conventional" else units) for side in staying)
    return sorted(told, key=lambda row: row.concern.order)


def work_out(ward: Ward, catalog: Catalog, *, zone: tzinfo, units: str = "", several: bool | None = None) -> None:
    """
    Everything that a view of the whole ward is made of, before anybody asks for it. `several`: whether more than one
    ward is shown, where these are not all of it.
    """
    told = rows(ward, catalog, zone=zone, units=units)
    several = len(_wards(told)) > 1 if several is None else several
    for row in told:
        _row_html(row, several=several)


def _wards(rows: Iterable[Row]) -> list[str]:
    return sorted({str(row.side.patient["ward"]) for row in rows} - {""})


def _row_of(ward: Ward, side: Bedside, catalog: Catalog, zone: tzinfo, units: str) -> Row:
    kept = ward.beside.setdefault((ROW, str(zone), catalog.version, units), {})
    told: Row | None = kept.get(side.id)
    if told is None or told.side is not side:
        told = kept[side.id] = _row(side, catalog, zone, units)
    return told


def _row_html(row: Row, *, several: bool) -> Markup:
    """One row of the board; `several`: more than one ward is shown, and each row says which it is of."""
    if several not in row.drawn:
        row.drawn[several] = Markup(BLANKS.sub(" ", page("ward_row.html", row=row, several=several)))
    return row.drawn[several]


def chosen(rows: Sequence[Row], asked: WardAsked, *, next_run_at: datetime | None) -> list[Row]:
    """The rows that the address asks for, in the same order."""
    return passes(rows, asked, next_run_at=next_run_at)


def tiles(rows: Sequence[Row], asked: WardAsked, *, next_run_at: datetime | None, zone: tzinfo) -> list[Tile]:
    """Five counts among what else is asked for; a click shows only those rows, a second click shows all again."""
    here = without(rows, asked, "show", next_run_at=next_run_at)
    until = wording.clock(next_run_at, zone, today=rows[0].side.as_of) if next_run_at and rows else "the next run"
    return [
        Tile(code, sum(in_tile(row, code, next_run_at) for row in here), words.format(next=until), TILE_TONE[code],
             asked.address(show="" if asked.show == code else code), asked.show == code)
        for code, words in TILES.items()
    ]  # fmt: skip


def ward_html(ward: Ward, catalog: Catalog, asked: WardAsked, *, zone: tzinfo, next_run_at: datetime | None) -> Markup:
    """The board as a whole."""
    board, _ = _drawn(ward, catalog, asked, zone=zone, next_run_at=next_run_at, first=None)
    return board


def ward_parts(
    ward: Ward, catalog: Catalog, asked: WardAsked, *, zone: tzinfo, next_run_at: datetime | None
) -> tuple[Markup, Markup]:
    """
    The board down to the end of the first screens, and the rows below it for static/rows.js to put there; nothing
    where there are none. A browser shows the first part before the second has come.
    """
    return _drawn(ward, catalog, asked, zone=zone, next_run_at=next_run_at, first=FIRST_ROWS)


def _drawn(
    ward: Ward,
    catalog: Catalog,
    asked: WardAsked,
    *,
    zone: tzinfo,
    next_run_at: datetime | None,
    first: int | None,
) -> tuple[Markup, Markup]:
    everyone = rows(ward, catalog, zone=zone, units=asked.units)
    passing = chosen(everyone, asked, next_run_at=next_run_at)
    shown, silent = parted(passing)
    most = len(shown) if asked.every or len(shown) <= MOST_ROWS else MOST_ROWS
    wards = _wards(everyone)
    several = len(wards) > 1 and not asked.ward
    drawn = [_row_html(row, several=several) for row in shown[:most]]
    rest = Markup("").join(drawn[first:]) if first else Markup("")
    part = f"{len(rest)}-{crc32(rest.encode()):x}" if rest else ""
    board = page(
        "ward.html",
        rows=drawn[:first],
        part=part,
        below=len(drawn[first:]) if first else 0,
        further=further_words(shown[most:]),
        every=asked.address(every="1"),
        silent=fold(silent, catalog, zone),
        tiles=tiles(parted(everyone)[0], asked, next_run_at=next_run_at, zone=zone),
        choices=choices(everyone, asked, catalog, next_run_at=next_run_at),
        hidden=hidden_words(everyone, passing, asked),
        heads=[(analyte, analyte.code in FOLDED) for analyte in main_analytes(catalog, asked.units)],
        units=SYSTEMS if changes(catalog, MAIN) else (),
        wards=[(w, w or "All wards", asked.address(ward=w)) for w in ("", *wards)],
        asked=asked,
        everyone=len(everyone),
        clear=WardAsked(ward=asked.ward, theme=asked.theme, units=asked.units).address(),
        clear_all=address("/", theme=asked.theme, units=asked.units),
        kiosk=asked.address(kiosk="1", find=""),
        order=asked.address(),
        coming=coming(shown, catalog, zone),
        overdue=overdue(shown),
        zone=wording.zone_name(ward.as_of.astimezone(zone)),
    )
    return board, Markup('<table data-rest="{}" hidden><tbody>{}</tbody></table>').format(part, rest) if rest else rest


def main_analytes(catalog: Catalog, units: str) -> list[Analyte]:
    """The columns of values, as they are told in these units."""
    shown = catalog_in(catalog, units, MAIN)
    return [shown.analytes[code] for code in MAIN if code in shown.analytes]


def _row(side: Bedside, catalog: Catalog, zone: tzinfo, units: str) -> Row:
    said, shown = concern(side, catalog, zone=zone), in_units(side, catalog, units, codes=MAIN)
    return Row(
        side=side,
        concern=said,
        href=address("/patient", patient=side.id),
        about=side.about(),
        phrases=said.phrases[:PHRASES],
        more=said.phrases[PHRASES:],
        line=side.line_label,
        drugs=drugs_words(side, catalog),
        clock=steroid_clock(side, catalog),
        cells=tuple(_cell(*shown, code, zone) for code in MAIN if code in catalog.analytes),
        newest=wording.age(side.newest_collected_at, side.as_of),
        due=_due_words(side, said, zone),
        silent=is_silent(side, catalog),
    )


def drugs_words(side: Bedside, catalog: Catalog) -> str:
    """anakinra 100 mg, methylprednisolone 1 g, +1: the drugs of the current line first, two at most."""
    if side.line is None or side.line["line"] == "none":
        return ""
    own = set(side.line["drugs"])
    doses = sorted(side.line["doses"], key=lambda dose: dose["drug"] not in own)
    words = list(dict.fromkeys(_dose_words(dose, catalog) for dose in doses))
    return ", ".join(words[:DRUGS]) + (f", +{len(words) - DRUGS}" if len(words) > DRUGS else "")


def _dose_words(dose: Mapping[str, Any], catalog: Catalog) -> str:
    long = len(dose["label"]) > LONG_NAME and dose["drug"] in catalog.drugs
    return wording.dose({**dose, "label": catalog.drugs[dose["drug"]].short} if long else dose)


def steroid_clock(side: Bedside, catalog: Catalog) -> Clock | None:
    """None without a high-dose course, and long after its start, when the bar says nothing any more."""
    gone = side.steroid_hours
    if gone is None or is_history(side, catalog):
        return None
    share = min(gone / STEROID_CLOCK_HOURS, 1.0) * 100
    return Clock(gone, f"{gone:.0f} h since steroid start", round(share, 1), gone < STEROID_CLOCK_HOURS)


def _due_words(side: Bedside, said: Concern, zone: tzinfo) -> str:
    if said.late:
        return "overdue"
    if said.due_now:
        return "due now"
    return f"due {wording.hour_of_day(said.due_at, zone, today=side.as_of)}" if said.due_at else ""


def _cell(side: Bedside, catalog: Catalog, code: str, zone: tzinfo) -> Cell:
    analyte, trend = catalog.analytes[code], side.trends.get(code)
    unit = wording.unit(analyte.unit)
    if trend is None:
        return Cell(
            analyte.label, unit, code in FOLDED, Markup(""), wording.MISSING, _awaited(side, analyte), "none", ""
        )
    series = side.series[code]
    gone = wording.since(trend["collected_at"], side.as_of)
    old = analyte.due_hours is not None and gone > analyte.due_hours
    number = wording.number(trend["value"], analyte, trend["comparator"])
    at = wording.stamp(trend["collected_at"], zone)
    hover = f"{analyte.label} {number} {unit}, {wording.hours(gone)} old, {at}"
    return Cell(
        label=analyte.label,
        unit=unit,
        folded=code in FOLDED,
        spark=Markup(sparkline(series.points, scale(side, analyte, catalog), label=hover)),
        number=number,
        phrase=f"{wording.hours(gone)} old" if old else phrase(trend, series, catalog),
        state="old" if old else "",
        hover=hover,
    )


def _awaited(side: Bedside, analyte: Analyte) -> str:
    return "awaited" if any(row["analyte"] == analyte.code for row in side.awaited) else "none lately"
