"""How many patients an export takes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitoring.exporting import Wanted, write_export
from monitoring.exports import facts, judging
from monitoring.exports.sizing import LOOKED_AT, together
from storage.engine import Store
from storage.writes import Batch, append
from tests.monitoring.export_ward import AS_OF, KEY, ExportWard
from tests.stores import new_store

BEGAN = datetime(2026, 3, 1, 6, tzinfo=UTC)


@contextmanager
def ward(folder: Path, counts: list[int]) -> Iterator[tuple[Store, list[str]]]:
    """Patients with so many values each."""
    store = new_store(folder / "ward.db")
    names = [f"P{number:04d}" for number in range(len(counts))]
    ref = np.arange(sum(counts))
    told = pd.DataFrame({
        "patient_id": np.repeat(names, counts), "analyte": "ferritin", "value": 900.0, "value_text": "900",
        "unit": "ug/L", "unit_text": "ug/L", "collected_at": pd.Timestamp(BEGAN) + pd.to_timedelta(ref, unit="min"),
        "ref": ref, "digest": ref,
    })  # fmt: skip
    with closing(store):
        append(store, Batch("run", "lis", BEGAN + timedelta(days=40), observations=told))
        yield store, names


@pytest.mark.parametrize(
    ("counts", "size"),
    [
        ([10] * 50, 20),  # as many as are wanted at most: they have 200 values
        ([100] * 50, 4),
        ([2_000] * 3, 1),  # one alone has more than are wanted together
        ([], 20),
    ],
)
def test_as_many_as_may_go_together_and_no_more_values_than_wanted(
    tmp_path: Path, counts: list[int], size: int
) -> None:
    with ward(tmp_path, counts) as (store, names):
        assert together(store, names, most=20, values=400) == size


def test_those_looked_at_stand_for_all_and_are_found_everywhere_among_them(tmp_path: Path) -> None:
    with ward(tmp_path, [10] * LOOKED_AT + [190] * LOOKED_AT) as (store, names):
        assert together(store, names, most=20, values=400) == 4  # 100 each in the mean


def test_an_export_in_smaller_parts_is_the_same(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, catalog = export_ward.site.store, export_ward.site.catalog
    for number, values in enumerate((100_000, 1)):
        monkeypatch.setattr(judging, "VALUES", values)
        monkeypatch.setattr(facts, "VALUES", values)
        for told in ("judged", "facts"):
            wanted = Wanted(AS_OF, key=KEY, facts=told == "facts")
            write_export(store, catalog, wanted, tmp_path / f"{told} {number}", "csv")
    for told in ("judged", "facts"):
        whole, cut = (sorted((tmp_path / f"{told} {number}").iterdir()) for number in (0, 1))
        assert [path.name for path in whole] == [path.name for path in cut]
        assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in cut]
