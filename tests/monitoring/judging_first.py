"""A first import by one command, and who judged it: `python -m tests.monitoring.judging_first CONFIG PATH`."""

from __future__ import annotations

import json
import sys
from multiprocessing import active_children
from pathlib import Path

from monitoring.commands.site import Asked
from monitoring.commands.taking import Named
from monitoring.cycle import run_by_hand
from monitoring.raw_files import read_paths
from monitoring.runs import new_run_id


def main(config: Path, path: Path) -> dict[str, object]:
    asked = Asked(config, None, None, False)
    with asked.judging() as site:
        before = len(active_children())
        told = run_by_hand(site, Named("ingest", read_paths([path])), new_run_id(site.clock()))
        copies = len(active_children())
    asked.close()
    return {"before": before, "copies": copies, "left": len(active_children()), "assessed": told["assessed"]}


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
