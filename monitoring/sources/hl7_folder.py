"""
HL7 v2 messages: a drop folder with one or many in a file, or an address at which they arrive (`maswatch receive`).

What a file holds is told by its content, as everywhere. Of what arrives by itself there is nothing to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from monitoring.decoding import known_encoding
from monitoring.errors import IntakeError, SettingsError
from monitoring.hl7.trying import try_listening
from monitoring.raw_files import RawFile
from monitoring.settings import Settings, SourceSettings
from monitoring.sieve import OwnName
from monitoring.sources import csv_folder
from monitoring.terms import Catalog

KIND = "hl7"
HOST, PORT = "127.0.0.1", 2575
ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+):)?(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Arriving:
    """A source that is never asked."""

    name: str

    def fetch(self, now: datetime) -> Iterable[RawFile]:
        return ()

    def done(self, raw: RawFile) -> None:
        """Nothing was given."""


def open_source(told: SourceSettings) -> csv_folder.CsvFolder | Arriving:
    if told.path and told.listen:
        raise SettingsError(f"source {told.name}: it has a path and listens; make two sources of it, one for each.")
    if told.listen:
        address_of(told)
        _check_encoding(told)
        return Arriving(told.name)
    if told.path is None:
        raise SettingsError(
            f'source {told.name}: an hl7 source needs the path of its folder, or listen = "{HOST}:{PORT}".'
        )
    return csv_folder.open_source(told)


def tried(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName]) -> list[str]:
    """What is in the folder, or at the address; nothing is stored. Raises SourceError or SettingsError."""
    return try_listening(told, *address_of(told), now) if told.listen else csv_folder.tried(told, catalog, now, own)


def _check_encoding(told: SourceSettings) -> None:
    try:
        known_encoding(told.encoding)
    except IntakeError as error:
        raise SettingsError(f"source {told.name}: {error}") from None


def listening(settings: Settings) -> list[SourceSettings]:
    """The sources that wait for senders."""
    return [told for told in settings.source if told.kind == KIND and told.listen]


def address_of(told: SourceSettings) -> tuple[str, int]:
    """(host, port) of `listen`; a port alone is this machine's own. Raises SettingsError."""
    found = ADDRESS.fullmatch(told.listen.strip())
    if not found or int(found["port"]) > 65535:
        raise SettingsError(
            f"source {told.name}: listen = {told.listen!r} is no address; write one like {HOST}:{PORT}."
        )
    return (found["host"] or HOST).strip("[]"), int(found["port"])
