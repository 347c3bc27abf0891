"""
What the first rows of an export to stdout rest on, read by a process that loads nothing large while another loads what
makes rows of it (monitoring.exports.foremost). They are the rows that monitoring.exporting would begin with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitoring.disguise import pseudonyms
from monitoring.exports.layouts import layout
from monitoring.exports.sizing import FIRST, JUDGED, REPORTED, fitting, looked_at
from monitoring.exports.wanted import FLAG, Wanted
from monitoring.terms import Catalog
from storage.early import Early, Told, address, early, micros
from storage.place import path_at

if TYPE_CHECKING:
    from storage.facts import Facts

# the tables that are read, and what the rows of a patient are ordered by
SAID = {"patient": ("version",), "finding": ("observed_at", "ref", "version")}
GIVEN = {"observation": ("collected_at", "ref", "version"), "dose": ("started_at", "ref", "version")}


@dataclass(frozen=True)
class Beginning:
    """`patients` in the order of the export; what each table says of them; `facts`: of an export of such alone."""

    patients: list[str]
    told: dict[str, Told]
    facts: Facts | None


def beginning(url: str, catalog: Catalog, wanted: Wanted, by: tuple[str, str]) -> Beginning | None:
    """
    Who is told has been noted; `by`: whom, and what for. None: it is not known yet who is the first, there is nobody,
    or the store does not answer at once as it should; then nothing has been noted.
    """
    if wanted.align.startswith(FLAG):
        return None
    try:
        with early(url) as store:
            first, told = _read(store, wanted) if store else ([], {})
        if not first:
            return None
        facts = _facts(url, first, catalog, wanted) if wanted.facts else None
        return _noted(url, Beginning(first, told, facts), by, wanted)
    except Exception:  # a driver's own errors, of whichever driver: the ordinary way finds and says what is wrong
        return None


def _read(store: Early, wanted: Wanted) -> tuple[list[str], dict[str, Told]]:
    with store.moment():
        first = _first(store, wanted)
        tables = SAID if wanted.facts else SAID | GIVEN
        return first, {table: store.facts(table, first, wanted.as_of, order) for table, order in tables.items()}


def _noted(url: str, beginning: Beginning, by: tuple[str, str], wanted: Wanted) -> Beginning | None:
    """Last, so that nothing is noted of what nobody is told; and before anything leaves this process."""
    with early(url) as store:
        if store:
            store.note(datetime.now(UTC), *by, wanted.patients or ["*"])
        return beginning if store else None


def _first(store: Early, wanted: Wanted) -> list[str]:
    """Nobody where records of one of them were joined."""
    names, into = store.names(wanted.as_of)
    chosen = sorted({into.get(name, name) for name in names})
    asked = {into.get(name, name) for name in wanted.patients}
    chosen = [name for name in chosen if not asked or name in asked]
    if wanted.key is not None:
        chosen.sort(key=pseudonyms(chosen, wanted.key).__getitem__)
    first = chosen[: _many(store, chosen, facts=wanted.facts)]
    return first if not {*into, *into.values()} & {*first} else []


def _many(store: Early, chosen: Sequence[str], *, facts: bool) -> int:
    looked = looked_at(chosen)
    most, values = REPORTED if facts else JUDGED
    size = fitting(store.how_many(looked), len(looked), most=most, values=values)
    return size if facts else min(size, FIRST)


def _facts(url: str, first: list[str], catalog: Catalog, wanted: Wanted) -> Facts:
    from monitoring.exports.flow import wanted_columns
    from storage.facts import Door, reading

    asked = layout(catalog).asked(facts=True, versions=False)["labs"].fields
    path = path_at(url)
    with reading(Door("sqlite", path) if path else Door("postgresql", address(url)), alone=True) as reader:
        return reader.facts(first, micros(wanted.as_of), wanted_columns(asked, wanted.key))
