"""
A process that has no other thread, so that a copy of it reads while it writes: `python -m tests.monitoring.pieces_alone
WHAT FOLDER URL`. What it found it prints as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from monitoring import pieces
from monitoring.errors import MaswatchError
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import Taken, sift
from storage import queries
from storage.engine import open_store
from tests.monitoring.intake_fixture import Site, settings, site
from tests.monitoring.piece_files import FILES, Told, a_file, alike

COPIES: list[None] = []
HERE = os.getpid()
ROWS: list[Told] = [(f"MAS{number:04d}", "Ferritin", "700", 1, 0, "R1") for number in range(9)]


def same(ward: Site, folder: Path) -> dict[str, Any]:
    """Whether many files in pieces say what they say at once, and how many copies that took."""
    with site(folder) as whole:

        @given(FILES)
        @hypothesis_settings(
            max_examples=6, deadline=None, derandomize=True, database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )  # fmt: skip
        def each(files: list[list[Told]]) -> None:
            for rows in [*files, files[0]]:
                content = a_file(rows, more="MAS0001;cut\n")
                pieces.PIECE = 1
                told = ward.takes(content)
                pieces.PIECE = 1000
                assert told == whole.takes(content)

        each()
        alike(ward, whole)
        return {"copies": len(COPIES), "left": len(active_children()), "rows": len(ward.labs())}


def killed(ward: Site, _: Path) -> dict[str, Any]:
    """What is said when the copy is killed at its third piece, what is left of that file, and of it taken in again."""
    _reading(lambda read: read == 3 and os.kill(os.getpid(), signal.SIGKILL))
    told: dict[str, Any] = {"said": ""}
    try:
        ward.takes(a_file(ROWS))
    except MaswatchError as error:
        told["said"] = f"{type(error).__name__}: {error}"
    told["kept"] = sum(queries.counts(ward.store).values())
    pieces.sift = sift
    return told | {"left": len(active_children()), "again": ward.takes(a_file(ROWS))["new"]}


def wrong(ward: Site, _: Path) -> dict[str, Any]:
    """Of a fault of ours in the copy: what kind comes here, and what is left."""

    def fails(read: int) -> None:
        if read == 3:
            raise ValueError("ferritin 700 of MAS0001")

    _reading(fails)
    try:
        ward.takes(a_file(ROWS))
        said = ""
    except ValueError as error:
        said = type(error).__name__
    while active_children():  # it was told to end
        time.sleep(0.01)
    return {"said": said, "kept": sum(queries.counts(ward.store).values())}


def held(ward: Site, _: Path) -> dict[str, Any]:
    """It never comes to an end: who asked ends it, and looks whether the copy ends too."""

    def waits(read: int) -> None:
        if read == 3:
            print(os.getpid(), flush=True)
            time.sleep(60)

    _reading(waits)
    return ward.takes(a_file(ROWS))


def _reading(then: Callable[[int], object]) -> None:
    """`then` is called in the copy, with how many pieces it has begun to read."""
    read: list[None] = []

    def sifted(rows: Rows, at: Circumstances) -> Taken:
        read.append(None)
        if os.getpid() != HERE:
            then(len(read))
        return sift(rows, at)

    pieces.sift = sifted


def main(what: str, folder: Path, url: str) -> dict[str, Any]:
    os.register_at_fork(before=lambda: COPIES.append(None))
    pieces.PIECE = 2
    with closing(open_store(url)) as store:
        ways: dict[str, Callable[[Site, Path], dict[str, Any]]] = {
            way.__name__: way for way in (same, killed, wrong, held)
        }
        return ways[what](Site(store, settings(folder)), folder)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
