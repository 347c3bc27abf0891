"""A process that judges the ward of a store, and prints how: `python -m tests.monitoring.judging_alone URL TIME`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from multiprocessing import active_children
from threading import Event, Thread

from monitoring.catalog import load_catalog
from monitoring.judges import Judges
from monitoring.settings_parts import Schedule
from monitoring.state import Judged, judged
from storage.engine import open_store


def main(url: str, as_of: datetime) -> dict[str, object]:
    store, catalog, two = open_store(url), load_catalog(), Schedule(judges=2, judges_from=4)
    with Judges(store, catalog, two, kept=False) as judges:
        judges.begin(as_of)
        copies = active_children()
        together = judges.judged(store, catalog, as_of=as_of, run_id="r")
        worked = [copy.pid for copy in copies] == [copy.pid for copy in active_children()]  # it was not given up
    told: dict[str, object] = {"copies": len(copies), "worked": worked, "left": len(active_children())}
    done = Event()
    Thread(target=done.wait, daemon=True).start()
    with Judges(store, catalog, two, kept=False) as judges:
        judges.begin(as_of)
        alone = judges.judged(store, catalog, as_of=as_of, run_id="r")
        told["beside_a_thread"] = len(active_children())
    done.set()
    return told | {"same": _words(together) == _words(judged(store, catalog, as_of=as_of, run_id="r")) == _words(alone)}


def _words(told: Judged) -> tuple[int, str]:
    return told.count, told.changes.to_csv(index=False)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]))))
