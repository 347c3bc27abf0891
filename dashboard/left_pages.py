"""
What a page still says after somebody went on to another one: a field that was typed in, a refresh whose time had come.

Streamlit runs that part of the old page after the whole new one. The browser then takes down the new page, is told of a
part of it alone, and fails. In front of it such a question is let go: nobody sees the page that it is for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

ON_ITS_WAY_SECONDS: Final = (
    10.0  # for the browser to hear that it is on another page; where the server chose that, it is
)


class LeftPages:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self.app(scope, receive, send)
        reader = _Reader(self.clock)

        async def heard() -> Message:
            message = await receive()
            while reader.has_left(message.get("bytes") or b""):
                message = await receive()
            return message

        return await self.app(scope, heard, send)


@dataclass
class _Reader:
    """`page`: that was asked for as a whole, "" while it is not known by its number; `at`: when."""

    clock: Callable[[], float]
    page: str = ""
    at: float = 0.0

    def has_left(self, frame: bytes) -> bool:
        """Whether this asks for a part of another page than the one they went to."""
        try:
            told = BackMsg.FromString(frame)
        except DecodeError:
            return False  # it says so itself
        asked = told.rerun_script
        if not told.HasField("rerun_script"):
            return False
        if not asked.fragment_id:
            self.page, self.at = asked.page_script_hash, self.clock()
            return False
        recent = self.clock() - self.at < ON_ITS_WAY_SECONDS
        return recent and self.page not in ("", asked.page_script_hash)
