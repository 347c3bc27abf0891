"""The words that the sheet on the screen and the one on paper share. Imports no streamlit."""

from __future__ import annotations

from datetime import tzinfo
from importlib.metadata import version
from typing import Final

from dashboard import wording
from dashboard.bedside import Bedside
from dashboard.patient_sheet import Sheet
from monitoring.terms import Catalog

AXIS: Final = {True: "hours since steroid start", False: "days before now"}
SUPPORT: Final = "Decision support: options, not orders."
LONGEST: Final = 44  # of a citation in the foot; the whole of it stands on the patient's page
VALUES: Final = "values as reported by the laboratory feed; check against the laboratory system"


def foot(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> str:
    """Where what is said comes from: the program, its knowledge, and how new the newest value is."""
    newest = side.newest_collected_at
    drawn = "no labs yet" if newest is None else f"newest labs drawn {wording.stamp(newest, zone)}"
    return wording.joined(f"maswatch {version('maswatch')}, knowledge {catalog.version[:12]}", drawn, VALUES)


def cited(sheet: Sheet) -> str:
    """Sources: S1 …; S2 …: what the keys beside the options stand for."""
    ranges = [one for option in sheet.options for one in option.ranges]
    keys = dict.fromkeys(source for one in ranges for source in one.sources)
    keys |= dict.fromkeys(source for option in sheet.options if not option.ranges for source in option.sources)
    return f"Sources: {'; '.join(f'{source.key} {_short(source.citation)}' for source in keys)}" if keys else ""


def _short(citation: str) -> str:
    return citation if len(citation) <= LONGEST else f"{citation[:LONGEST].rsplit(' ', 1)[0]} …"
