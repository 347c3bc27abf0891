"""
What a person saw at the bedside and wrote down here: findings, temperature, weight.

It is read by the same rules as any feed's rows and kept under a source of its own, so that it counts in judgement at
once; taken back, it stays stored as entered in error.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from monitoring.answering import in_words
from monitoring.errors import AnswerRefused
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import sift
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store
from storage.versions import current
from storage.writes import Batch, append

SOURCE: Final = "bedside"
RUN: Final = "bedside"
WEIGHT: Final = "weight"
UNITS: Final = {"weight": "kg"}
TAKEN_BACK: Final = "entered-in-error"
NO_NAME: Final = "Nothing was kept: say who you are first."
LONGEST_NAME: Final = 80
TOLD: Final = ["what", "value", "at", "by", "source_id"]
NAMED: Final = {"finding": "what", "observed_at": "at"}
HOUR: Final = re.compile(r"\d{1,2}:\d{2}")


@dataclass(frozen=True)
class Entry:
    """One thing seen. `what`: a finding of the catalog, or "weight"; `at`: ward time as text."""

    patient_id: str
    what: str
    value: str
    at: str


@dataclass(frozen=True)
class Bedside:
    """Where entries go, by which clock they are read, and when this is."""

    store: Store
    catalog: Catalog
    zone: ZoneInfo
    now: datetime


def enter(place: Bedside, entry: Entry, *, by: str) -> str:
    """Keeps it; its source_id. Raises AnswerRefused, with what is wrong, for what no feed could send either."""
    source_id = uuid.uuid4().hex
    _keep(place, entry, by=by, source_id=source_id, status="final")
    return source_id


def take_back(place: Bedside, patient_id: str, source_id: str, *, by: str) -> None:
    """Entered in error: it no longer counts and stays stored. Raises AnswerRefused when it does not stand."""
    found = entries(place.store, patient_id, as_of=place.now).set_index("source_id")
    if source_id not in found.index:
        raise AnswerRefused("Nothing was changed: this entry has been taken back already.")
    told = found.loc[source_id]
    entry = Entry(patient_id, str(told["what"]), str(told["value"]), told["at"].isoformat())
    _keep(place, entry, by=by, source_id=source_id, status=TAKEN_BACK)


def entries(store: Store, patient_id: str, *, as_of: datetime) -> pd.DataFrame:
    """What was entered here and stands: what, value, at, by, source_id; the newest first."""
    seen = current(queries.findings(store, as_of=as_of, patients=[patient_id]))
    weighed = current(queries.observations(store, as_of=as_of, patients=[patient_id], analytes=[WEIGHT]))
    named = {"value_text": "value", "collected_at": "at", "origin": "by", "analyte": "what"}
    weighed = weighed.drop(columns="value").rename(columns=named)
    both = [frame[[*TOLD, "source"]] for frame in (seen.rename(columns=NAMED), weighed) if len(frame)]
    told = pd.concat(both, ignore_index=True) if both else pd.DataFrame(columns=[*TOLD, "source"])
    mine = told[told["source"].eq(SOURCE)]
    return mine.sort_values("at", ascending=False, kind="stable")[TOLD].reset_index(drop=True)


def when(typed: str, place: Bedside) -> str:
    """Nothing typed is now; 14:05 is the last time the ward's clock said so; anything else is read as it stands."""
    now = place.now.astimezone(place.zone)
    if not typed.strip():
        return now.isoformat()
    if not HOUR.fullmatch(typed.strip()):
        return typed.strip()
    hour, minute = (int(part) for part in typed.strip().split(":"))
    if hour > 23 or minute > 59:
        raise AnswerRefused("Nothing was kept: the time is no time of day.")
    day = now.date() if (hour, minute) <= (now.hour, now.minute) else now.date() - timedelta(days=1)
    return f"{day} {hour:02d}:{minute:02d}"


def _keep(place: Bedside, entry: Entry, *, by: str, source_id: str, status: str) -> None:
    name = in_words(by, NO_NAME)[:LONGEST_NAME]
    at = Circumstances(place.catalog, place.zone, place.now, SOURCE)
    kind, columns = _row(entry, {"source_id": source_id, "status": status})
    taken = sift(Rows(kind, {key: [value] for key, value in columns.items()}, [name], lambda _: ""), at)
    if taken.refused:
        raise AnswerRefused(f"Nothing was kept: {_in_reader_words(taken.refused[0].sentence)}")
    facts = {key: frame.assign(by=name) if key == "findings" else frame for key, frame in taken.facts.items()}
    batch = Batch(run_id=RUN, source=SOURCE, received_at=place.now, named=True)
    append(place.store, replace(batch, **facts))  # type: ignore[arg-type]


def _row(entry: Entry, about: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The entry as a row of the contract."""
    told = {"patient_id": entry.patient_id, "value": entry.value.strip(), **about}
    if entry.what in UNITS:
        return "labs", {**told, "analyte": entry.what, "unit": UNITS[entry.what], "collected_at": entry.at}
    return "findings", {**told, "finding": entry.what, "observed_at": entry.at}


def _in_reader_words(sentence: str) -> str:
    """A feed's column is a field of the form here."""
    for name in ("collected_at", "observed_at"):
        sentence = sentence.replace(name, "the time")
    return sentence[:1].lower() + sentence[1:]
