"""
Reading again what was set aside, with the catalog and settings of today.

What can be used now is told to the store as received now, and the item ends. What was told in the meantime is newer
and stays: a row that waited does not correct what came after it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.decoding import original_bytes, unsound
from monitoring.errors import IntakeError
from monitoring.identity import UNKNOWN, placed
from monitoring.intake import Circumstances, IngestCounts, RawFile, counted, encoding_of, read, sift
from monitoring.other_codes import by_own
from monitoring.overtaken import files_of, lines_of, not_overtaken
from monitoring.refused import DECIMAL, WHOLE, Refused, set_aside_frame
from monitoring.settings import Settings
from monitoring.sieve import Rows
from monitoring.sifting import Taken
from monitoring.site_map import circumstances
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store
from storage.writes import Batch, append


@dataclass(frozen=True)
class _Turn:
    """One source's turn. `closed`: ids that ended before and so cannot stand for anything that still waits."""

    store: Store
    at: Circumstances
    encoding: str
    closed: frozenset[str]


@dataclass(frozen=True)
class _Again:
    """`waiting`: how many stay as they are. `ended`: the ids that `facts`, `refused` and `stale` now stand for."""

    waiting: int = 0
    facts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    refused: pd.DataFrame | None = None
    ended: list[str] = field(default_factory=list)
    stale: int = 0


def retry(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    ids: Collection[str] = (),
    *,
    run_id: str,
    now: datetime,
) -> dict[str, int]:
    """Reads the items with these ids (or beginnings of ids), or all, again; counts as `take_in` gives them."""
    chosen = _chosen(queries.set_aside(store), ids)
    return _retried(_turns(store, catalog, settings, chosen, now), run_id).as_dict()


def joined(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    people: Collection[str],
    *,
    source: str,
    run_id: str,
    now: datetime,
) -> IngestCounts:
    """Reads what waited for these patients, named by the source's own ids, now that it is known who they are."""
    waiting = queries.set_aside(store, reason=UNKNOWN)
    waiting = waiting[waiting["source"].eq(source) & waiting["patient_id"].isin(list(people))]
    return _retried(_turns(store, catalog, settings, _in_order(waiting), now), run_id)


def _retried(turns: Iterable[tuple[_Turn, pd.DataFrame]], run_id: str) -> IngestCounts:
    total = IngestCounts()
    for turn, told in turns:
        for again in _read_again(turn, told):
            total += _stored(turn, again, run_id)
    return total


def _turns(
    store: Store, catalog: Catalog, settings: Settings, chosen: pd.DataFrame, now: datetime
) -> Iterator[tuple[_Turn, pd.DataFrame]]:
    """Source by source."""
    if chosen.empty:
        return
    closed = frozenset(queries.set_aside(store, open_only=False)["id"]) - frozenset(queries.set_aside(store)["id"])
    for source, told in chosen.groupby("source", sort=False):
        at = circumstances(store, settings, catalog, str(source), now)
        yield _Turn(store, at, encoding_of(settings, at.source), closed), told


def _chosen(waiting: pd.DataFrame, ids: Collection[str]) -> pd.DataFrame:
    short = tuple(set(ids) - set(waiting["id"]))  # beginnings of ids; thousands of whole ones are found at once
    for name in short:
        if not name or not waiting["id"].str.startswith(name).any():
            raise IntakeError(f"{name!r} is not set aside; `maswatch set-aside list` shows the ids.")
    chosen = waiting[waiting["id"].isin(list(ids)) | waiting["id"].str.startswith(short)] if ids else waiting
    return _in_order(chosen)


def _in_order(waiting: pd.DataFrame) -> pd.DataFrame:
    """As told: by file and line, not "10" before "9"."""
    waiting = waiting.assign(file=files_of(waiting["origin"]), line=lines_of(waiting["origin"]))
    return waiting.sort_values(["received_at", "file", "line"], kind="stable")


def _read_again(turn: _Turn, told: pd.DataFrame) -> Iterator[_Again]:
    files = told["kind"].isin(WHOLE)
    for row in told[files].to_dict("records"):
        yield _whole_file(turn, row["id"], RawFile(row["origin"], original_bytes(row["raw"])))
    rows = told[~files]
    fields = [_redecoded(json.loads(text), turn.encoding) for text in rows["fields"]]
    hopeless = np.array([not one or any(map(unsound, one.values())) for one in fields], dtype=bool)
    yield _Again(int(hopeless.sum()))
    alike: dict[Hashable, list[int]] = {}
    for place in np.flatnonzero(~hopeless).tolist():
        alike.setdefault(_shape(rows["kind"].iloc[place], fields[place]), []).append(place)
    for places in alike.values():
        yield _group(turn, rows.iloc[places].reset_index(drop=True), [fields[place] for place in places])


def _whole_file(turn: _Turn, name: str, raw: RawFile) -> _Again:
    taken = placed(turn.store, read(raw, turn.at, turn.encoding))
    if any(one.kind in WHOLE for one in taken.refused):
        return _Again(waiting=1)
    return _Again(0, taken.facts, set_aside_frame(taken.refused, turn.at.source), [name])


def _redecoded(fields: dict[str, str], encoding: str) -> dict[str, str]:
    """Texts with undecodable bytes, read in the encoding that is set now."""
    return {name: _text(told, encoding) if unsound(told) else told for name, told in fields.items()}


def _text(told: str, encoding: str) -> str:
    try:
        return told.encode("utf-8", "surrogateescape").decode(encoding or "utf-8", "surrogateescape")
    except UnicodeError:
        return told


def _shape(kind: str, fields: dict[str, str]) -> Hashable:
    return kind, fields.get(DECIMAL, "."), tuple(name for name in fields if name != DECIMAL)


def _group(turn: _Turn, told: pd.DataFrame, fields: list[dict[str, str]]) -> _Again:
    """Rows of one kind with the same columns."""
    fields = [dict(by_own(one, turn.at.own)) for one in fields]
    columns = {name: [one[name] for one in fields] for name in fields[0] if name != DECIMAL}
    mark = fields[0].get(DECIMAL, ".")
    rows = Rows(told["kind"].iloc[0], columns, told["origin"].tolist(), told["raw"].tolist().__getitem__, mark)
    sifted = sift(rows, turn.at)
    taken = placed(turn.store, Taken(sifted.facts, [], sifted.rows))
    sound, passed = (_index(one, told) for one in (sifted, taken))
    # as the refused stand: those that fell through the sieve first
    failed = told.index.difference(sound).append(sound.difference(passed))
    refused, other = _for_another_reason(turn, [*sifted.refused, *taken.refused], told.loc[failed])
    facts, stale = not_overtaken(turn.store, turn.at.now, taken.facts, told)
    ended = told.loc[[*passed, *failed[other]], "id"].tolist()
    return _Again(int((~other).sum()), facts, refused, ended, stale)


def _index(taken: Taken, told: pd.DataFrame) -> pd.Index:
    return next((frame.index for frame in taken.facts.values()), told.index[:0])


def _for_another_reason(turn: _Turn, refused: list[Refused], told: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows that got further than last time and stopped at something else: they are told anew, the old item ends."""
    frame = set_aside_frame(refused, turn.at.source)
    other = (frame["reason"].to_numpy() != told["reason"].to_numpy()) & ~frame["id"].isin(turn.closed).to_numpy()
    return frame[other], other


def _stored(turn: _Turn, again: _Again, run_id: str) -> IngestCounts:
    waits = IngestCounts(again.waiting, set_aside=again.waiting)
    if not again.ended:
        return waits
    refused = again.refused if again.refused is not None and len(again.refused) else None
    batch = Batch(
        run_id=run_id,
        source=turn.at.source,
        received_at=turn.at.now,
        **again.facts,  # type: ignore[arg-type]
        set_aside=refused,
        ended=again.ended,
    )
    became = counted(append(turn.store, batch), set_aside=0 if refused is None else len(refused))
    return waits + became + IngestCounts(again.stale, unchanged=again.stale)
