"""A ward in Berlin with an empty store, and files to take in. Times are written with their offset unless said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from monitoring.catalog import load_catalog
from monitoring.intake import RawFile, take_in
from monitoring.retrying import retry
from monitoring.settings import Settings, SourceSettings, Ward
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store, open_store

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
LABS = "patient_id,analyte,value,unit,collected_at"


@cache
def catalog() -> Catalog:
    return load_catalog()


def settings(folder: Path, *, encoding: str = "") -> Settings:
    source = SourceSettings(name="drop", kind="csv", path=folder, encoding=encoding)
    return Settings(data_dir=folder, ward=Ward(timezone="Europe/Berlin"), source=(source,))


@dataclass
class Site:
    store: Store
    settings: Settings
    catalog: Catalog = field(default_factory=catalog)
    now: datetime = NOW
    runs: int = 0

    def takes(self, content: str | bytes, name: str = "labs.csv", source: str = "drop") -> dict[str, int]:
        """One delivery; every next one comes a minute later."""
        self.runs += 1
        self.now += timedelta(minutes=1)
        raw = RawFile(name, content.encode() if isinstance(content, str) else content)
        run_id = f"run-{self.runs}"
        return take_in(self.store, self.catalog, self.settings, [raw], source=source, run_id=run_id, now=self.now)

    def retries(self, *ids: str) -> dict[str, int]:
        self.runs += 1
        self.now += timedelta(minutes=1)
        return retry(self.store, self.catalog, self.settings, ids, run_id=f"run-{self.runs}", now=self.now)

    def labs(self) -> pd.DataFrame:
        return queries.observations(self.store, as_of=self.now)

    def reasons(self) -> list[str]:
        return queries.set_aside(self.store)["reason"].tolist()

    def sentences(self) -> list[str]:
        return queries.set_aside(self.store)["sentence"].tolist()

    def aside(self) -> dict[str, object]:
        """The only row set aside."""
        (row,) = queries.set_aside(self.store).to_dict("records")
        return {str(name): told for name, told in row.items()}


@contextmanager
def site(folder: Path, *, encoding: str = "") -> Iterator[Site]:
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    try:
        yield Site(store, settings(folder, encoding=encoding))
    finally:
        store.close()


def lab(value: str = "700", **columns: str) -> str:
    """A file of one ferritin; columns may be replaced or added."""
    row = {
        "patient_id": "MAS0001",
        "analyte": "Ferritin",
        "value": value,
        "unit": "ng/mL",
        "collected_at": "2026-01-06T06:00:00+01:00",
    } | columns
    return ",".join(row) + "\n" + ",".join(row.values()) + "\n"


def balanced(counts: dict[str, int]) -> bool:
    return counts["read"] == counts["new"] + counts["unchanged"] + counts["corrected"] + counts["set_aside"]
