"""
Which sign-ins are alive: begun here, not signed out, and touched lately. Imports no streamlit.

Kept in this process's memory; a signed slip in the browser lets a sign-in outlive a restart of the server, and no
longer than it could have lived without one. The provider's own cookie would do for 30 days, so it alone is not enough.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Literal

Standing = Literal["live", "idle", "ended"]
NAMED: Final = ("iss", "sub", "iat", "exp", "nonce")


@dataclass(frozen=True)
class Slip:
    """When a sign-in began and when its person last touched keyboard or pointer."""

    began_at: datetime
    touched_at: datetime


def sign_in_id(claims: Mapping[str, Any]) -> str:
    """One sign-in of one person at one provider; two of the same person differ."""
    told = "\x1f".join(str(claims.get(name, "")) for name in NAMED)
    return blake2b(told.encode(), digest_size=16).hexdigest()


class SignIns:
    """`idle`: after so long without a touch it is over; `most`: after so long in any case."""

    def __init__(self, idle: timedelta, most: timedelta) -> None:
        self.idle, self.most = idle, most
        self._lock = threading.Lock()
        self._slips: dict[str, Slip] = {}
        self._ended: dict[str, datetime] = {}

    def begin(self, name: str, now: datetime) -> None:
        with self._lock:
            self._slips = {key: slip for key, slip in self._slips.items() if now - slip.began_at <= self.most}
            self._slips[name] = Slip(now, now)

    def touch(self, name: str, now: datetime) -> None:
        """Only what is alive can be touched: a sign-in that was idle too long stays so."""
        with self._lock:
            if self._standing(name, now) == "live":
                self._slips[name] = Slip(self._slips[name].began_at, now)

    def end(self, name: str, now: datetime) -> None:
        with self._lock:
            self._ended[name] = now
            self._slips.pop(name, None)

    def has_ended(self, name: str) -> bool:
        return name in self._ended

    def recall(self, name: str, slip: Slip) -> None:
        """What the browser's slip says counts where this process knows nothing newer."""
        with self._lock:
            known = self._slips.get(name)
            if name not in self._ended and (known is None or known.touched_at < slip.touched_at):
                self._slips[name] = slip

    def standing(self, name: str, now: datetime) -> Standing:
        with self._lock:
            return self._standing(name, now)

    def slip(self, name: str) -> Slip | None:
        return self._slips.get(name)

    def _standing(self, name: str, now: datetime) -> Standing:
        slip = self._slips.get(name)
        if name in self._ended or slip is None:
            return "ended"
        return "live" if now - slip.touched_at <= self.idle and now - slip.began_at <= self.most else "idle"
