"""What the research view reads: saved cohorts, who is in them, and the table to take along."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.selection import LabsAsked
from monitoring.cohorts import Members
from monitoring.cohorts import find as find_cohort
from monitoring.cohorts import members as cohort_members
from monitoring.disguise import own_key
from monitoring.exporting import Wanted, labs_table
from storage import newest
from storage.cohorts import cohorts as stored_cohorts


def pseudonym_key() -> bytes:
    return own_key(reading.settings().data_dir)


def labs(asked: LabsAsked, as_of: datetime) -> pd.DataFrame:
    """The research table: tidy, in our units beside those reported; pseudonymous unless asked otherwise."""
    return _labs(reading.settings().database_url, newest.mark(reading.store()), reading.EVERYONE, asked, as_of)


def cohorts(as_of: datetime) -> list[str]:
    """Those saved, as NAME@VERSION, the newest version of a name first."""
    told = stored_cohorts(reading.store(), as_of=as_of).iloc[::-1].sort_values("name", kind="stable")
    return [f"{name}@{version}" for name, version in zip(told["name"], told["version"], strict=True)]


def members(called: str, as_of: datetime) -> Members:
    """Who is in a saved cohort."""
    return _members(reading.settings().database_url, newest.mark(reading.store()), reading.EVERYONE, called, as_of)


@st.cache_resource(ttl=300, max_entries=8, show_spinner="Looking who is in the cohort …")
def _members(url: str, mark: str, scope: str, called: str, as_of: datetime) -> Members:
    cohort = find_cohort(reading.store(), reading.catalog(), called, as_of=as_of, zone=reading.zone())
    return cohort_members(reading.store(), reading.catalog(), cohort, as_of=as_of)


@st.cache_resource(ttl=300, max_entries=4, show_spinner=False)
def _labs(url: str, mark: str, scope: str, asked: LabsAsked, as_of: datetime) -> pd.DataFrame:
    key = None if asked.identified else own_key(reading.settings().data_dir)
    wanted = Wanted(as_of, asked.patients, asked.analytes, asked.start, asked.end, key=key)
    return labs_table(reading.store(), reading.catalog(), wanted)
