"""
What a code means was changed or taken back: values read under the old meaning are withdrawn, as a laboratory would
withdraw them; and values withdrawn like that come back when the code means their analyte again.

Both are found by reading once more, under the old and the new map, what was set aside under the code and what was
sent with it and is still kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring import lookup
from monitoring.cells import mixed
from monitoring.csv_columns import COLUMNS
from monitoring.cycle import Site, as_raw
from monitoring.intake import encoding_of, read
from monitoring.other_codes import by_own, names
from monitoring.raw_files import RawFile
from monitoring.refused import DECIMAL, Refused, set_aside_frame
from monitoring.runs import new_run_id
from monitoring.sieve import Circumstances, OwnName, Rows
from monitoring.sifting import Taken, sift
from monitoring.site_map import circumstances
from storage import queries
from storage.deliveries import delivery
from storage.feeds import READ_AGAIN, deliveries_kept
from storage.identities import resolved
from storage.meanings import reopen
from storage.versions import WITHDRAWN
from storage.writes import Batch, append

ORIGIN = "site map"
KEY = ["patient_id", "ref"]


@dataclass(frozen=True)
class Texts:
    """Everything of one source that names the code: rows set aside at any time, and what was sent."""

    code: str
    items: pd.DataFrame
    files: list[RawFile]


@dataclass(frozen=True)
class Reading:
    """`facts`: observations. `refused`: rows of the code in what was sent. `read`: ids of items that were usable."""

    facts: pd.DataFrame
    refused: dict[str, list[Refused]]
    read: frozenset[str]


def withdraw(
    site: Site, source: str, code: str, before: Mapping[str, OwnName], after: Mapping[str, OwnName], *, now: datetime
) -> tuple[int, int]:
    """How many values no longer stand, since only `before` reads them, and how many `after` reads instead."""
    texts = texts_of(site, source, code)
    at = circumstances(site.store, site.settings, site.catalog, source, now)
    was, becomes = (read_by(site, texts, replace(at, own=own)) for own in (before, after))
    reopen(site.store, sorted(was.read - becomes.read))
    standing = _standing(site, was.facts, now)
    gone = _among(_without(was.facts, becomes.facts), standing[~standing["status"].isin(WITHDRAWN)])
    gone = gone.assign(value=np.nan, comparator="", status="entered-in-error", origin=ORIGIN)
    instead = _without(becomes.facts, was.facts)
    _keep(site, at, gone, becomes.refused, instead)
    return len(gone), len(instead)


def reinstate(site: Site, source: str, code: str, *, now: datetime) -> int:
    """How many values stand again that another meaning of the code had withdrawn."""
    at = circumstances(site.store, site.settings, site.catalog, source, now)
    told = read_by(site, texts_of(site, source, code), at).facts
    standing = _standing(site, told, now)
    back = _among(told, standing[standing["status"].isin(WITHDRAWN) & standing["origin"].eq(ORIGIN)])
    _keep(site, at, back, {})
    return len(back)


def texts_of(site: Site, source: str, code: str) -> Texts:
    plain = lookup.plain_name(code)
    aside = queries.set_aside(site.store, open_only=False)
    aside = aside[aside["source"].eq(source) & aside["kind"].eq("labs")]
    fields = [json.loads(text) for text in aside["fields"]]
    mine = np.array([plain in names(one, code) for one, code in zip(fields, aside["code"], strict=True)], dtype=bool)
    items = aside.assign(fields=pd.Series(fields, index=aside.index, dtype=object))[mine].reset_index(drop=True)
    return Texts(plain, items, list(_files(site, source, code)))


def read_by(site: Site, texts: Texts, at: Circumstances) -> Reading:
    encoding = encoding_of(site.settings, at.source)
    sent = {raw.delivery: read(raw, at, encoding) for raw in texts.files}
    passed, frames = _items_read(texts.items, at)
    frames += [taken.facts["observations"] for taken in sent.values() if "observations" in taken.facts]
    return Reading(
        _of_patients(site, frames), {name: _of_code(taken, texts.code) for name, taken in sent.items()}, passed
    )


def _of_patients(site: Site, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Each fact once, as last told, under the patient that its number means."""
    facts = resolved(site.store, pd.concat(frames, ignore_index=True)) if frames else pd.DataFrame(columns=KEY)
    return facts.drop_duplicates(KEY, keep="last")


def _files(site: Site, source: str, code: str) -> Iterator[RawFile]:
    """What was sent and still is kept, where the code's own letters stand in it."""
    letters = code.rpartition("|")[2].strip().casefold().encode()
    for name in deliveries_kept(site.store, source):
        for kept in delivery(site.store, name):
            if kept.content and letters in kept.content.lower():
                yield as_raw(kept)


def _items_read(items: pd.DataFrame, at: Circumstances) -> tuple[frozenset[str], list[pd.DataFrame]]:
    passed: set[str] = set()
    frames = []
    for mark, some in items.groupby(items["fields"].map(lambda one: one.get(DECIMAL, ".")), sort=False):
        some = some.reset_index(drop=True)
        told = [by_own(fields, at.own) for fields in some["fields"]]
        columns = {name: [one.get(name, "") for one in told] for name in COLUMNS["labs"]}
        taken = sift(Rows("labs", columns, some["origin"].tolist(), some["raw"].tolist().__getitem__, str(mark)), at)
        for facts in taken.facts.values():
            passed |= set(some.loc[facts.index, "id"])
            frames.append(facts)
    return frozenset(passed), frames


def _of_code(taken: Taken, plain: str) -> list[Refused]:
    return [one for one in taken.refused if one.kind == "labs" and plain in names(one.fields, one.code)]


def _standing(site: Site, facts: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The last version of each of these."""
    patients = facts["patient_id"].unique().tolist() if len(facts) else []
    known = queries.observations(site.store, as_of=now, patients=patients, apart=True)
    return known.sort_values("version").drop_duplicates(KEY, keep="last")


def _without(facts: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return facts[~_is_among(facts, others)] if len(facts) and len(others) else facts


def _among(facts: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return facts[_is_among(facts, others)] if len(facts) else facts


def _is_among(facts: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    return pd.MultiIndex.from_frame(facts[KEY]).isin(pd.MultiIndex.from_frame(others[KEY]))


def _keep(
    site: Site,
    at: Circumstances,
    facts: pd.DataFrame,
    refused: Mapping[str, list[Refused]],
    instead: pd.DataFrame | None = None,
) -> None:
    """`facts` with the moment in what is said, so that they are not taken for something that was said before."""
    aside = [set_aside_frame(told, at.source, name) for name, told in refused.items() if told]
    if len(facts):
        facts = facts.assign(digest=mixed(facts["digest"].to_numpy(), f"{ORIGIN} {at.now.isoformat()}"))
    told = [frame for frame in (facts, instead) if frame is not None and len(frame)]
    observations = pd.concat(told, ignore_index=True) if told else None
    waits = pd.concat(aside, ignore_index=True).drop_duplicates("id") if aside else None
    if told or aside:
        batch = Batch(new_run_id(at.now), at.source, at.now, observations, set_aside=waits)
        append(site.store, replace(batch, run=_run(batch, len(facts), 0 if waits is None else len(waits))))


def _run(batch: Batch, corrected: int, aside: int) -> dict[str, Any]:
    """A row among the runs, like those of other things read again: no sign of life of the source."""
    told = {"run_id": batch.run_id, "source": READ_AGAIN, "kind": "ingest", "outcome": "ok", "corrected": corrected}
    new = 0 if batch.observations is None else len(batch.observations) - corrected
    counts = {"read": new + corrected + aside, "new": new, "set_aside": aside}
    return told | counts | {"started_at": batch.received_at, "finished_at": batch.received_at}
