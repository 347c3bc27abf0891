"""A drop folder of HL7 v2 messages, one or many in a file. What a file holds is told by its content, as everywhere."""

from __future__ import annotations

from monitoring.errors import SettingsError
from monitoring.settings import SourceSettings
from monitoring.sources import csv_folder

KIND = "hl7"


def open_source(told: SourceSettings) -> csv_folder.CsvFolder:
    if told.path is None:
        raise SettingsError(f"source {told.name}: an hl7 source needs the path of its folder.")
    return csv_folder.open_source(told)
