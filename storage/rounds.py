"""What was said on rounds: who was seen, the notes, and what was taken back. Added to, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select

from storage import cited, frames
from storage.engine import Store
from storage.inserting import insert_into
from storage.reading import among, chosen, frame_of, key
from storage.tables import Observation, Round

ROUND: Any = Round.__table__  # type: ignore[attr-defined]
OBSERVATION: Any = Observation.__table__  # type: ignore[attr-defined]
MOMENT = timedelta(microseconds=1)


def mark_done(store: Store, patient_id: str, *, at: datetime, by: str, note: str = "") -> datetime:
    """The patient was seen on rounds; when it stands, which is what `take_back` wants. See `_say`."""
    return _say(store, {"patient_id": patient_id, "at": at, "by": by, "done": 1, "note": note, "ends": None})


def add_note(store: Store, patient_id: str, *, at: datetime, by: str, note: str) -> datetime:
    """A note that marks nothing as done; when it stands."""
    return _say(store, {"patient_id": patient_id, "at": at, "by": by, "done": 0, "note": note, "ends": None})


def take_back(store: Store, patient_id: str, *, ends: datetime, at: datetime, by: str) -> datetime:
    """What was said of the patient at `ends` is taken back; it stays stored, and so does who took it back."""
    return _say(store, {"patient_id": patient_id, "at": at, "by": by, "done": 0, "note": "", "ends": ends})


def rounds(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Everything said by `as_of`, what was taken back too, in order of patient and time. Shape ROUNDS."""
    with store.reading() as connection:
        statement = chosen(connection, Round, patients=patients).where(ROUND.c.at <= as_of)
        return frame_of(connection, statement.order_by(*key(connection, Round)), frames.ROUNDS)


def standing(told: pd.DataFrame) -> pd.DataFrame:
    """Of `rounds` what nobody took back, without the taking back. Shape ROUNDS."""
    pairs = told.loc[told["ends"].notna(), ["patient_id", "ends"]].rename(columns={"ends": "at"}).drop_duplicates()
    kept = told[told["ends"].isna()].merge(pairs, on=["patient_id", "at"], how="left", indicator=True)
    return kept[kept["_merge"].eq("left_only")].drop(columns="_merge").reset_index(drop=True)


def amended(store: Store, *, since: datetime, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """
    Every version known by `as_of` of the observations that were corrected or withdrawn after `since`.

    Shape OBSERVATIONS, in order of patient, collected_at, ref and version; corrections are few, and have an index.
    """
    touched = _touched(store, since, as_of, patients)
    return cited.versions(store, touched, as_of=as_of) if touched else frames.empty(frames.OBSERVATIONS)


def _touched(
    store: Store, since: datetime, as_of: datetime, patients: Sequence[str] | None
) -> dict[tuple[str, int], datetime]:
    """Patient and ref of what was corrected -> when a later version says that it was drawn."""
    table = OBSERVATION.c
    later = table.version > 1, table.received_at > since, table.received_at <= as_of
    statement = select(table.patient_id, table.ref, table.collected_at).where(*later)
    with store.reading() as connection:
        if patients is not None:
            statement = statement.where(among(connection, table.patient_id, patients))
        return {(str(patient), int(ref)): drawn for patient, ref, drawn in connection.execute(statement)}


def _say(store: Store, row: dict[str, Any]) -> datetime:
    """
    Said again word for word at the same moment, it stands once; where somebody else spoke at that very microsecond,
    one later, so that nothing anybody said is lost.
    """
    with store.writing() as connection:
        here = ROUND.c.patient_id == row["patient_id"]
        while True:
            connection.execute(insert_into(connection, ROUND).values(row).on_conflict_do_nothing())
            stands = connection.execute(select(ROUND).where(here, ROUND.c.at == row["at"])).mappings().one()
            if dict(stands) == row:
                return row["at"]
            row = {**row, "at": row["at"] + MOMENT}
