"""How far something long is, in lines on stderr: none for what is done at once, then one every few seconds."""

from __future__ import annotations

import time
from types import TracebackType

import click

FIRST_SECONDS, EVERY_SECONDS = 0.5, 2.0


class Progress:
    """`done`, `of` or `add` what is counted; says it at first after half a second, then at most every two seconds."""

    def __init__(self, what: str) -> None:
        self._what, self._count, self._due = what, 0, time.monotonic() + FIRST_SECONDS

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def of(self, done: int, total: int) -> None:
        self._say(f"{done:,} of {total:,} {self._what}")

    def add(self, count: int) -> None:
        self._count += count
        self._say(f"{self._count:,} {self._what}")

    def _say(self, words: str) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + EVERY_SECONDS
            click.echo(words, err=True)
