"""A dashboard that refreshes every two seconds, so that a test need not wait for half a minute."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.catalog import load_catalog
from monitoring.heartbeat import beat
from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings
from storage.engine import open_store
from tests.servers import free_port
from tests.stories.served import until

ROOT = Path(__file__).parents[2]


class Quick:
    """A server that refreshes its pages every two seconds; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.browser.quick", str(self.folder), str(self.port)]
        environment = {name: told for name, told in os.environ.items() if not name.startswith("MASWATCH_")}
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, env=environment)
        until(self.answers)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=10):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def sign_of_life(self, *, ago: timedelta) -> None:
        """As the 12-hour job gives it."""
        store = open_store(Settings(data_dir=self.folder).database_url)
        try:
            beat(store, at=datetime.now(UTC) - ago)
        finally:
            store.close()

    def takes(self, rows: str) -> None:
        """New labs come in, as the 12-hour job brings them."""
        settings = Settings(data_dir=self.folder)
        store, now = open_store(settings.database_url), datetime.now(UTC)
        raw = RawFile("new.csv", f"patient_id,analyte,value,unit,collected_at\n{rows}\n".encode())
        try:
            take_in(store, load_catalog(), settings, [raw], source="drop", run_id=f"r{now}", now=now)
        finally:
            store.close()
