"""The dashboard of a folder, refreshing every two seconds: `python -m tests.browser.quick FOLDER PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from dashboard import shell
from dashboard.server import application
from monitoring.settings import load_settings

if __name__ == "__main__":
    shell.REFRESH_SECONDS = 2
    shell.QUIET_TIMES = 15  # half a minute as elsewhere: a page of a busy machine is not to be loaded anew under a test
    settings = load_settings(config=Path(sys.argv[1]) / "maswatch.toml", data_dir=None, database_url=None)
    uvicorn.run(application(settings), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
