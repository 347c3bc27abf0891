"""
The only door to data. Opens the store once a process; reads are shared by all viewers for a few seconds.

A read is shared under the store's newest change and the scope of who may see what, so that neither a new result nor
another person's rights are ever answered from an older read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import cut_out
from dashboard.apart import Apart
from dashboard.asked_once import asked
from dashboard.bedside import Row, Ward
from dashboard.drawn_once import draw_ahead
from dashboard.garbage import unsearched
from dashboard.health import Health, health, unreadable
from dashboard.keeping import Keeper, Kept
from dashboard.last_made import LastMade
from dashboard.once import Once
from dashboard.rounds_ahead import since_now
from dashboard.rounds_sheet import scores_of
from dashboard.since_rounds import Since, Told, told
from dashboard.unchanged import Unchanged
from dashboard.watched import Shown, made_ready, watched
from monitoring.catalog import load_catalog
from monitoring.settings import Settings, load_settings
from monitoring.state import answered_since, state
from monitoring.terms import Catalog
from monitoring.wall_times import next_run
from storage import newest, queries
from storage.engine import Store, open_store
from storage.errors import StoreError, StoreUnreachable
from storage.place import file_at
from storage.rounds import amended

SHARED_SECONDS: Final = 25
SECONDS_ALIKE: Final = 10
EVERYONE: Final = "everyone"  # the only scope while there is no sign-in
GONE: Final = "The store's file is gone from its place: put it back, or restore a backup with maswatch restore."
_site: dict[str, Settings] = {}
_keeper: list[Keeper] = []
_files: dict[str, tuple[int, int] | None] = {}
_feed_seen: LastMade[Health] = LastMade(timedelta(seconds=SHARED_SECONDS))
_unchanged = Unchanged()
_answers = Once(4, SHARED_SECONDS)
Read = TypeVar("Read")


def use(settings: Settings) -> None:
    """The settings this process serves; without it, those of the machine."""
    _site["settings"] = settings


def settings() -> Settings:
    if "settings" not in _site:
        use(load_settings(config=None, data_dir=None, database_url=None))
    return _site["settings"]


def zone() -> ZoneInfo:
    return settings().zone


def catalog() -> Catalog:
    return _catalog(settings().site_catalog)


def store() -> Store:
    """Raises StoreError with a sentence that says what to do."""
    url = settings().database_url
    if not _same_file(url):
        _forget_store()
    opened = _store(url)
    _files.setdefault(url, file_at(url))
    return opened


def unchanged(key: Hashable, read: Callable[[], Read]) -> Read:
    """What was read under `key` since the last commit, else read now; see unchanged.py."""
    return _unchanged.given((settings().database_url, key), asked(store()).state, read)


def feed(now: datetime) -> Health:
    try:
        return health(store(), settings(), catalog(), now=now)
    except StoreError as error:
        _forget_store()
        return unreadable(settings(), str(error), now=now)


def feed_shared(now: datetime) -> Health:
    """The same for the strip of every page: until the store changes, what was so some seconds ago."""
    at = now.replace(second=now.second // SECONDS_ALIKE * SECONDS_ALIKE, microsecond=0)
    try:
        key = (settings().database_url, newest.mark(store()), EVERYONE, at)
        told = partial(health, store(), settings(), catalog(), now=now)
        return _feed_seen.given(key, told, now=now, waits=not _keeper)
    except StoreError:
        return feed(now)


def ward(as_of: datetime | None, *, now: datetime, waits: bool = True) -> Ward:
    """
    Everybody as known at `as_of`, or now when it is None.

    Without a keeper, now is read at once when the store has changed, and otherwise shared for SHARED_SECONDS: only what
    hangs on the clock alone can be that much behind. With one, see keeping.py: a reading that the store is ahead of is
    `behind`, and where there is none yet, who does not wait (`waits`) is told so. An answer to a flag changes no
    judgement: what was judged is shared on, and the answers are read anew.
    """
    url, (mark, judged_mark) = settings().database_url, asked(store(), anew=True).marks
    if as_of is not None:
        return _then(url, mark, EVERYONE, as_of, store(), catalog())
    if _keeper:
        judged = _keeper[0].given(judged_mark, now, waits=waits)
    else:
        judged = _now(url, judged_mark, EVERYONE, store(), catalog(), now)
    told = _answered(url, mark, judged, now)
    return replace(told, behind=judged.behind, late=judged.late) if judged.behind or judged.late else told


def keep_judged(clock: Callable[[], datetime]) -> None:
    """From now on the ward is judged ahead of its viewers, see keeping.py; for a server, once."""
    if not _keeper:
        keeper = Keeper(
            lambda: newest.mark(store(), answers=False),
            _judged_ahead,
            clock,
            dropped=lambda ward: _answers.forget(lambda key: key[-1] == ward.as_of),
        )
        _keeper.append(keeper)
        keeper.start()


def _judged_ahead(mark: str, now: datetime, before: Kept | None = None) -> Ward:
    """With what every view of it begins with, so that no reader waits for that either."""
    opened, known = store(), catalog()
    shown = Shown(zone(), settings().dashboard.units)
    large = len(queries.patients(opened, as_of=now)) >= settings().schedule.judges_from
    told = _told_apart(_apart(settings().database_url, opened, known, shown), now, before) if large else None
    if told is None:
        with unsearched(search=True):
            told = made_ready(watched(opened, known, now), known, shown, opened)
    told = replace(told, mark=mark)
    draw_ahead(_answered(settings().database_url, newest.mark(opened), told, now))
    return told


def _told_apart(apart: Apart, now: datetime, before: Kept | None) -> Ward | None:
    if before is None:
        return apart.read(now)
    return apart.read(now, before.ward, due_at=None if before.resting else now - before.renewed_after)


@st.cache_resource(show_spinner=False, max_entries=1, on_release=Apart.close)
def _apart(url: str, _store: Store, _catalog: Catalog, _shown: Shown) -> Apart:
    return Apart(_store, _catalog, _shown)


def with_whole(ward: Ward, patient_id: str, *, far: bool) -> Ward:
    """
    The ward itself; a ward of the patient alone, with the whole history as known at the same moment, where it is asked
    for (`far`) or where the patient left long ago.
    """
    if patient_id not in ward.earlier and not (far and ward.of(patient_id)):
        return ward
    _, mark = asked(store()).marks
    alone = _alone(settings().database_url, mark, EVERYONE, ward.as_of, patient_id, store(), catalog())
    return cut_out.with_answers(alone, answered_since(alone.state, store(), catalog(), as_of=ward.as_of))


def news(ward: Ward, *, now: datetime, live: bool = False) -> dict[str, Since]:
    """What is new of everybody since their last rounds, with what was said until `now`; `live`: the clock says so."""
    key = (settings().database_url, asked(store()).marks[0], EVERYONE)

    def shared(store: Store, *, since: datetime, as_of: datetime) -> pd.DataFrame:
        return _amended(*key, ward.as_of, since, store, as_of)

    hour = now.replace(minute=0, second=0, microsecond=0)  # what is older than asked for is left out later
    about = ("told", hour if live else now, ward.as_of)
    said = unchanged(about, lambda: told(store(), as_of=now, amended=shared))
    return _news(settings().database_url, ward.mark, EVERYONE, ward.as_of, said.count, ward, said)


def scores(ward: Ward, patient_id: str, *, live: bool = False) -> list[Row]:
    """One patient's scores. `live`: until the store changes, those of some minutes ago do: ages are told in hours."""
    return _scores_of(ward, live=live).get(patient_id, [])


def _scores_of(ward: Ward, *, live: bool) -> Mapping[str, list[Row]]:
    """Kept under the mark that the reading knows of: the store may be ahead of it."""
    if live and ward.scored is not None:
        return ward.scored
    at = ward.as_of.replace(minute=ward.as_of.minute // 10 * 10, second=0, microsecond=0) if live else ward.as_of
    who = ward.sides[0].id if len(ward.sides) == 1 else ""  # a ward of one patient alone is another reading
    return _scores(settings().database_url, ward.mark, EVERYONE, at, who, ward)


def next_run_at(now: datetime) -> datetime:
    return next_run(settings().schedule.at, zone(), now)


@st.cache_resource(show_spinner=False)
def _catalog(site_catalog: Path | None) -> Catalog:
    return load_catalog(site_catalog)


def _forget_store() -> None:
    """So that the next read opens it anew: one that was mended or put back is found without a restart."""
    _store.clear()
    _apart.clear()  # its process has the old one open


def _same_file(url: str) -> bool:
    """Whether the file that is open is still the one at its place. Raises StoreUnreachable when none is there."""
    now, opened = file_at(url), _files.get(url)
    if opened is None or now == opened:
        return True
    if now is None:  # what is open would be read on, and opening it anew would make an empty store
        raise StoreUnreachable(GONE)
    del _files[url]
    return False


@st.cache_resource(show_spinner=False, on_release=Store.close)
def _store(url: str) -> Store:
    return open_store(url)


@st.cache_resource(ttl=SHARED_SECONDS, max_entries=4, show_spinner=False)
def _now(url: str, mark: str, scope: str, _store: Store, _catalog: Catalog, _now: datetime) -> Ward:
    return replace(watched(_store, _catalog, _now), mark=mark)


def _answered(url: str, mark: str, ward: Ward, now: datetime) -> Ward:
    """The ward with the answers that `mark` tells of, and those that ended since by the clock alone."""

    def read() -> Ward:
        told = cut_out.with_answers(ward, answered_since(ward.state, store(), catalog(), as_of=now))
        return replace(told, behind=False, late=False)

    told: Ward = _answers.given((url, queries.answers_in(mark), EVERYONE, ward.mark, ward.as_of), read)
    return told


@st.cache_resource(ttl=600, max_entries=3, show_spinner=False)  # a hundred megabytes each
def _then(url: str, mark: str, scope: str, as_of: datetime, _store: Store, _catalog: Catalog) -> Ward:
    return replace(watched(_store, _catalog, as_of), mark=mark)


@st.cache_resource(ttl=600, max_entries=8, show_spinner=False)
def _alone(url: str, mark: str, scope: str, as_of: datetime, patient_id: str, _store: Store, _catalog: Catalog) -> Ward:
    read = cut_out.ward(state(_store, _catalog, as_of=as_of, patients=[patient_id]))
    return replace(read, mark=f"{mark} {as_of}")  # a moment before the mark's knows less than it


@st.cache_resource(ttl=600, max_entries=4, show_spinner=False)
def _amended(
    url: str, mark: str, scope: str, at: datetime, since: datetime, _store: Store, _as_of: datetime
) -> pd.DataFrame:
    return amended(_store, since=since, as_of=_as_of)


@st.cache_resource(ttl=600, max_entries=4, show_spinner=False)
def _news(url: str, mark: str, scope: str, as_of: datetime, said: int, _ward: Ward, _told: Told) -> dict[str, Since]:
    return since_now(_ward, _told)


@st.cache_resource(ttl=600, max_entries=8, show_spinner=False)
def _scores(url: str, mark: str, scope: str, about: datetime, who: str, _ward: Ward) -> dict[str, list[Row]]:
    """Of everybody at once: of one they take nearly as long."""
    return scores_of(_ward, [side.id for side in _ward.sides])
