"""
A long table of results in pieces of some patients each, so that the store takes one in while the next is being read.

What becomes of a row depends on no row of another patient. What depends on the whole file, its decimal mark and the
rows that cannot be split, is settled before. The pieces follow each other as the patients do in the store's trees, so
that taking them in one after the other costs it no more than all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from monitoring.cells import Cells, Origins, cells_of
from monitoring.csv_columns import AUTHORITY
from monitoring.csv_reading import Table
from monitoring.passing_on import beside, passed_on
from monitoring.refused import Refused
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import sift
from storage import identities
from storage.engine import Store
from storage.tellings import Laid, laid_out
from storage.wire import ahead
from storage.writes import FACTS

PIECE = 100_000  # rows


@dataclass(frozen=True)
class Piece:
    """What became of its rows."""

    laid: list[Laid]
    refused: list[Refused]


@dataclass(frozen=True)
class Pieces:
    """`name` is what origins show. `places`: the rows of each. `refused`: of those made so far."""

    name: str
    table: Table
    at: Circumstances
    places: list[np.ndarray]
    refused: list[Refused] = field(default_factory=list)

    @contextmanager
    def coming(self, store: Store) -> Iterator[Iterator[Laid]]:
        """The observations of each, none of them empty; within, the first are being made already."""
        with ExitStack() as held:
            yield self._whole(self._beside(store, held) or self._ahead(held))

    def _whole(self, made: Iterator[Piece]) -> Iterator[Laid]:
        for piece in made:
            self.refused.extend(piece.refused)
            yield from piece.laid

    def _beside(self, store: Store, held: ExitStack) -> Iterator[Piece] | None:
        """By a copy of this process, where there can be one."""
        if not beside():
            return None
        store.close()  # no connection may be in two processes; the next is made when it is asked for
        try:
            return held.enter_context(passed_on(_made, self, range(len(self.places))))
        except OSError:  # no room for another process
            return None

    def _ahead(self, held: ExitStack) -> Iterator[Piece]:
        """By a thread."""
        return held.enter_context(closing(ahead(_made(self, number) for number in range(len(self.places)))))


def _made(pieces: Pieces, number: int) -> Piece:
    taken = sift(_rows(pieces.name, pieces.table, pieces.places[number]), pieces.at)
    return Piece([laid_out(frame, FACTS[name]) for name, frame in taken.facts.items()], taken.refused)


def places_of(store: Store, table: Table) -> list[np.ndarray]:
    """
    The rows of each piece, in order; none where it is not worth it, or where whom a number means may depend on what
    another row says of it. SQLite writes in the thread of who asks: only another process gains anything.
    """
    if table.kind != "labs" or len(table.first) < 2 * PIECE or (store.dialect == "sqlite" and not beside()):
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
