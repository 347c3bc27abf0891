"""The ward that many viewers look at: months of history below, simulated courses on top, and news for a cycle."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.settings import load_settings
from monitoring.simulate import simulate
from storage.engine import open_store
from tests.bench.history import ANALYTES, lengthen

SEED, SIMULATED, DRAWS_A_DAY = 6, 10, 2  # days with believable courses; before them the same twice a day
OLDEST = timedelta(hours=2)  # of the newest results, when the store is made
SETTINGS = 'data_dir = "{folder}"\n{url}[[source]]\nname = "drop"\nkind = "csv"\npath = "{folder}/drop"\n'


def ward(folder: Path, *, patients: int, days: int, url: str = "") -> list[str]:
    """The command that works on the ward in `folder`; one that is there already is taken as it is."""
    command = [sys.executable, "-m", "monitoring.cli", "--config", str(folder / "maswatch.toml")]
    if not (folder / "maswatch.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        told = f'database_url = "{url}"\n' if url else ""
        (folder / "maswatch.toml").write_text(SETTINGS.format(folder=folder, url=told))
        _fill(folder, command, patients, days)
    return command


def _fill(folder: Path, command: list[str], patients: int, days: int) -> None:
    end = datetime.now(UTC) - OLDEST
    _run(*command, "db", "upgrade")
    before = days - SIMULATED
    if before > 0:
        url = load_settings(config=folder / "maswatch.toml", data_dir=None, database_url=None).database_url
        with closing(open_store(url)) as store:
            rows = patients * before * DRAWS_A_DAY * ANALYTES
            lengthen(store, patients=patients, rows=rows, end=end - timedelta(days=SIMULATED))
    with tempfile.TemporaryDirectory() as place:
        simulate(Path(place), patients=patients, days=min(days, SIMULATED), seed=SEED, end=end)
        _run(*command, "ingest", place)


def news(folder: Path, patients: int) -> None:
    """A day's results of everybody, the newest of some minutes ago, for the next cycle; named by their time alone."""
    (folder / "drop").mkdir(exist_ok=True)
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    with tempfile.TemporaryDirectory() as place:
        simulate(Path(place), patients=patients, days=1, seed=SEED, end=end)
        with (Path(place) / "labs.csv").open(newline="") as told, (folder / "drop" / "labs.csv").open("w") as fresh:
            rows = csv.DictReader(told)
            names = [name for name in rows.fieldnames or () if name not in ("source_id", "resulted_at")]
            writer = csv.DictWriter(fresh, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
