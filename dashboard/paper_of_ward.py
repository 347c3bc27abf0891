"""The rounds of a ward as a PDF straight from the store, for the command line; `maswatch rounds` names this module."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from dashboard import cut_out
from dashboard.paper import Paper, pdf
from dashboard.rounds_list import here
from dashboard.rounds_sheet import scores_of
from dashboard.selection import RoundsAsked
from dashboard.since_rounds import since_rounds, told
from monitoring.present import present
from monitoring.state import recent_state
from monitoring.terms import Catalog
from storage.engine import Store


@dataclass(frozen=True)
class Made:
    """`patients` in the order of the pages; nobody, and `content` is empty. `wards` are those that have patients."""

    content: bytes
    patients: list[str]
    wards: list[str]


def made(
    store: Store,
    catalog: Catalog,
    zone: tzinfo,
    *,
    as_of: datetime,
    ward: str,
    patient: str,
    paper: str,
    units: str = "",
) -> Made:
    """The sheets of everybody, of one `ward` or of one `patient`; `paper` is "A4" or "Letter", `units` as on screen."""
    watched = present(store, catalog, as_of=as_of).patients
    everybody = cut_out.ward(recent_state(store, catalog, as_of=as_of, patients=watched))
    sides = [side for side in here(everybody, RoundsAsked(ward=ward)) if patient in ("", side.id)]
    patients = [side.id for side in sides]
    wards = sorted({str(side.patient["ward"]) for side in here(everybody, RoundsAsked())} - {""})
    if not sides:
        return Made(b"", [], wards)
    news = since_rounds(everybody.state, told(store, as_of=as_of))
    content = pdf(sides, news, scores_of(everybody, patients), catalog, paper=Paper(paper, as_of, zone, units))
    return Made(content, patients, wards)
