"""
How much of what is being sent may be held at once, over all connections of a source.

Who holds much waits while the room is full: nothing is read from that connection, and its sender is slowed down by the
network itself. Small messages never wait, and the one that has been at it longest goes on, so that somebody always
comes to an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field

SMALL = 262_144


@dataclass
class Room:
    """`most`: bytes; one frame more may stand above it. `held`: in the order in which they began to hold any."""

    most: int
    small: int = SMALL
    held: dict[Hashable, int] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def total(self) -> int:
        return sum(self.held.values())

    def holds(self, who: Hashable, size: int) -> None:
        """`size` 0: nothing any more."""
        if size:
            less = size < self.held.get(who, 0)
            self.held[who] = size
        else:
            less = self.held.pop(who, 0) > 0
        if less:
            self._freed.set()

    def full_for(self, who: Hashable) -> bool:
        large = [one for one, size in self.held.items() if size > self.small]
        return who in large and who != large[0] and self.total >= self.most

    async def admits(self, who: Hashable) -> None:
        """Returns once more may be read of it."""
        while self.full_for(who):
            self._freed.clear()
            await self._freed.wait()
