"""When each analyte of one patient was last drawn, however long ago: a word each, without reading their values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import bindparam, func, select, text

from storage import merges
from storage.engine import Store
from storage.instants import Instant
from storage.reading import among
from storage.recent import FENCE, INDEX, LAST
from storage.tables import Observation
from storage.versions import WITHDRAWN


def last_drawn(store: Store, patient_id: str, *, as_of: datetime) -> dict[str, pd.Timestamp]:
    """Analyte -> the time of its newest value that was known at `as_of` and stood."""
    table: Any = Observation.__table__  # type: ignore[attr-defined]
    with store.reading() as connection:
        names = merges.known(connection, as_of).asked([patient_id]) or []
        engine = connection.dialect.name
        by = f"INDEXED BY {INDEX[Observation]}" if engine == "sqlite" else ""
        last = text(LAST.format(table="observation", of="observation", by=by, fence=FENCE[engine]))
        asked = (
            select(table.c.analyte, func.max(table.c.collected_at))
            .where(among(connection, table.c.patient_id, names), table.c.received_at <= as_of)
            .where(table.c.status.not_in(sorted(WITHDRAWN)), last.bindparams(bindparam("as_of", as_of, Instant)))
            .group_by(table.c.analyte)
        )
        return {analyte: pd.Timestamp(at) for analyte, at in connection.execute(asked)}
