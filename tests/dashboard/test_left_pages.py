"""What is let go of a stream: parts of a page that somebody has left, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from dashboard.left_pages import LeftPages

CONNECT: dict[str, Any] = {"type": "websocket.connect"}
GONE: dict[str, Any] = {"type": "websocket.disconnect", "code": 1000}


def whole(page: str) -> bytes:
    return BackMsg(rerun_script=ClientState(page_script_hash=page)).SerializeToString()


def part(page: str) -> bytes:
    asked = ClientState(page_script_hash=page, fragment_id="sheet", is_auto_rerun=True)
    return BackMsg(rerun_script=asked).SerializeToString()


def heard(*told: tuple[float, bytes]) -> list[bytes]:
    """Of frames that come so many seconds after the line was opened those that get through."""
    waiting = [(0.0, CONNECT), *((at, {"type": "websocket.receive", "bytes": frame}) for at, frame in told)]
    waiting.append((waiting[-1][0], GONE))
    now, through = 0.0, list[bytes]()

    async def receive() -> Any:
        nonlocal now
        now, message = waiting.pop(0)
        return message

    async def app(_: Any, receives: Any, __: Any) -> None:
        assert await receives() == CONNECT
        while (message := await receives()) != GONE:
            through.append(message["bytes"])

    async def send(_: Any) -> None:
        raise AssertionError("nothing is said by the way")

    asyncio.run(LeftPages(app, clock=lambda: now)({"type": "websocket"}, receive, send))
    return through


def test_a_part_of_the_page_before_is_let_go_until_the_browser_must_have_heard() -> None:
    told = [(0.0, whole("")), (1.0, part("rounds")), (2.0, whole("ward")), (2.1, part("rounds")), (2.2, part("ward"))]
    late = [(11.9, part("rounds")), (12.1, part("rounds"))]  # the server may have chosen another page than was asked
    assert heard(*told, *late) == [frame for at, frame in [*told, *late] if at not in (2.1, 11.9)]


def test_who_goes_back_at_once_is_on_that_page_again() -> None:
    told = [(0.0, whole("rounds")), (1.0, whole("ward")), (1.1, whole("rounds")), (1.2, part("rounds"))]
    assert heard(*told) == [frame for _, frame in told]


@pytest.mark.parametrize(
    "frame", [BackMsg(clear_cache=True).SerializeToString(), BackMsg(app_heartbeat=True).SerializeToString(), b"\xff"]
)
def test_whatever_else_is_said_gets_through(frame: bytes) -> None:
    assert heard((0.0, whole("ward")), (0.1, frame)) == [whole("ward"), frame]
