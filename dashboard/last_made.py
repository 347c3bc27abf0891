"""
What all pages share and one of them makes anew: whoever comes meanwhile is given what was made before, and does not
wait. Imports no streamlit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class LastMade(Generic[Thing]):
    """`longest`: for so long what was made may still be given while another is being made."""

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest
        self._making = Lock()
        self._made: tuple[tuple[Hashable, ...], datetime, Thing] | None = None

    def given(
        self, key: tuple[Hashable, ...], make: Callable[[], Thing], *, now: datetime, waits: bool = True
    ) -> Thing:
        """
        What was made under `key`, whose first part says of what store, else made now; for who does not wait (`waits`)
        beside them, while what was made before may still be given. Raises what making raises.
        """
        made = self._made
        if made and made[0] == key:
            return made[2]
        alike = made is not None and made[0][0] == key[0] and abs(now - made[1]) < self._longest
        if not self._making.acquire(blocking=not alike):
            assert made is not None
            return made[2]
        if made is not None and alike and not waits:
            threading.Thread(target=self._made_beside, args=(key, make, now), daemon=True).start()
            return made[2]
        return self._made_now(key, make, now)

    def _made_beside(self, key: tuple[Hashable, ...], make: Callable[[], Thing], now: datetime) -> None:
        with suppress(Exception):  # told to whoever asks when what was made before is too old
            self._made_now(key, make, now)

    def _made_now(self, key: tuple[Hashable, ...], make: Callable[[], Thing], now: datetime) -> Thing:
        """By who has the right to make it, which ends with that."""
        try:
            if self._made is None or self._made[0] != key:  # else another has made it while this one waited
                self._made = (key, now, make())
            return self._made[2]
        finally:
            self._making.release()
