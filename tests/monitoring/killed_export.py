"""An export that is killed while a reader has values in a folder: `python -m tests.monitoring.killed_export FOLDER`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from monitoring.exports.crew import LEFT, crew


def read(folder: Path) -> None:
    """What a reader does, as far as the folder is concerned."""
    LEFT.add(folder)
    (folder / "values").write_text("P1,ferritin,900", encoding="utf-8")


def main() -> None:
    with crew() as started:
        started.submit(read, Path(sys.argv[1])).result()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
