"""The ward as a list for rounds: a line a patient in the order of the beds, what is new, and whether it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from dashboard import wording
from dashboard.bedside import Bedside, Ward
from dashboard.concern import concern, decided, numbered
from dashboard.figure_choices import units_choice
from dashboard.markup import Markup, page
from dashboard.rounds_news import ENDED, Reading
from dashboard.selection import RoundsAsked
from dashboard.since_rounds import Since
from dashboard.verdicts import verdict_tone, verdict_words
from dashboard.ward_table import drugs_words, steroid_clock
from dashboard.wording import Tone
from monitoring.terms import Catalog

NAMED: Final = 3  # of what is late or missing; the sheet names all


@dataclass(frozen=True)
class Line:
    """`new` is what is new in words, empty when nothing is; `done` who saw the patient today and when, or empty."""

    side: Bedside
    href: str
    about: str
    line: str
    drugs: str
    clock: Any
    verdict: str
    tone: Tone
    edge: Tone
    new: tuple[str, ...]
    since: str
    due: str
    late: bool
    done: str


def here(ward: Ward, asked: RoundsAsked) -> list[Bedside]:
    """Who is gone round to: everybody who has not left, of the ward asked for, in the order of wards and beds."""
    staying = [side for side in ward.sides if not side.has_left]
    mine = [side for side in staying if not asked.ward or side.patient["ward"] == asked.ward]
    return sorted(mine, key=lambda side: (str(side.patient["ward"]), numbered(side.name)))


def lines(
    sides: Sequence[Bedside], news: Mapping[str, Since], catalog: Catalog, asked: RoundsAsked, *, zone: tzinfo
) -> list[Line]:
    return [_line(Reading(side, news[side.id], catalog, zone), asked) for side in sides]


def list_html(ward: Ward, news: Mapping[str, Since], catalog: Catalog, asked: RoundsAsked, *, zone: tzinfo) -> Markup:
    sides = here(ward, asked)
    told = lines(sides, news, catalog, asked, zone=zone)
    wards = sorted({str(side.patient["ward"]) for side in ward.sides if not side.has_left} - {""})
    return page(
        "rounds_list.html",
        lines=told,
        done=sum(bool(line.done) for line in told),
        wards=[("", "All wards", asked.address(ward=""))] + [(w, w, asked.address(ward=w)) for w in wards],
        asked=asked,
        units=units_choice(catalog, asked, {code for side in sides for code in side.trends}),
        everyone=len(ward.sides),
        at=wording.dated(ward.as_of, zone),
        zone=wording.zone_name(ward.as_of.astimezone(zone)),
        clear=asked.address(ward=""),
    )


def _line(told: Reading, asked: RoundsAsked) -> Line:
    side, catalog = told.side, told.catalog
    said, window = concern(side, catalog, zone=told.zone), decided(side)
    verdict, tone = _verdict(side, window, catalog)
    return Line(
        side=side,
        href=asked.address(patient=side.id),
        about=side.about(),
        line=side.line_label,
        drugs=drugs_words(side, catalog),
        clock=steroid_clock(side, catalog),
        verdict=verdict or ("Too early to say" if side.response is not None else "No high-dose steroid"),
        tone=tone,
        edge=said.tone,
        new=new_words(told),
        since=f"since {told.when(told.since.at)}" if told.since.marked else "in the last 24 h",
        due=_due(told, said.due_at),
        late=bool(side.late),
        done=done_words(told),
    )


def _verdict(side: Bedside, window: Mapping[str, Any] | None, catalog: Catalog) -> tuple[str, Tone]:
    return (verdict_words(side, window, catalog), verdict_tone(side, window, catalog)) if window else ("", "quiet")


def new_words(told: Reading) -> tuple[str, ...]:
    """Line changed · 2 flags raised, 1 needs a decision · 1 flag ended · 5 results · 2 doses."""
    since, line = told.since, told.side.line
    begun = [row for row in since.flags if row["change"] not in ENDED]
    urgent = sum(row["severity"] == "urgent" for row in begun)
    moved = line is not None and line["line"] != (since.line_before or "none")
    parts = (
        "line changed" if moved else "",
        wording.joined(
            _count(len(begun), "flag raised", "flags raised"), f"{urgent} urgent" if urgent else "", by=", "
        ),
        _count(len(since.flags) - len(begun), "flag ended", "flags ended"),
        _count(since.values, "result", "results"),
        _count(len(since.withdrawn), "result withdrawn", "results withdrawn"),
        _count(len(since.doses), "dose", "doses"),
        _count(len(since.answers), "answer", "answers"),
    )
    return tuple(part for part in parts if part)


def _count(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else many}"


def _due(told: Reading, due_at: Any) -> str:
    labels = [told.catalog.analytes[row["analyte"]].label for row in told.side.late]
    late = f"late: {_named(labels)}" if labels else ""
    window = decided(told.side)
    missing = [told.catalog.analytes[code].label for code in (window["missing"] if window else ())]
    lacks = f"missing at {window['hours']} h: {_named(missing)}" if window and missing else ""
    return wording.joined(late, lacks, f"next due {told.when(due_at)}" if due_at else "")


def _named(labels: Sequence[str]) -> str:
    """ferritin, platelets, AST, +2: inside a sentence."""
    more = [f"+{len(labels) - NAMED}"] if len(labels) > NAMED else []
    return ", ".join([*(wording.running(label) for label in labels[:NAMED]), *more])


def done_words(told: Reading) -> str:
    """08:10, Dr Weber: only what was marked on this day of the ward's clock is done."""
    now = told.side.as_of.astimezone(told.zone)
    today = told.since.marked and told.since.at.astimezone(told.zone).date() >= now.date()
    return f"{told.when(told.since.at)}, {told.since.by}" if today else ""
