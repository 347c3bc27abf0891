"""The whole history of patients, as it was told. Imports nothing that judges."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from monitoring.analysis.course import Course
from storage import queries
from storage.engine import Store


def told(store: Store, *, as_of: datetime, patients: list[str] | None = None, without: Collection[str] = ()) -> Course:
    """Every version of every fact received by `as_of`; of observations all but the columns `without`."""
    return Course(
        patients=queries.patients(store, as_of=as_of, patients=patients),
        observations=queries.observations(store, as_of=as_of, patients=patients, without=without),
        doses=queries.doses(store, as_of=as_of, patients=patients),
        findings=queries.findings(store, as_of=as_of, patients=patients),
    )
