"""
Two processes under one command: the dashboard and the 12-hour job, watched by the one that was started; a third
where a source listens for HL7 messages.

They meet only in the store. One that ends by itself is started again, after a wait that grows; one that ends five
times within two minutes ends everything, with a sentence. Each child is told its settings through a pipe, so that no
secret stands in a list of processes, and stops when that pipe closes: a parent that was killed leaves nobody behind.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from monitoring.errors import ServingError
from monitoring.settings import Settings
from monitoring.sources.hl7_folder import listening

PORT_PATIENCE = 3.0
STOP_PATIENCE = 10.0
READY_PATIENCE = 60.0
WATCHED_EVERY = 0.3
MOST_DEATHS, WITHIN_SECONDS = 5, 120.0
log = logging.getLogger(__name__)


@dataclass
class Child:
    """One process, started again when it ends by itself. `told`: what it reads before it begins."""

    name: str
    arguments: Sequence[str]
    told: bytes
    process: subprocess.Popen[bytes] | None = None
    died_at: list[float] = field(default_factory=list)
    start_at: float = 0.0

    def start(self) -> None:
        # -P: the folder the caller stands in may hold a `storage` or `dashboard` of its own.
        command = [sys.executable, "-P", "-m", "monitoring.child", self.name, *self.arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        log.info("the %s is process %d", self.name, self.process.pid)
        assert self.process.stdin
        with suppress(BrokenPipeError):  # it ended at once; `watch` will notice
            self.process.stdin.write(self.told)
            self.process.stdin.flush()

    def watch(self, now: float) -> None:
        """Notices an end, and starts again when it is time. Raises ServingError when it ends too often."""
        if self.process is not None and self.process.poll() is not None:
            self._ended(self.process.returncode, now)
        if self.process is None and now >= self.start_at:
            self.start()

    def _ended(self, code: int, now: float) -> None:
        self.process = None
        self.died_at = [moment for moment in self.died_at if now - moment < WITHIN_SECONDS] + [now]
        if len(self.died_at) >= MOST_DEATHS:
            raise ServingError(f"The {self.name} ended {MOST_DEATHS} times in a row; the lines above say why.")
        wait = 2.0 ** (len(self.died_at) - 1)
        log.warning("the %s ended (%s); it is started again in %g s", self.name, code, wait)
        self.start_at = now + wait

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(settings: Settings, host: str, port: int, *, schedule: bool, say: Callable[[str], object]) -> None:
    """Until SIGTERM or SIGINT. `say` gets the address once it answers. Raises ServingError."""
    port = free_port(host, port)
    if not (is_loopback(host) or settings.sign_in.provider):
        say(exposed(host))
    told = settings.model_dump_json().encode() + b"\n"
    beside = [name for name, wanted in (("scheduler", schedule), ("receiver", listening(settings))) if wanted]
    children = [Child("dashboard", [host, str(port)], told), *(Child(name, [], told) for name in beside)]
    with stopping() as stop:
        try:
            _watched(children, f"http://{_shown(host)}:{port}", stop, say)
        finally:
            _stopped(children)


def _watched(children: Sequence[Child], address: str, stop: Event, say: Callable[[str], object]) -> None:
    began, ready = time.monotonic(), False
    while not stop.is_set():
        for child in children:
            child.watch(time.monotonic())
        if not ready and (ready := answers(f"{address}/healthz")):
            say(f"maswatch is at {address}")
        if not ready and time.monotonic() - began > READY_PATIENCE:
            raise ServingError(f"The dashboard did not answer at {address} within {READY_PATIENCE:g} seconds.")
        stop.wait(WATCHED_EVERY)


def _stopped(children: Sequence[Child]) -> None:
    deadline = time.monotonic() + STOP_PATIENCE
    for child in children:
        child.stop()
    for child in children:
        child.wait(deadline - time.monotonic())


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that SIGTERM, SIGINT and the closing of the terminal set."""
    stop = Event()
    names = [name for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), lambda *_: stop.set()) for name in names}
    try:
        yield stop
    finally:
        for name, action in before.items():
            signal.signal(getattr(signal, name), action)


def free_port(host: str, port: int) -> int:
    """`port`, or any free one for 0. Waits a moment for one that is just being given up. Raises ServingError."""
    deadline = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            return _bound(host, port)
        except socket.gaierror:
            raise ServingError(f"{host} is no address of this machine; --host takes one, like 127.0.0.1.") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ServingError(f"Port {port} on {host} cannot be opened: {error.strerror}.") from None
            if time.monotonic() > deadline:
                raise ServingError(
                    f"Port {port} on {host} is in use; stop what uses it, or choose another with --port."
                ) from None
        time.sleep(0.1)


def _bound(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as door:
        if sys.platform != "win32":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        return int(door.getsockname()[1])


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def exposed(host: str) -> str:
    return (
        f"Warning: {host} can be reached from other machines, and there is no sign-in: whoever reaches it can read "
        "every patient here and acknowledge flags. Put a proxy with TLS and sign-in in front of it."
    )


def refuse_exposed(settings: Settings, host: str) -> None:
    """Real patients are shown to other machines only behind a sign-in, and over https. Raises ServingError."""
    told, address = settings.sign_in, settings.dashboard.url
    if is_loopback(host):
        return
    free_port(host, 0)  # what is no address at all is said to be that
    if not told.provider and not told.open:
        raise ServingError(
            f"{host} can be reached from other machines, and there is no sign-in; set [sign_in] with a provider, or "
            "listen on 127.0.0.1 and put a proxy with TLS and sign-in in front, or say [sign_in] open = true."
        )
    if told.provider and not address:
        raise ServingError(
            "Signing in from other machines needs [dashboard] url, the address that the provider is to lead back to."
        )
    if told.provider and address.startswith("http://"):
        raise ServingError(
            f"[dashboard] url is {address}: whoever listens on the way could read along and sign in as anybody; put a "
            "proxy with TLS in front, and name its https address."
        )


def with_address(settings: Settings, host: str, port: int) -> Settings:
    """Where readers reach the dashboard, where the site does not say: here."""
    if settings.dashboard.url or not settings.sign_in.provider:
        return settings
    own = settings.dashboard.model_copy(update={"url": f"http://{_shown(host)}:{port}"})
    return settings.model_copy(update={"dashboard": own})


def answers(url: str) -> bool:
    """Whether anything at all is answered: a store in trouble is told on the page."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _shown(host: str) -> str:
    """An address to type in: where all are listened on, this machine's own."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host
