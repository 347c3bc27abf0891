"""A ward's files over three days, taken in through the drop folder into a real store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring.intake import take_in
from monitoring.set_aside import groups
from monitoring.sources import open_sources
from storage import queries
from storage.versions import current
from tests.monitoring.intake_fixture import NOW, Site, balanced, site

HEADER = "patient_id;loinc;analyte;value;unit;collected_at;resulted_at;status;source_id;specimen\n"
PATIENTS = "patient_id,birth_date,sex,weight_kg,context\nMAS0007,2014-03-09,f,31.5,sJIA\n"
TREATMENTS = (
    "patient_id,drug,dose,unit,route,started_at,ended_at,source_id\n"
    "MAS0007,methylprednisolone pulse,900,mg,IV,2026-01-28T09:00:00+01:00,,D1\n"
    "MAS0007,fibrinogen concentrate,1,g,IV,2026-01-29T14:00:00+01:00,,D2\n"
)
DAY_ONE = HEADER + (
    "MAS0007;2276-4;Ferritin;12.400,5;ng/mL;28.01.2026 06:00;28.01.2026 07:10;final;L1;Serum\n"
    "MAS0007;3255-7;Fibrinogen;140;mg/dL;28.01.2026 06:00;28.01.2026 07:10;final;L2;Plasma\n"
    "MAS0007;777-3;Platelets;85;Tsd./µl;28.01.2026 06:00;28.01.2026 06:40;preliminary;L3;EDTA-Blut\n"
    "MAS0007;2276-4;Ferritin;90;ng/mL;28.01.2026 06:00;28.01.2026 07:10;final;L4;Pleurapunktat\n"
)
# The next day: platelets confirmed as another number, the fibrinogen withdrawn, an older result that came late.
DAY_TWO = HEADER + (
    "MAS0007;777-3;Platelets;82;Tsd./µl;28.01.2026 06:00;28.01.2026 09:00;corrected;L3;EDTA-Blut\n"
    "MAS0007;3255-7;Fibrinogen;;mg/dL;28.01.2026 06:00;28.01.2026 12:00;entered-in-error;L2;Plasma\n"
    "MAS0007;2276-4;Ferritin;9800;ng/mL;27.01.2026 18:00;28.01.2026 20:00;final;L0;Serum\n"
    "MAS0007;2276-4;Ferritin;>40000;ng/mL;29.01.2026 06:00;29.01.2026 07:10;final;L5;Serum\n"
)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "inbox").mkdir()
    with site(tmp_path / "inbox", encoding="windows-1252") as ward:
        yield ward


def drop(ward: Site, name: str, text: str) -> None:
    path = ward.settings.data_dir / name
    path.write_bytes(text.encode("cp1252"))
    old = (ward.now - timedelta(minutes=5)).timestamp()
    os.utime(path, (old, old))


def cycle(ward: Site, now: datetime) -> dict[str, int]:
    ward.now, ward.runs = now, ward.runs + 1
    (source,) = open_sources(ward.settings)
    total: dict[str, int] = {}
    for raw in source.fetch(now):
        counts = take_in(
            ward.store, ward.catalog, ward.settings, [raw], source=source.name, run_id=f"run-{ward.runs}", now=now
        )
        source.done(raw)
        total = {name: total.get(name, 0) + count for name, count in counts.items()}
    return total


def ferritin(ward: Site, as_of: datetime) -> list[float]:
    found = current(queries.observations(ward.store, as_of=as_of))
    return found[found["analyte"] == "ferritin"].sort_values("collected_at")["value"].tolist()


def test_three_days_of_a_german_wards_files(ward: Site) -> None:
    first, second = NOW, NOW + timedelta(hours=24)
    for name, text in {"labs-1.csv": DAY_ONE, "patients.csv": PATIENTS, "treatments.csv": TREATMENTS}.items():
        drop(ward, name, text)
    assert cycle(ward, first) == {"read": 7, "new": 6, "unchanged": 0, "corrected": 0, "set_aside": 1}
    assert [group["code"] for group in groups(ward.store)] == ["ferritin pleural_fluid"]
    assert ferritin(ward, first) == [12400.5]

    drop(ward, "labs-2.csv", DAY_TWO)
    assert cycle(ward, second) == {"read": 4, "new": 2, "unchanged": 0, "corrected": 2, "set_aside": 0}
    assert cycle(ward, second + timedelta(hours=12)) == {}

    assert ferritin(ward, second) == [9800.0, 12400.5, 40000.0]
    assert ferritin(ward, first) == [12400.5]
    now = current(queries.observations(ward.store, as_of=second))
    assert now[now["analyte"] == "platelets"]["value"].tolist() == [82.0]
    assert "fibrinogen" not in set(now["analyte"])
    then = current(queries.observations(ward.store, as_of=first))
    assert then[then["analyte"] == "fibrinogen"]["value"].tolist() == [1.4]
    assert queries.doses(ward.store, as_of=second)["given"].tolist() == ["methylprednisolone", "fibrinogen_concentrate"]


def test_all_deliveries_once_more_in_any_order_add_nothing(ward: Site) -> None:
    deliveries = {"labs-1.csv": DAY_ONE, "labs-2.csv": DAY_TWO, "patients.csv": PATIENTS, "treatments.csv": TREATMENTS}
    for name, text in deliveries.items():
        assert balanced(ward.takes(text.encode("cp1252"), name))
    before = current(ward.labs())
    for name, text in reversed(deliveries.items()):
        counts = ward.takes(text.encode("cp1252"), name)
        assert (counts["new"], counts["corrected"]) == (0, 0)
    pd.testing.assert_frame_equal(current(ward.labs()), before)


KILLED = """
import os, sys
from pathlib import Path
from tests.monitoring.intake_fixture import LABS, site
from storage import writes

real, count = writes.bulk.insert, 0

def dying(*told):
    global count
    count += 1
    if count == 2:
        os.kill(os.getpid(), 9)
    return real(*told)

writes.bulk.insert = dying
with site(Path(sys.argv[1])) as ward:
    ward.takes(Path(sys.argv[2]).read_bytes())
"""


def test_a_process_killed_between_the_writes_of_a_file_leaves_nothing_of_it(tmp_path: Path) -> None:
    delivery = tmp_path / "labs.csv"
    delivery.write_text(DAY_ONE.replace("µ", "u"))
    root = Path(__file__).parents[2]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(delivery)], cwd=root, capture_output=True, check=False
    )
    assert died.returncode == -9, died.stderr.decode()
    with site(tmp_path) as ward:
        assert set(queries.counts(ward.store).values()) == {0}
        counts = ward.takes(delivery.read_bytes())
        assert (counts["new"], counts["set_aside"]) == (3, 1)
