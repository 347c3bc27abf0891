"""What a client does wrong it may do a thousand times a second: said once, and then once a minute how often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0
MOST_SENTENCES = 200


class Seldom:
    def __init__(self, log: logging.Logger, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.log, self.clock = log, clock
        self._said: dict[str, tuple[float, int]] = {}  # sentence -> when it was said, and how often it was not

    def warn(self, sentence: str) -> None:
        now = self.clock()
        said, kept_back = self._said.get(sentence, (-EVERY_SECONDS, 0))
        if now - said < EVERY_SECONDS:
            self._said[sentence] = (said, kept_back + 1)
            return
        self.log.warning("%s%s", sentence, f" ({kept_back + 1} times)" if kept_back else "")
        if len(self._said) >= MOST_SENTENCES:
            self._said.clear()
        self._said[sentence] = (now, 0)
