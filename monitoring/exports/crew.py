"""
Processes that will read for an export. They take as long to begin as this one does, so that it pays to start them
first; whoever starts them early imports nothing heavy for it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from monitoring import memory
from monitoring.parallel import belong_to_parent

MOST = 4  # readers; what they bring must be written by one
LEFT: set[Path] = set()  # of a reader: the folders it has put values into


def size() -> int:
    return min(os.cpu_count() or 1, MOST)


@contextmanager
def crew() -> Iterator[ProcessPoolExecutor]:
    """
    They get ready at once, but for one: this process begins too, and wants a core. The last is started by the first
    question that finds all others at work.

    Those still at it when nobody needs them any more end by themselves.
    """
    with ProcessPoolExecutor(size(), get_context("spawn"), _get_ready) as pool:
        for _ in range(max(size() - 1, 1)):
            pool.submit(os.getpid)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


class _WithoutPandas(MetaPathFinder):
    """pyarrow looks for pandas, which nothing here needs, and which takes as much memory as all the rest."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def without_pandas() -> None:
    """From now on, in this process: which only reads."""
    sys.meta_path.insert(0, _WithoutPandas())


def _get_ready() -> None:
    belong_to_parent(then=leave_nothing)
    without_pandas()
    os.putenv("OPENBLAS_NUM_THREADS", "1")  # numpy's library starts a thread a core, which turn idly for a while
    with memory.loading():
        importlib.import_module("monitoring.exports.reading").get_ready()


def leave_nothing() -> None:
    """Whoever was to tidy up was killed: patients' values do not stay behind in a folder for what passes."""
    for folder in LEFT:
        shutil.rmtree(folder, ignore_errors=True)
