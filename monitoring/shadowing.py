"""Changed rules tried on what has happened: both catalogs over the same courses, and nothing is written anywhere."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.analysis.course import UNJUDGED, Course
from monitoring.analysis.shadow import Shadow, shadow
from monitoring.analysis.stays import DAY, Watched, patient_days, stays, watched
from monitoring.analysis.written import moment
from monitoring.catalog import KNOWLEDGE, load_catalog
from monitoring.replaying import WORTH_A_CORE
from monitoring.terms import Catalog
from monitoring.whole_course import told
from storage import heard
from storage.engine import Store

EVERY_HOURS = 12.0


@dataclass(frozen=True)
class Stretch:
    """The time that is looked at, and how often."""

    since: datetime | None
    until: datetime
    every_hours: float


@dataclass(frozen=True)
class Shadowed:
    """What differed, over how much; `changed`: the numbers of rules that differ between the two catalogs."""

    found: Shadow
    changed: list[dict[str, Any]]
    patients: int
    patient_days: float
    steps: int

    def printed(self) -> dict[str, Any]:
        """Counts alone: nobody is named."""
        return {
            "patients": self.patients,
            "patient_days": round(self.patient_days, 2),
            "steps": self.steps,
            "changed": self.changed,
            "flags": self.found.flags.to_dict("records"),
            "verdicts": self.found.verdicts.to_dict("records"),
        }


def changed_catalog(path: Path, site_file: Path | None) -> Catalog:
    """
    The catalog as it would be: `path` in place of the site's file, with what that only tries switched on, or, where it
    is a folder, its files in place of the knowledge files of the same names, with the site's own file as it is.
    """
    if not path.is_dir():
        return load_catalog(path).switched_on()
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place)
        for folder in (KNOWLEDGE, path):
            for file in folder.glob("*.toml"):
                shutil.copy(file, whole / file.name)
        return load_catalog(site_file, folder=whole)


def shadowed(course: Course, active: Catalog, changed: Catalog, *, over: Stretch) -> Shadowed:
    """`course`: every version of every fact, with the times they were received."""
    since = moment(over.since) if over.since else None
    stay = stays(course, since=since, until=moment(over.until))
    ours, theirs = _both(course, (active, changed), stay=stay, every=pd.Timedelta(hours=over.every_hours))
    days = patient_days(stay)
    return Shadowed(
        found=shadow(ours, theirs, days=days, since=since),
        changed=changed_numbers(active, changed),
        patients=len(stay),
        patient_days=days,
        steps=ours.steps,
    )


def on_trial(store: Store, catalog: Catalog, *, since: datetime, until: datetime) -> Shadowed:
    """
    The rules that the site's file has in the shadow beside those in force, over what is stored; of those alone who were
    watched since then, each with their whole history.
    """
    whom = sorted({*heard.since(store, since - timedelta(days=DAY.days)), *heard.never(store)})
    course = told(store, as_of=until, patients=whom, without=UNJUDGED)
    return shadowed(course, catalog, catalog.switched_on(), over=Stretch(since, until, EVERY_HOURS))


def _both(
    course: Course, catalogs: tuple[Catalog, Catalog], *, stay: pd.DataFrame, every: pd.Timedelta
) -> tuple[Watched, Watched]:
    """Both runs, side by side where there are patients enough to be worth another interpreter."""
    active, changed = catalogs
    if len(stay) < WORTH_A_CORE:
        return watched(course, active, stay=stay, every=every), watched(course, changed, stay=stay, every=every)
    # a new interpreter, since this one may hold threads and open connections that no copy can use
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ours = pool.submit(watched, course, active, stay=stay, every=every)
        theirs = watched(course, changed, stay=stay, every=every)
        return ours.result(), theirs


def changed_numbers(active: Catalog, changed: Catalog) -> list[dict[str, Any]]:
    """Rule, parameter and its value in either; None where a rule or parameter is not there."""
    ours, theirs = _numbers(active), _numbers(changed)
    return [
        {"rule": rule, "parameter": name, "active": ours.get((rule, name)), "changed": theirs.get((rule, name))}
        for rule, name in sorted(ours | theirs)
        if ours.get((rule, name)) != theirs.get((rule, name))
    ]


def _numbers(catalog: Catalog) -> dict[tuple[str, str], Any]:
    return {(code, name): value for code, rule in catalog.rules.items() for name, value in rule.parameters.items()}
