"""
Connections that bring HL7 v2: how many, how large, how slow. Each is its own task, and a broken one ends by itself.

The limits, the time-outs and bytes that stay bytes are why this stands on asyncio's streams and not on the server of
a library that decodes while it reads.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

from monitoring.errors import ServingError
from monitoring.hl7.acks import AGAIN, KEPT, NEVER, Header, answer, header
from monitoring.hl7.batch_acks import batch_answer, batches
from monitoring.hl7.commits import Commits
from monitoring.hl7.mllp import Frames, TooLargeError, closed, framed
from monitoring.hl7.room import Room
from monitoring.hl7.segments import BadMessageError
from monitoring.hl7.seldom import Seldom
from monitoring.logs import without_values
from monitoring.settings import SourceSettings
from storage.deliveries import Sent
from storage.errors import StoreError

CHUNK = 65536
LAST_WORD_SECONDS = 5.0
LATER = "The message could not be stored now; send it again."
TOO_LARGE = "The message is larger than the {:g} MB that are taken here."
log = logging.getLogger(__name__)


class Listener:
    """
    One source's door. `refused(head, sentence)` hears of what was too large to be kept.

    Begins with `start`; `stop` lets those finish whose message is being stored.
    """

    def __init__(
        self,
        told: SourceSettings,
        commits: Commits,
        *,
        refused: Callable[[Header, str], None],
        say: Seldom | None = None,
    ) -> None:
        self.told, self.commits, self.refused, self.say = told, commits, refused, say or Seldom(log)
        self.room = Room(int(told.most_megabytes_at_once * 2**20))
        self.stray = 0
        self._stopping = False
        self._open: dict[asyncio.Task[None], bool] = {}  # whether a message of it is being stored
        self._server: asyncio.Server | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> int:
        """The port. Raises ServingError where it cannot be had."""
        try:
            self._server = await asyncio.start_server(self._met, host, port, ssl=tls, limit=CHUNK)
        except OSError as error:
            raise ServingError(
                f"source {self.told.name}: port {port} on {host} cannot be opened: {error.strerror}."
            ) from None
        self._keeping = asyncio.create_task(self.commits.run())
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, seconds: float) -> None:
        """Nobody new is let in, what is being stored is answered, everybody else is left."""
        if self._server is None or self._keeping is None:
            return
        self._stopping = True
        self._server.close()
        for task, busy in [*self._open.items()]:
            if not busy:
                task.cancel()
        if self._open:
            await asyncio.wait([*self._open], timeout=seconds)
        for task in [*self._open]:
            task.cancel()
        self._keeping.cancel()
        self.commits.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self.told.most_connections:
            self._say(f"more than {self.told.most_connections} connections: one was turned away")
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task
        self._open[task] = False
        try:
            await self._served(reader, writer)
        except asyncio.CancelledError:
            pass  # at the end of the listener
        except Exception as error:
            log.error("source %s: a connection failed: %s", self.told.name, without_values(error))
        finally:
            del self._open[task]
            with suppress(OSError, RuntimeError):
                writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames(int(self.told.most_megabytes * 2**20))
        try:
            async for content in self._messages(reader, frames):
                self.room.holds(frames, frames.held + len(content))
                with self._busy():
                    await self._send(writer, await self._answered(content))
                if self._stopping:
                    return
        except TooLargeError as error:
            await self._send(writer, await self._too_large(error.head))
            await _heard_out(reader, writer)
        except TimeoutError:
            if frames.inside:
                self._say(f"a message was not finished within {self.told.frame_seconds:g} s, and its connection closed")
        except OSError:
            pass  # gone; whatever was not answered is sent again
        finally:
            self.room.holds(frames, 0)
            self._count(frames)

    async def _messages(self, reader: asyncio.StreamReader, frames: Frames) -> AsyncIterator[bytes]:
        """Raises TimeoutError: for a message begun and not finished, or for a silence."""
        clock = asyncio.get_running_loop().time
        since, begun = clock(), 0
        while True:
            self.room.holds(frames, frames.held)
            since += await self._held_back(frames)
            patience = self.told.frame_seconds if frames.inside else self.told.idle_seconds
            async with asyncio.timeout_at(since + patience):
                chunk = await reader.read(CHUNK)
            if not chunk:
                return
            for content in frames.feed(chunk):
                yield content
            if not frames.inside or frames.begun != begun:
                since, begun = clock(), frames.begun

    async def _held_back(self, frames: Frames) -> float:
        """Seconds in which nothing was read of it, which are not its sender's fault."""
        if not self.room.full_for(frames):
            return 0.0
        clock = asyncio.get_running_loop().time
        began = clock()
        self._say(f"messages of {self.told.most_megabytes_at_once:g} MB are being sent at once; the largest wait")
        await self.room.admits(frames)
        return clock() - began

    async def _answered(self, content: bytes) -> bytes:
        try:
            told = header(content)
        except BadMessageError as error:
            return await self._without_header(content, str(error.args[1]))
        try:
            await self.commits.keep(Sent(told.name, closed(content)))
        except Exception as error:
            self._say_failed(error)
            return self._answer_all(content, told, AGAIN, LATER)
        return self._answer_all(content, told, KEPT)

    async def _without_header(self, content: bytes, sentence: str) -> bytes:
        """
        It will never be read as it is; it is kept all the same, and set aside where it can be seen. A batch without
        messages, which says that there was nothing to send, is sound.
        """
        if found := batches(content):
            return batch_answer(found, KEPT, at=self.commits.clock(), named=_name)
        try:
            if content.strip():
                await self.commits.keep(Sent("message", closed(content)))
        except Exception as error:
            self._say_failed(error)
        return self._answer(Header(), NEVER, sentence)

    async def _too_large(self, head: bytes) -> bytes:
        sentence = TOO_LARGE.format(self.told.most_megabytes)
        self._say(f"a message was larger than {self.told.most_megabytes:g} MB and refused")
        try:
            told = header(head)
        except BadMessageError:
            return self._answer(Header(), NEVER, sentence)
        await asyncio.to_thread(self.refused, told, sentence)
        return self._answer(told, NEVER, sentence)

    def _answer_all(self, content: bytes, told: Header, verdict: str, sentence: str = "") -> bytes:
        """To a batch with a batch."""
        if found := batches(content):
            return batch_answer(found, verdict, at=self.commits.clock(), named=_name)
        return self._answer(told, verdict, sentence)

    def _answer(self, told: Header, verdict: str, sentence: str = "") -> bytes:
        return answer(told, verdict, at=self.commits.clock(), name=_name(), sentence=sentence)

    async def _send(self, writer: asyncio.StreamWriter, content: bytes) -> None:
        """Raises TimeoutError for a client that does not take its answers."""
        if content:
            writer.write(framed(content))
            async with asyncio.timeout(self.told.frame_seconds):
                await writer.drain()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task
        self._open[task] = True
        try:
            yield
        finally:
            self._open[task] = False

    def _count(self, frames: Frames) -> None:
        self.stray += frames.stray
        if frames.stray:
            self._say("bytes stood outside of any message and were left out")

    def _say_failed(self, error: Exception) -> None:
        if isinstance(error, StoreError):
            self._say(f"messages are answered with an error: {error}")
        else:
            log.error("source %s: %s", self.told.name, without_values(error))

    def _say(self, sentence: str) -> None:
        self.say.warn(f"source {self.told.name}: {sentence}")


def _name() -> str:
    """A control id of ours."""
    return secrets.token_hex(8).upper()


async def _heard_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A connection closed while its client still sends is reset, and the answer lost with it."""
    with suppress(TimeoutError, OSError):
        if writer.can_write_eof():
            writer.write_eof()
        async with asyncio.timeout(LAST_WORD_SECONDS):
            while await reader.read(CHUNK):
                pass
