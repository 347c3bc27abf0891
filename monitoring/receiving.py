"""
HL7 v2 as it arrives: listeners in one process, and beside it one that reads what they keep.

They meet only in the store, and a listener loads nothing of what only a reader needs. A reader that dies is started
again and senders notice nothing; a listener that dies has answered nobody whose message it had not stored, and
senders send those again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from threading import Event

from monitoring.errors import ServingError, SettingsError
from monitoring.feed_health import CONFIGURED
from monitoring.hl7.acks import Header
from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from monitoring.hl7.tls import context_of
from monitoring.serving import WATCHED_EVERY, Child, free_port, is_loopback, stopping
from monitoring.settings import Settings, SourceSettings
from monitoring.sources.hl7_folder import HOST, KIND, PORT, address_of, listening
from storage.engine import Store, open_store
from storage.errors import StoreError
from storage.marks import mark_first

UNNAMED = "hl7"  # the source where none is configured
LAST_ANSWERS_SECONDS = 4.0
READER_SECONDS = 4.0
READER_PAUSE = 60.0
log = logging.getLogger(__name__)


def asked_for(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with the address asked for on the command line. Raises SettingsError."""
    told = listening(settings)
    if host is None and port is None and told:
        return settings
    if len(told) > 1:
        raise SettingsError("Several sources listen; --host and --port would be those of one: mend maswatch.toml.")
    usual = address_of(told[0]) if told else (HOST, PORT)
    address = _written(host or usual[0], usual[1] if port is None else port)
    if told:
        changed = [one.model_copy(update={"listen": address}) if one is told[0] else one for one in settings.source]
        return settings.model_copy(update={"source": tuple(changed)})
    if any(one.name == UNNAMED for one in settings.source):
        raise SettingsError(f"source {UNNAMED} does not listen; give a source of kind hl7 an address: listen.")
    new = SourceSettings(name=UNNAMED, kind=KIND, listen=address)
    return settings.model_copy(update={"source": (*settings.source, new)})


def check(settings: Settings, say: Callable[[str], object]) -> None:
    """Before anything is started: addresses and certificates. Says what is exposed. Raises MaswatchError."""
    for told in listening(settings):
        host, port = address_of(told)
        free_port(host, port)
        if context_of(told) is None and not is_loopback(host):
            say(exposed(told.name, host))


def exposed(source: str, host: str) -> str:
    return (
        f"Warning: source {source} listens on {host} without TLS: results can be read on their way, and whoever "
        "reaches the port can send some. Set tls_certificate, tls_key_file and tls_client_authority, or listen on "
        f"{HOST} behind a tunnel."
    )


def receive(settings: Settings, *, say: Callable[[str], object] = log.info) -> None:
    """Until SIGTERM or SIGINT. `say` gets each address once it is listened on. Raises MaswatchError, StoreError."""
    store = open_store(settings.database_url)
    try:
        mark_first(store, [told.name for told in listening(settings)], CONFIGURED, at=_now())
        with stopping() as stop:
            asyncio.run(_received(settings, store, stop, say))
    finally:
        store.close()


def read_on(settings: Settings) -> None:
    """The reader's process, until SIGTERM."""
    from monitoring.catalog import load_catalog
    from monitoring.cycle import Site
    from monitoring.parallel import give_way
    from monitoring.reader import Reader

    give_way()
    site = Site(settings, open_store(settings.database_url), load_catalog(settings.site_catalog))
    with stopping() as stop:
        Reader(site, [told.name for told in listening(settings)]).run(stop)
    site.store.close()


async def _received(settings: Settings, store: Store, stop: Event, say: Callable[[str], object]) -> None:
    reader = Child("reader", [], settings.model_dump_json().encode() + b"\n")
    listeners: list[Listener] = []
    try:
        for told in listening(settings):
            listeners.append(await _opened(told, store, say))
        while not stop.is_set():
            _watch(reader)
            await asyncio.sleep(WATCHED_EVERY)
    finally:
        reader.stop()
        await asyncio.gather(*(listener.stop(LAST_ANSWERS_SECONDS) for listener in listeners))
        await asyncio.to_thread(reader.wait, READER_SECONDS)


async def _opened(told: SourceSettings, store: Store, say: Callable[[str], object]) -> Listener:
    host, port = address_of(told)
    tls = context_of(told)
    commits = Commits(store, told.name, clock=_now)
    listener = Listener(told, commits, refused=partial(set_aside, store, told.name))
    port = await listener.start(host, port, tls=tls)
    say(f"source {told.name} listens on {_written(host, port)}{' with TLS' if tls else ''}")
    return listener


def _watch(reader: Child) -> None:
    """However often it dies: what arrives is kept, and read when it can be."""
    try:
        reader.watch(time.monotonic())
    except ServingError as error:
        log.error("%s What arrives is kept; reading is tried again in %g s.", error, READER_PAUSE)
        reader.died_at = []
        reader.start_at = time.monotonic() + READER_PAUSE


def set_aside(store: Store, source: str, told: Header, sentence: str) -> None:
    """What was too large to be kept leaves a trace where people look for what could not be read."""
    from monitoring.refused import MESSAGE, Refused, set_aside_frame
    from monitoring.runs import new_run_id
    from storage.writes import Batch, append

    head = told.marks.field.join(told.fields).encode("latin-1", "replace").decode("utf-8", "replace")
    one = Refused(MESSAGE, f"{told.name}:1", "too_large", sentence, head)
    now = _now()
    with suppress(StoreError):
        frame = set_aside_frame([one], source)
        append(store, Batch(new_run_id(now), source, now, set_aside=frame))


def _now() -> datetime:
    return datetime.now(UTC)


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
