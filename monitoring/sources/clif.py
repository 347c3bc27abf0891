"""Tables of CLIF 2.1 (Common Longitudinal ICU data Format) in a folder, Parquet or CSV; times lie in any year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitoring.retrospective.source import ResearchFolder, open_folder, try_folder
from monitoring.settings import SourceSettings
from monitoring.sieve import OwnName
from monitoring.terms import Catalog

KIND = "clif"


def open_source(told: SourceSettings) -> ResearchFolder:
    """Reads nothing yet."""
    return open_folder(told, KIND)


def tried(told: SourceSettings, catalog: Catalog, now: datetime, own: Mapping[str, OwnName]) -> list[str]:
    """What is in the folder, in one sentence; nothing is stored. Raises SourceError where it cannot be read."""
    return try_folder(told, KIND)
