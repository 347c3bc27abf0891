"""What is made once for all who ask for the same: one makes it, the others wait for that. Imports no streamlit."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any


class Once:
    """`most`: things kept, of which the first is forgotten first; `longest`: seconds after which one is made anew."""

    def __init__(self, most: int, longest: float = math.inf) -> None:
        self._most, self._longest = most, longest
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, Future[Any]]] = OrderedDict()

    def given(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Raises what making raises, to all who wait for it; who comes later makes it anew."""
        now = time.monotonic()
        with self._lock:
            since, made = self._kept.get(key, (-math.inf, None))
            if made is None or now - since >= self._longest:
                made, mine = Future[Any](), True
                self._kept[key] = (now, made)
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            else:
                mine = False
        if mine:
            self._make(key, made, make)
        return made.result()

    def forget(self, belongs: Callable[[Any], bool]) -> None:
        """All whose key does not belong."""
        with self._lock:
            for key in [key for key in self._kept if not belongs(key)]:
                del self._kept[key]

    def _make(self, key: Hashable, made: Future[Any], make: Callable[[], Any]) -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._kept.get(key, (0.0, None))[1] is made:
                    del self._kept[key]
            made.set_exception(error)
