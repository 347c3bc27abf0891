"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.errors import ExportError
from monitoring.terms import LINES, Catalog

STEROID, FIRST, ADMISSION, LINE, FLAG = "steroid", "first", "admission", "line", "flag"
PLAIN = (STEROID, FIRST, ADMISSION)


@dataclass(frozen=True)
class OfCohort:
    """A cohort as evaluated for an export: `steps` are each criterion in words and how many were left after it."""

    called: str
    title: str
    question: str
    patients: tuple[str, ...]
    steps: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Wanted:
    """
    Empty tuples and None mean all; `key` None: identified; `align`: what hour 0 is (monitoring.exports.alignment),
    and patients without it are left out.

    `facts`: what was reported and given alone, and nothing that rests on a judgement; then nothing is judged.
    The panel has a point every `grid_hours`, and at each the last value not older than `carry_hours`;
    None: as the catalog says, which a site may change.
    """

    as_of: datetime
    patients: tuple[str, ...] = ()
    analytes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    align: str = ""
    key: bytes | None = None
    grid_hours: float | None = None
    carry_hours: float | None = None
    versions: bool = False
    facts: bool = False
    partition: str = ""
    cohort: OfCohort | None = None

    def panel_hours(self, catalog: Catalog) -> tuple[float, float]:
        """Between two points of the panel, and for how long a value is carried."""
        told = catalog.settings
        grid, carry = self.grid_hours, self.carry_hours
        return grid or told["export_grid_hours"], carry or told["export_carry_hours"]


def checked(told: str, catalog: Catalog) -> str:
    """What `--align` says of hour 0, a line by its name. Raises ExportError with one sentence."""
    kind, _, which = told.partition(":")
    if told in ("", *PLAIN):
        return told
    lines = dict(enumerate(LINES)) | {line: line for line in LINES[1:]}
    numbered = int(which) if which.isdecimal() else which
    if kind == LINE and numbered and numbered in lines:
        return f"{LINE}:{lines[numbered]}"
    if kind == FLAG and which in catalog.rules:
        return told
    ways = f"{', '.join(PLAIN)}, line:2 (or {', '.join('line:' + line for line in LINES[1:])}), or flag: and its code"
    raise ExportError(f"{told!r} is nothing to align on; there are {ways}.")
