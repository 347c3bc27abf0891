"""What people said that a source means by its own codes and names: one row a word, none of them ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import delete, select

from storage import frames
from storage.engine import Store
from storage.inserting import insert_into
from storage.reading import among, by, frame_of, plain
from storage.tables import CodeMeaning, SetAsideEnd

MEANING: Any = CodeMeaning.__table__  # type: ignore[attr-defined]
ENDED: Any = SetAsideEnd.__table__  # type: ignore[attr-defined]


def say_meaning(store: Store, source: str, code: str, *, analyte: str, unit: str = "", at: datetime, by: str) -> None:
    """`source` "*" is every source. Without `analyte` the word is taken back. Said twice at one moment: once."""
    row = {"source": source, "code": code, "at": at, "analyte": analyte, "unit": unit, "by": by}
    with store.writing() as connection:
        insert = insert_into(connection, CodeMeaning)
        connection.execute(insert.values(row).on_conflict_do_nothing())


def code_meanings(store: Store) -> pd.DataFrame:
    """Every word ever said, in order of time. Shape CODE_MEANINGS."""
    with store.reading() as connection:
        order = (MEANING.c.at, by(connection, MEANING.c.source), by(connection, MEANING.c.code))
        statement = select(*(plain(connection, column) for column in MEANING.c)).order_by(*order)
        return frame_of(connection, statement, frames.CODE_MEANINGS)


def reopen(store: Store, names: Sequence[str]) -> int:
    """Set-aside items that wait again, since what they were read as was taken back; how many those were."""
    if not names:
        return 0
    with store.writing() as connection:
        return int(connection.execute(delete(ENDED).where(among(connection, ENDED.c.id, names))).rowcount)
