"""
A long file taken in piece by piece says what it says taken in at once: here a thread reads for a server, and SQLite
takes it in at once. See test_pieces_beside for processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from monitoring import pieces
from monitoring.csv_reading import read_csv
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import Taken, sift
from storage import queries
from storage.engine import open_store, upgrade
from storage.errors import StoreError
from storage.writes import Batch, append
from tests.monitoring.intake_fixture import Site, settings, site
from tests.monitoring.piece_files import AT, FILES, Told, a_file, alike

pytestmark = pytest.mark.postgresql


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


@pytest.fixture
def server(tmp_path: Path, server_url: str) -> Iterator[Site]:
    upgrade(server_url)
    with closing(open_store(server_url)) as store:
        yield Site(store, settings(tmp_path))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are a piece: a patient alone, or two who have one row each. No other process reads them."""
    monkeypatch.setattr(pieces, "PIECE", 2)
    monkeypatch.setattr(pieces, "beside", lambda: False)


@given(FILES)
@hypothesis_settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_comes_in_pieces_is_new_corrected_or_set_aside_as_it_would_be_at_once(
    whole: Site, server: Site, files: list[list[Told]]
) -> None:
    """One store for all examples, so that each also meets what the earlier ones left."""
    for rows in [*files, files[0]]:
        content = a_file(rows, more="MAS0001;cut\n")
        assert server.takes(content) == whole.takes(content)
    alike(server, whole)


def test_a_result_and_its_correction_lie_in_one_piece_however_far_apart_they_stand(server: Site) -> None:
    first = [("MAS0001", "Ferritin", "700", 1, 0, "R1")]
    others = [(f"MAS{number:04d}", "Ferritin", "900", 2, 0, "R1") for number in range(2, 30)]
    last = [("MAS0001", "Ferritin", "7000", 1, 0, "R1")]
    assert server.takes(a_file(first + others + last)) == {
        "read": 30, "new": 29, "unchanged": 0, "corrected": 1, "set_aside": 0,
    }  # fmt: skip
    mine = server.labs().query("patient_id == 'MAS0001'")
    assert mine[["version", "value", "origin"]].values.tolist() == [
        [1, 700, "labs.csv:2"], [2, 7000, "labs.csv:31"],
    ]  # fmt: skip


def test_two_numbers_of_one_patient_lie_in_one_piece(whole: Site, server: Site) -> None:
    """What is told of Z9 in between is said of the same result as what is told of MAS0001 before and after it."""
    alias = {"patient_id": "MAS0001", "authority": "", "alias": "Z9", "alias_authority": "NORTH"}
    rows: list[Told] = [("MAS0001", "Ferritin", "700", 1, 0, "R1"), ("Z9", "Ferritin", "800", 1, 0, "R1")]
    others = [(f"MAS{number:04d}", "Ferritin", "700", 1, 0, "R1") for number in range(2, 10)]
    for ward in (whole, server):
        append(ward.store, Batch("run-0", "drop", ward.now, identifiers=pd.DataFrame([alias])))
        told = ward.takes(a_file([*rows, *others, rows[0]]))
        assert (told["new"], told["corrected"]) == (9, 2)
        values = ward.labs().query("patient_id == 'MAS0001'")["value"]
        assert values.tolist() == [700, 800, 700]
    alike(server, whole)


def test_of_a_file_that_fails_in_its_last_piece_nothing_is_kept(server: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def until_the_last(rows: Rows, at: Circumstances) -> Taken:
        read.append(rows)
        if len(read) > 3:
            raise StoreError("The disk is full.")
        return sift(rows, at)

    monkeypatch.setattr(pieces, "sift", until_the_last)
    rows: list[Told] = [(f"MAS{number:04d}", "Ferritin", "700", 1, 0, "R1") for number in range(8)]
    with pytest.raises(StoreError, match="The disk is full"):
        server.takes(a_file(rows))
    assert len(read) == 4
    assert sum(queries.counts(server.store).values()) == 0
    monkeypatch.undo()
    assert server.takes(a_file(rows))["new"] == 8


def test_whose_number_it_is_may_depend_on_another_row_so_such_a_file_is_taken_in_at_once(server: Site) -> None:
    rows = "".join(f"MAS{number},NORTH,Ferritin,700,ng/mL,{AT.format(1)}\n" for number in range(6))
    content = "patient_id,assigning_authority,analyte,value,unit,collected_at\n" + rows
    assert pieces.places_of(server.store, read_csv(content.encode())) == []
    assert server.takes(content)["new"] == 6
