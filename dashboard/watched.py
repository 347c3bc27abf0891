"""The ward as it is watched at a moment, with what every view of it begins with. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from dashboard import cut_out
from dashboard.bedside import Ward
from dashboard.rounds_ahead import ahead
from dashboard.rounds_sheet import scores_of
from dashboard.since_rounds import Told
from dashboard.ward_table import work_out
from monitoring.present import present
from monitoring.state import recent_state
from monitoring.terms import Catalog
from storage.engine import Store


@dataclass(frozen=True)
class Shown:
    """How a site shows its ward: its zone, and the units it chose."""

    zone: tzinfo
    units: str


def watched(store: Store, catalog: Catalog, as_of: datetime) -> Ward:
    """Everybody who is still watched."""
    here = present(store, catalog, as_of=as_of)
    told = cut_out.ward(recent_state(store, catalog, as_of=as_of, patients=here.patients), here.earlier)
    return cut_out.lightened(told)


def some_watched(store: Store, catalog: Catalog, as_of: datetime, patients: Sequence[str]) -> Ward:
    """These alone, who are judged as they would be among all."""
    return cut_out.lightened(cut_out.ward(recent_state(store, catalog, as_of=as_of, patients=[*patients])))


def made_ready(
    ward: Ward,
    catalog: Catalog,
    shown: Shown,
    store: Store,
    *,
    said: Told | None = None,
    several: bool | None = None,
) -> Ward:
    """
    With the rows of the board, everybody's scores and news, so that no reader waits for them; see `ahead`, `work_out`.
    """
    work_out(ward, catalog, zone=shown.zone, units=shown.units, several=several)
    scored, news = scores_of(ward, [side.id for side in ward.sides]), ahead(ward, store, said)
    return cut_out.lightened(replace(ward, scored=scored, news=news))
