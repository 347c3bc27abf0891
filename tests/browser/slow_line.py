"""A line on which a page asks faster than its answers come."""

from __future__ import annotations

import time
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.stories.served import PATIENCE


class SlowLine:
    """What the server answers is kept back from the page's second question on, until it is let through."""

    def __init__(self, page: Any) -> None:
        self.page, self.asked, self.through = page, 0, False
        self.kept: list[bytes] = []
        page.route_web_socket("**/_stcore/stream", self._between)

    def wait(self, *, runs: int) -> None:
        """Until so many answers are kept to their end."""
        deadline = time.monotonic() + PATIENCE
        while self.ended() < runs:
            assert time.monotonic() < deadline, f"{self.ended()} of {runs} answers came"
            self.page.wait_for_timeout(50)

    def ended(self) -> int:
        return sum(ForwardMsg.FromString(told).HasField("script_finished") for told in self.kept)

    def let_through(self) -> None:
        self.through = True
        for told in self.kept:
            self.wire.send(told)

    def _between(self, wire: Any) -> None:
        self.wire, server = wire, wire.connect_to_server()
        wire.on_message(lambda asks: self._asks(server, asks))
        server.on_message(self._told)

    def _asks(self, server: Any, asks: bytes) -> None:
        self.asked += 1
        server.send(asks)

    def _told(self, told: bytes) -> None:
        if self.through or self.asked < 2:
            self.wire.send(told)
        else:
            self.kept.append(told)
