"""
The only door to data. Opens the store once a process; reads are shared by all viewers for a few seconds.

A read is shared under the store's newest change and the scope of who may see what, so that neither a new result nor
another person's rights are ever answered from an older read.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard.health import RUNS_SEEN, Health, health, unreadable
from dashboard.metrics import Gauges
from monitoring.catalog import load_catalog
from dashboard.selection import LabsAsked
from monitoring.disguise import own_key
from monitoring.exporting import Wanted, labs_table
from monitoring.settings import Settings, load_settings
from monitoring.state import WardState, state
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store, open_store
from storage.errors import StoreError

SHARED_SECONDS: Final = 5
EVERYONE: Final = "everyone"  # the only scope while there is no sign-in
_site: dict[str, Settings] = {}


def use(settings: Settings) -> None:
    """The settings this process serves; without it, those of the machine."""
    _site["settings"] = settings


def settings() -> Settings:
    if "settings" not in _site:
        use(load_settings(config=None, data_dir=None, database_url=None))
    return _site["settings"]


def zone() -> ZoneInfo:
    return settings().zone


def catalog() -> Catalog:
    return _catalog(settings().site_catalog)


def store() -> Store:
    """Raises StoreError with a sentence that says what to do."""
    return _store(settings().database_url)


def feed(now: datetime) -> Health:
    try:
        return health(store(), settings(), now=now)
    except StoreError as error:
        return unreadable(settings(), str(error), now=now)


def ward(as_of: datetime) -> WardState:
    return _state(settings().database_url, queries.mark(store()), _slot(as_of), EVERYONE, None, as_of)


def patient(patient_id: str, as_of: datetime) -> WardState:
    """The same for one patient; its frames are empty when nobody of that name is known."""
    return _state(settings().database_url, queries.mark(store()), _slot(as_of), EVERYONE, patient_id, as_of)


def patients(as_of: datetime) -> pd.DataFrame:
    return queries.patients(store(), as_of=as_of)


def corrected(patient_id: str, as_of: datetime) -> pd.DataFrame:
    """Every version of those observations of a patient that have more than one."""
    told = queries.observations(store(), as_of=as_of, patients=[patient_id])
    return told[told["ref"].isin(told.loc[told["version"] > 1, "ref"])]


def labs(asked: LabsAsked, as_of: datetime) -> pd.DataFrame:
    """The research table: tidy, in our units beside those reported; pseudonymous unless asked otherwise."""
    return labs_table(store(), catalog(), wanted(asked, as_of))


def wanted(asked: LabsAsked, as_of: datetime) -> Wanted:
    key = None if asked.identified else own_key(settings().data_dir)
    return Wanted(as_of, asked.patients, asked.analytes, asked.start, asked.end, key=key)


def gauges(now: datetime) -> Gauges:
    """What /metrics counts."""
    known = feed(now)
    if known.status == "failing":
        return Gauges(known, now)
    flags = ward(now).flags
    return Gauges(
        known, now, len(patients(now)), flags[flags["state"].eq("active")].groupby("flag").size().to_dict(),
        queries.runs(store(), limit=RUNS_SEEN).groupby("outcome").size().to_dict(),
    )  # fmt: skip


def _slot(as_of: datetime) -> float:
    return as_of.timestamp() // SHARED_SECONDS


@st.cache_resource(show_spinner=False)
def _catalog(site_catalog: Path | None) -> Catalog:
    return load_catalog(site_catalog)


@st.cache_resource(show_spinner=False)
def _store(url: str) -> Store:
    return open_store(url)


@st.cache_resource(ttl=60, max_entries=64, show_spinner=False)
def _state(url: str, mark: str, slot: float, scope: str, patient_id: str | None, _as_of: datetime) -> Any:
    return state(store(), catalog(), as_of=_as_of, patients=None if patient_id is None else [patient_id])
