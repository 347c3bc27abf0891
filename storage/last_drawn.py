"""When what was drawn last was drawn, however long ago: a word each, without reading any value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import String, bindparam, func, select, text

from storage import frames, merges
from storage.engine import Store
from storage.frames import empty
from storage.instants import Instant
from storage.kept import Kept
from storage.reading import among, frame_of
from storage.recent import FENCE, LAST, STRETCH, by_corrections, rows_told, stretches_told
from storage.tables import Observation
from storage.versions import WITHDRAWN

NEWEST = {"patient_id": frames.TEXT, "drawn_at": frames.TIME}
DRAWN = {
    "sqlite": "drawn.collected_at",
    "postgresql": "CAST(EXTRACT(epoch FROM drawn.collected_at) * 1000000 AS bigint)",
}


def last_drawn(store: Store, patient_id: str, *, as_of: datetime) -> dict[str, pd.Timestamp]:
    """Analyte -> the time of its newest value that was known at `as_of` and stood."""
    table: Any = Observation.__table__  # type: ignore[attr-defined]
    with store.reading() as connection:
        names = merges.known(connection, as_of).asked([patient_id]) or []
        engine = connection.dialect.name
        by = by_corrections(connection, Observation)
        last = text(LAST.format(table="observation", of="observation", by=by, fence=FENCE[engine]))
        asked = (
            select(table.c.analyte, func.max(table.c.collected_at))
            .where(among(connection, table.c.patient_id, names), table.c.received_at <= as_of)
            .where(table.c.status.not_in(sorted(WITHDRAWN)), last.bindparams(bindparam("as_of", as_of, Instant)))
            .group_by(table.c.analyte)
        )
        return {analyte: pd.Timestamp(at) for analyte, at in connection.execute(asked)}


def newest(
    store: Store, stretches: pd.DataFrame, *, as_of: datetime, without: Sequence[str], kept: Kept | None = None
) -> pd.DataFrame:
    """
    When the newest result within each stretch was drawn, of any analyte but `without`. Shape NEWEST. `stretches`: in
    order of patient, one of each. `kept`: see `recent`.
    """
    if stretches.empty:
        return empty(NEWEST)

    def read(some: pd.DataFrame) -> pd.DataFrame:
        return _newest(store, some, as_of=as_of, without=without)

    return kept.rows(("newest", *without), stretches, read) if kept else read(stretches)


def _newest(store: Store, stretches: pd.DataFrame, *, as_of: datetime, without: Sequence[str]) -> pd.DataFrame:
    with store.reading() as connection:
        engine = connection.dialect.name
        last = LAST.format(
            table="observation", by=by_corrections(connection, Observation), of="drawn", fence=FENCE[engine]
        )
        asked = text(
            f"""SELECT stretch.patient_id, (
              SELECT {DRAWN[engine]} FROM observation AS drawn
              WHERE drawn.patient_id = stretch.patient_id AND drawn.collected_at BETWEEN stretch.since AND stretch.until
                AND drawn.received_at <= :as_of AND drawn.analyte NOT IN :without AND drawn.status NOT IN :withdrawn
                AND {last} ORDER BY drawn.collected_at DESC LIMIT 1) AS drawn_at
            FROM ({rows_told(engine, STRETCH)}) AS stretch"""
        ).bindparams(
            bindparam("as_of", as_of, Instant), bindparam("stretches", stretches_told(engine, stretches)),
            bindparam("without", list(without), String, expanding=True),  # a server asks what kind of name none is
            bindparam("withdrawn", sorted(WITHDRAWN), expanding=True),
        )  # fmt: skip
        told = frame_of(connection, asked.columns(patient_id=String, drawn_at=Instant), NEWEST)  # type: ignore[arg-type]
        return told.dropna().reset_index(drop=True)
