"""
A long table of results in pieces of some patients each, so that a server takes one in while the next is being read.

What becomes of a row depends on no row of another patient. What depends on the whole file, its decimal mark and the
rows that cannot be split, is settled before. The pieces follow each other as the patients do in the store's trees, so
that taking them in one after the other costs it no more than all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from monitoring.cells import Cells, Origins, cells_of
from monitoring.csv_columns import AUTHORITY
from monitoring.csv_reading import Table
from monitoring.refused import Refused
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import sift
from storage import identities
from storage.engine import Store

PIECE = 100_000  # rows


@dataclass(frozen=True)
class Pieces:
    """`name` is what origins show. `places`: the rows of each. `refused`: of those asked for so far."""

    name: str
    table: Table
    at: Circumstances
    places: list[np.ndarray]
    refused: list[Refused] = field(default_factory=list)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Observations, in each frame in the order of their rows; no frame is empty."""
        for places in self.places:
            taken = sift(_rows(self.name, self.table, places), self.at)
            self.refused.extend(taken.refused)
            yield from taken.facts.values()


def places_of(store: Store, table: Table) -> list[np.ndarray]:
    """
    The rows of each piece, in order; none where it is not worth it, or where whom a number means may depend on what
    another row says of it. SQLite writes in the thread of who reads, and would gain nothing.
    """
    if store.dialect == "sqlite" or table.kind != "labs" or len(table.first) < 2 * PIECE:
        return []
    if AUTHORITY in table.columns or "patient_id" not in table.columns:
        return []
    patient = _patients(store, cells_of(table.columns["patient_id"]))
    order = np.argsort(patient, kind="stable")
    pieces = (np.cumsum(np.bincount(patient)) - 1)[patient[order]] // PIECE
    return [np.sort(places) for places in np.split(order, np.flatnonzero(np.diff(pieces)) + 1)]


def _patients(store: Store, cells: Cells) -> np.ndarray:
    """Row by row the patient's place among all of them; two numbers of one patient have the same."""
    told = pd.DataFrame({"patient_id": [text.strip() for text in cells.texts]}, dtype="str")
    patient, _ = pd.factorize(identities.resolved(store, told)["patient_id"], sort=True)
    return np.asarray(patient[cells.codes])


def _rows(name: str, table: Table, places: np.ndarray) -> Rows:
    columns = {column: _part(cells, places) for column, cells in table.columns.items()}
    origins = Origins(name, table.first[places] + 1)
    return Rows(table.kind, columns, origins, lambda place: table.raw(places[place]), table.decimal)


def _part(cells: Sequence[str], places: np.ndarray) -> Cells:
    return cells_of(cells).part(places)
