"""A scheduler as its own process on a store: `python -m tests.monitoring.scheduling CONFIG DATA_DIR SECONDS_BEHIND`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from monitoring.catalog import load_catalog
from monitoring.cycle import Site
from monitoring.schedule import Rota
from monitoring.settings import load_settings
from storage.engine import open_store


def main() -> None:
    """The lease of one whose clock is behind runs out sooner; everything else is what `maswatch schedule` does."""
    config, folder, behind = sys.argv[1:]
    settings = load_settings(config=Path(config), data_dir=Path(folder), database_url=None)
    site = Site(
        settings,
        open_store(settings.database_url),
        load_catalog(),
        clock=lambda: datetime.now(UTC) - timedelta(seconds=float(behind)),
    )
    print("here", flush=True)
    Rota(site).run(Event())


if __name__ == "__main__":
    main()
