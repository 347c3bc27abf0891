"""A FHIR R4 server that is asked for news, or a drop folder of its resources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitoring.errors import SettingsError
from monitoring.fhir_server.polling import FhirServer, open_server
from monitoring.fhir_server.trying import try_server
from monitoring.settings import SourceSettings
from monitoring.sieve import OwnName
from monitoring.sources import csv_folder
from monitoring.terms import Catalog

KIND = "fhir"


def open_source(told: SourceSettings) -> FhirServer | csv_folder.CsvFolder:
    """Reaches nothing yet."""
    if bool(told.url) == (told.path is not None):
        raise SettingsError(f"source {told.name}: a fhir source needs the url of a server, or the path of a folder.")
    return open_server(told) if told.url else csv_folder.open_source(told)


def tried(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName]) -> list[str]:
    """What the server says and holds, in sentences; nothing is stored. Raises MaswatchError where it cannot be read."""
    return try_server(told, catalog, now, own) if told.url else csv_folder.tried(told, catalog, now, own)
