"""
A person says what a source means by a code: the word is kept, what waits under that code is read again, and whom it
concerns is judged.

Where the code meant another analyte before, or means none any more, what was read under the old meaning is withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from monitoring import lookup
from monitoring.cycle import Site, run_again
from monitoring.due import judge_due
from monitoring.errors import IntakeError
from monitoring.other_codes import names
from monitoring.runs import COUNTS, new_run_id
from monitoring.sieve import OwnName
from monitoring.site_map import ANYWHERE, analyte_of, file_words, own_names, said, unit_fault
from monitoring.unmapping import reinstate, withdraw
from storage.feeds import aside_groups, aside_ids
from storage.meanings import code_meanings, say_meaning

# What a row may have been set aside for that another meaning of its code can mend.
REASONS = ("unknown_analyte", "unknown_unit", "conflicting_codes")
NOTHING = "{} does not stand in the map by anybody's word; there is nothing to take back."


def map_code(
    site: Site, source: str, code: str, analyte: str, *, unit: str = "", by: str, now: datetime
) -> dict[str, int]:
    """
    From now on `source` ("*": every one) means `analyte` by `code`. Counts as `ingest` prints them, with "withdrawn".

    Raises IntakeError where the catalog knows no such analyte or not in that unit, or where nobody says so.
    """
    meant = OwnName(analyte_of(site.catalog, analyte.strip()), unit.strip())
    _check(site, source, code, by)
    if not meant.analyte:
        raise IntakeError(f"{analyte!r} is no analyte of the catalog; give its code, like ferritin.")
    if fault := unit_fault(site.catalog, meant.analyte, meant.unit):
        raise IntakeError(f"{fault}.")
    return _said(site, (source.strip(), code.strip()), meant, by=by.strip(), now=now)


def take_back(site: Site, source: str, code: str, *, by: str, now: datetime) -> dict[str, int]:
    """What a person said of this code no longer counts; the file's word does again, where there is one."""
    _check(site, source, code, by)
    if (source.strip(), lookup.plain_name(code)) not in {word.key for word in said(site.store, site.catalog)}:
        raise IntakeError(NOTHING.format(code))
    return _said(site, (source.strip(), code.strip()), OwnName(""), by=by.strip(), now=now)


def read_again(site: Site, ids: Collection[str], now: datetime) -> dict[str, int]:
    """These items once more, and whom it concerns judged where that told news; nothing where there are none."""
    if not ids:
        return dict.fromkeys((*COUNTS, "assessed"), 0)
    told = run_again(site, ids, new_run_id(now))
    return {name: int(told[name]) for name in (*COUNTS, "assessed")}


def waiting(site: Site, source: str, code: str) -> list[str]:
    """Ids of what was set aside of this source ("*": of all) and may be told by another meaning of the code."""
    sources = [source] if source != ANYWHERE else aside_groups(site.store)["source"].drop_duplicates().tolist()
    found = [row for each in sources for row in aside_ids(site.store, each, REASONS).to_dict("records")]
    wanted = lookup.plain_name(code)
    return [str(row["id"]) for row in found if wanted in names(json.loads(row["fields"]), row["code"])]


def _check(site: Site, source: str, code: str, by: str) -> None:
    if not code.strip() or not source.strip():
        raise IntakeError("A source and a code of its own are wanted, like: lis FERR.")
    if not by.strip():
        raise IntakeError("Who says so is missing: a name is kept with every word on what a code means.")


def _said(site: Site, key: tuple[str, str], meant: OwnName, *, by: str, now: datetime) -> dict[str, int]:
    (source, code), plain = key, lookup.plain_name(key[1])
    before, first = _meanings(site, source), not _spoken_of(site, plain)
    say_meaning(site.store, source, code, analyte=meant.analyte, unit=meant.unit, at=now, by=by)
    after = _meanings(site, source)
    changed = [name for name in before if before[name].get(plain) != after[name].get(plain)]
    overruled = [name for name in changed if plain in before[name]]
    moved = [withdraw(site, name, code, before[name], after[name], now=now) for name in overruled]
    withdrawn, instead = (sum(counts) for counts in zip((0, 0), *moved, strict=True))
    told = read_again(site, waiting(site, source, code), now)
    back = 0 if first else sum(reinstate(site, name, code, now=now) for name in changed if plain in after[name])
    told = told | {"read": told["read"] + instead, "new": told["new"] + instead}
    if withdrawn + instead + back and not told["assessed"]:
        run_id = new_run_id(now)
        told["assessed"] = judge_due(site.store, site.catalog, as_of=now, run_id=run_id, judge=site.judge)
    return told | {"withdrawn": withdrawn, "back": back}


def _spoken_of(site: Site, plain: str) -> bool:
    """Whether anybody ever said something of this code, or the site's file does."""
    words = [
        *code_meanings(site.store)["code"],
        *(word.code for word in file_words(site.settings.site_map, site.catalog)),
    ]
    return plain in map(lookup.plain_name, words)


def _meanings(site: Site, source: str) -> dict[str, Any]:
    """Of the source itself, or of everyone that is configured."""
    names = [source] if source != ANYWHERE else [ANYWHERE, *(each.name for each in site.settings.source)]
    return {name: own_names(site.store, site.settings, site.catalog, name) for name in names}
