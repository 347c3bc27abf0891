"""
Where the folders of tests stand: in memory where the machine offers a place there.

Every commit of a store waits until the disk has it. Thousands of stores of tests would wait together, the longer the
busier the disk, and nothing here must outlive a power cut. What a test leaves is kept only when it failed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PLACE = Path("/dev/shm")
ROOT = "PYTEST_DEBUG_TEMPROOT"  # pytest's own name for it
WANTED = 2 * 1024**3  # bytes; a whole run leaves a quarter of that when everything fails


def ask_for_it(place: Path = PLACE, wanted: int = WANTED) -> None:
    """Unless somebody asked for another place."""
    if place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free >= wanted:
        os.environ.setdefault(ROOT, str(place))
