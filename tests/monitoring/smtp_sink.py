"""A mail server on loopback that takes every message and keeps it: enough of RFC 5321 for one sender at a time."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Sink(socketserver.ThreadingTCPServer):
    """`mails`: what stood between DATA and the dot. `refuses`: answers 554 to every DATA."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.mails, self.recipients, self.refuses = list[str](), list[str](), False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Talk(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        self._say("220 sink ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split(" ")[0].upper()
            if word == "QUIT":
                return self._say("221 bye")
            self._answer(word, line)
        return None

    def _answer(self, word: str, line: str) -> None:
        if word == "RCPT":
            self.server.recipients.append(line.split("<")[1].split(">")[0])
        if word != "DATA":
            return self._say("250 sink")
        if self.server.refuses:
            return self._say("554 the mailbox is full")
        self._say("354 go on")
        lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
        self.server.mails.append("".join(lines))
        return self._say("250 kept")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
