"""
What changed rules would have raised, counted in a process of its own: judging some weeks twice takes minutes, and
whatever judges in the pages' interpreter holds all of them up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Timer
from typing import Any, Final

import streamlit as st

from dashboard import reading
from dashboard.apart import PATIENCE
from monitoring.errors import ParallelError

LOST: Final = "It could not be counted; the log says why. Fewer days, or `maswatch shadow` on the command line, may do."


def counted(days: int, until: datetime) -> dict[str, Any]:
    """
    As `maswatch shadow --format json` tells it. Kept for a while: what was known at `until` does not change. Raises
    ParallelError where it took too long or failed.
    """
    return _counted(reading.settings().database_url, reading.EVERYONE, days, until)


@st.cache_resource(ttl=600, max_entries=8, show_spinner="Judging these days twice; of a large ward it takes minutes …")
def _counted(url: str, scope: str, days: int, until: datetime) -> dict[str, Any]:
    since = until - timedelta(days=days)
    told = reading.settings().model_dump_json().encode() + b"\n"
    # no copy or spawned interpreter: either would begin with the page's own script
    command = [sys.executable, "-P", "-m", "monitoring.child", "trial", since.isoformat(), until.isoformat()]
    with subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        late = Timer(PATIENCE, process.kill)
        late.start()
        assert process.stdin
        assert process.stdout
        try:
            with suppress(BrokenPipeError):  # it ended at once, and has said why
                process.stdin.write(told)  # and left open: its end would be the child's
            answer = process.stdout.read()
        finally:
            late.cancel()
    if process.returncode:
        raise ParallelError(LOST)
    found: dict[str, Any] = json.loads(answer)
    return found
