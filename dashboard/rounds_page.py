"""The sheet of one patient on the screen, with the way to the patients before and after. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

from dashboard import wording
from dashboard.bedside import Bedside, Row, Ward
from dashboard.figure_choices import units_choice
from dashboard.markup import Markup, page
from dashboard.rounds_list import here
from dashboard.rounds_sheet import rounds_sheet
from dashboard.rounds_words import AXIS, SUPPORT, cited, foot
from dashboard.selection import RoundsAsked
from dashboard.shapes import svg
from dashboard.since_rounds import Since
from dashboard.small_multiples import LEGEND, span_of
from monitoring.terms import Catalog

MOST_ON_PAPER: Final = 6  # lines of a section that a printed page holds; the rest is counted


def chosen(ward: Ward, asked: RoundsAsked) -> Bedside | None:
    """Who is asked for, where that patient is gone round to."""
    return next((side for side in here(ward, asked) if side.id == asked.patient), None)


def sheet_html(
    ward: Ward, news: Mapping[str, Since], scored: Sequence[Row], catalog: Catalog, *, asked: RoundsAsked, zone: tzinfo
) -> Markup:
    side = chosen(ward, asked)
    if side is None:
        return page("rounds_unknown.html", chosen=asked.patient, up=asked.address(patient="", ward=""))
    order = here(ward, asked)
    place = order.index(side)
    told = rounds_sheet(side, news[side.id], scored, catalog, zone=zone, units=asked.units)
    return page(
        "rounds.html",
        told_of=told,
        before=_neighbour(order, place - 1, asked),
        after=_neighbour(order, place + 1, asked),
        up=asked.address(patient=""),
        units=units_choice(catalog, asked, side.trends),
        place=place + 1,
        many=len(order),
        at=wording.dated(ward.as_of, zone),
        zone=wording.zone_name(ward.as_of.astimezone(zone)),
        axis=AXIS[span_of(side).steroid],
        legend=LEGEND,
        svg=svg,
        most=MOST_ON_PAPER,
        foot=(foot(side, catalog, zone=zone), wording.joined(SUPPORT, cited(told.sheet))),
    )


def _neighbour(order: Sequence[Bedside], place: int, asked: RoundsAsked) -> dict[str, str] | None:
    if not 0 <= place < len(order):
        return None
    return {"title": order[place].title, "href": asked.address(patient=order[place].id)}
