"""A process that `serve` started: `python -m monitoring.child dashboard HOST PORT`, `… scheduler` or `… receiver`.

A receiver starts a process of its own: `… reader`. So does a page that counts what changed rules would have raised:
`… trial SINCE UNTIL`, which prints the counts as JSON and ends.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from monitoring.commands.running import scheduled
from monitoring.logs import set_up
from monitoring.sentences import sentence
from monitoring.settings import Settings

WEB = "dashboard.server:application"
OPEN_PAGES_SECONDS = 3
LAST_SECONDS = 8.0
# Unbuffered: a thread that waits in a buffered stdin keeps the interpreter from ending.
PIPE = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open for the life of the process
log = logging.getLogger(__name__)


def main() -> int:
    """Reads its settings from the first line of stdin; the end of stdin is the end of the parent."""
    settings = Settings.model_validate_json(PIPE.readline())
    set_up(settings.log_file, form=settings.log.format)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        if sys.argv[1] == "dashboard":
            dashboard(settings, host=sys.argv[2], port=int(sys.argv[3]))
        else:
            ALONE[sys.argv[1]](settings, *sys.argv[2:])
    except Exception as error:
        said = sentence(error)
        log.error("%s", said or f"unforeseen {type(error).__name__}", exc_info=not said)
        return 2
    return 0


def dashboard(settings: Settings, *, host: str, port: int) -> None:
    """The dashboard is named, not imported: this room knows no screen."""
    import uvicorn
    from uvicorn.importer import import_from_string

    from monitoring.serving import with_address

    application = import_from_string(WEB)(with_address(settings, host, port))
    uvicorn.run(
        application, host=host, port=port, log_config=None, access_log=False,
        timeout_graceful_shutdown=OPEN_PAGES_SECONDS, server_header=False,
    )  # fmt: skip


def receiver(settings: Settings) -> None:
    from monitoring.receiving import receive

    receive(settings)


def reader(settings: Settings) -> None:
    from monitoring.receiving import read_on

    read_on(settings)


def trial(settings: Settings, since: str, until: str) -> None:
    from datetime import datetime

    from monitoring.catalog import load_catalog
    from monitoring.printing import as_json, plain
    from monitoring.shadowing import on_trial
    from storage.engine import open_store

    store, catalog = open_store(settings.database_url), load_catalog(settings.site_catalog)
    told = on_trial(store, catalog, since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))
    print(as_json(plain(told.printed(), settings.zone)))
    store.close()


ALONE: dict[str, Callable[..., None]] = {"scheduler": scheduled, "receiver": receiver, "reader": reader, "trial": trial}


def _end_with_parent() -> None:
    while PIPE.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
