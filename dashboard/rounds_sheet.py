"""The rounds: every patient with the response table, what speaks for and against, what is missing, and the options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from dashboard import wording
from dashboard.bedside import Bedside, Ward
from dashboard.concern import concern, ranked
from dashboard.markup import Markup, page
from dashboard.patient_sheet import sheet
from dashboard.selection import RoundsAsked, address
from monitoring.terms import Catalog


def rounds_html(ward: Ward, catalog: Catalog, asked: RoundsAsked, *, zone: tzinfo) -> Markup:
    """One article a patient, the most worrying first: those asked for."""
    everyone = sorted(
        (side for side in ward.sides if not side.has_left), key=lambda side: concern(side, catalog, zone=zone).order
    )
    shown = wanted(everyone, asked)
    return page(
        "rounds.html",
        sheets=[sheet(side, catalog, zone=zone) for side in shown],
        chosen=asked.patient,
        left_out=len(everyone) - len(shown),
        everyone=len(everyone),
        all=address("/rounds", show="all"),
        back=address("/rounds"),
        at=wording.dated(ward.as_of, zone),
    )


def wanted(sides: Sequence[Bedside], asked: RoundsAsked) -> list[Bedside]:
    if asked.patient:
        return [side for side in sides if side.id == asked.patient]
    return (
        list(sides) if asked.everybody else [side for side in sides if side.response is not None or ranked(side.flags)]
    )
