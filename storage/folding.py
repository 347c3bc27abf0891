"""Facts kept in memory alone, versioned as a store would: for what is judged once and then thrown away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from storage.frames import DOSES, FINDINGS, OBSERVATIONS, shaped
from storage.tellings import told_of
from storage.versioning import CORRECTED, NEW, UNCHANGED, judged
from storage.writes import FACTS, Batch, Counts

SHAPES: dict[str, tuple[Mapping[str, str], str]] = {
    "observations": (OBSERVATIONS, "collected_at"),
    "doses": (DOSES, "started_at"),
    "findings": (FINDINGS, "observed_at"),
}


class Fold:
    """Observations, doses and findings, batch by batch, as `writes.append` would keep them."""

    def __init__(self) -> None:
        self._kept: dict[str, list[pd.DataFrame]] = {name: [] for name in SHAPES}
        self._held: dict[str, list[pd.DataFrame]] = {name: [] for name in SHAPES}
        self._deliveries: set[tuple[str, str]] = set()

    def add(self, batch: Batch) -> dict[str, Counts]:
        """Per kind of fact in the batch, how many rows were new, unchanged, corrected."""
        delivery = (batch.source, batch.taken_file[0]) if batch.taken_file else None
        counts = {name: self._add(batch, name, delivery in self._deliveries) for name in batch.facts()}
        if delivery:
            self._deliveries.add(delivery)
        return counts

    def frame(self, name: str) -> pd.DataFrame:
        """Every version, in the order and the shape of the query of the same name."""
        shape, at = SHAPES[name]
        told = pd.concat(self._kept[name], ignore_index=True) if self._kept[name] else pd.DataFrame()
        return shaped(told, shape).sort_values(["patient_id", at, "ref", "version"], ignore_index=True)

    def named(self) -> set[str]:
        """Every patient of whom there is a fact."""
        frames = [frame for held in self._held.values() for frame in held]
        return set().union(*(frame["patient_id"].unique() for frame in frames))

    def _add(self, batch: Batch, name: str, taken: bool) -> Counts:
        frame = batch.facts()[name].reset_index(drop=True)
        told = told_of(frame.astype({"patient_id": "str"}))
        verdict, version = judged(told, self._known(name, told["patient_id"]), taken=taken)
        news = np.flatnonzero(verdict != UNCHANGED)
        kept = _with_defaults(frame.take(news), name).assign(
            source=batch.source, received_at=pd.Timestamp(batch.received_at), version=version[news]
        )
        self._kept[name].append(shaped(kept, SHAPES[name][0]))
        self._held[name].append(told.take(news).assign(version=version[news]))
        return Counts(*(int((verdict == kind).sum()) for kind in (NEW, UNCHANGED, CORRECTED)))

    def _known(self, name: str, patients: pd.Series) -> pd.DataFrame:
        nothing = pd.DataFrame({"patient_id": [], "ref": [], "digest": [], "resulted_at": [], "version": []})
        held = self._held[name]
        if not held:
            return nothing.astype({"patient_id": "str"} | dict.fromkeys(nothing.columns[1:], "int64"))
        known = pd.concat(held, ignore_index=True)
        return known[known["patient_id"].isin(patients.unique())]


def _with_defaults(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """What a table says where the frame says nothing; a text that is there and empty stays."""
    said = {column: field.default for column, field in FACTS[name].model.model_fields.items()}
    texts = {column: text for column, text in said.items() if isinstance(text, str) and text}
    blank = pd.Series(None, index=frame.index, dtype=object)
    return frame.assign(**{column: frame.get(column, blank).fillna(text) for column, text in texts.items()})
