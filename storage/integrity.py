"""
Whether the store is whole: its file page by page, and what its rows promise one another.

A server looks after its own pages (checksums, pg_amcheck); the rows are looked at on either. Counts only: no sentence
here names a patient.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select, text
from sqlalchemy.engine import make_url

from storage import frames
from storage.deliveries import DELIVERY, delivery_id, unpacked
from storage.engine import Store
from storage.errors import StoreDamaged
from storage.kinds import number
from storage.reading import chosen, frame_of, key
from storage.tables import METADATA, SHARED, FlagChange

FLAGS: Any = FlagChange.__table__  # type: ignore[attr-defined]
OBSERVATION = METADATA.tables["observation"]
START_SECONDS = 3.0
A_SECOND = 64 * 2**20  # bytes of pages that are read, from an ordinary disk
LEEWAY = timedelta(minutes=5)  # between the clocks of machines that share a store
STEPS = 20_000  # of SQLite's engine between two looks at the clock
AHEAD = {
    "observation": "received_at", "dose": "received_at", "finding": "received_at", "patient": "received_at",
    "flag_change": "recorded_at", "delivery": "received_at", "run": "started_at",
}  # fmt: skip
_GAPS = (
    "SELECT count(*) FROM (SELECT 1 FROM {0} {4} GROUP BY {1} "
    "HAVING min({2}) <> {3} OR max({2}) <> count(*) - 1 + {3}) AS g"
)
_BROKEN = (
    "SELECT count(*) FROM (SELECT change, recorded_at, lag(change) OVER w AS was, lag(recorded_at) OVER w AS before "
    "FROM flag_change WINDOW w AS (PARTITION BY patient_id, flag ORDER BY seq)) AS h WHERE recorded_at < before "
    "OR (change = 'raised') = coalesce(was IN ('raised', 'worsened'), false)"
)
_NOBODYS = (
    "SELECT count(*) FROM (SELECT DISTINCT patient_id FROM {0}) AS t "
    "WHERE NOT EXISTS (SELECT 1 FROM patient AS p WHERE p.patient_id = t.patient_id)"
)
_LOST = "SELECT count(*) FROM {0} AS t WHERE NOT EXISTS (SELECT 1 FROM delivery AS d WHERE d.id = t.id)"
_FACTS = {"observation": "collected_at", "dose": "started_at", "finding": "observed_at"}
# what its source named by that name, anything else by its time: in the order of an index, so that nothing is sorted
_GAPS_OF_FACTS = "SELECT ({}) + ({})".format(
    _GAPS.replace("{4}", "WHERE source_id <> ''").replace("{1}", "patient_id, source_id, ref"),
    _GAPS.replace("{4}", "WHERE source_id = ''").replace("{1}", "patient_id, {1}, ref"),
)
_ROWS = (
    *(
        (f"{name}: versions with gaps", _GAPS_OF_FACTS.format(name, when, "version", 1))
        for name, when in _FACTS.items()
    ),
    ("patient: versions with gaps", _GAPS.format("patient", "patient_id", "version", 0, "")),
    ("flag_change: numbers with gaps", _GAPS.format("flag_change", "patient_id, flag", "seq", 0, "")),
    ("flag_change: a change that cannot follow the one before", _BROKEN),
    *((f"{name}: patients that nothing is known of", _NOBODYS.format(name)) for name in (*_FACTS, "flag_change")),
    ("delivery_reading: of a delivery that is not there", _LOST.format("delivery_reading")),
    ("delivery_waiting: of a delivery that is not there", _LOST.format("delivery_waiting")),
)


@dataclass(frozen=True)
class Fault:
    what: str
    count: int


def damage(store: Store, *, seconds: float | None = None, deep: bool = False) -> str:
    """
    What is wrong with the file, in one sentence with the way out; "" where nothing was found, on a server always.

    `seconds`: about that long, and what was not looked at by then counts as whole; a file that is too large for that
    is not looked at. `deep`: indexes too.
    """
    if store.dialect != "sqlite" or (seconds is not None and too_large(store, seconds)):
        return ""
    place = Path(str(make_url(store.url).database))
    try:
        whole = _whole(store, seconds, deep)
    except StoreDamaged:
        whole = False
    return "" if whole else DAMAGED_AT.format(place)


DAMAGED_AT = (
    "The store's file {} is damaged: stop maswatch, keep the file, and put a backup in its place with "
    "`maswatch restore FILE --overwrite`."
)


def too_large(store: Store, seconds: float) -> bool:
    """Whether reading every page would take longer; SQLite reads a whole tree without looking up."""
    place = Path(str(make_url(store.url).database))
    return store.dialect == "sqlite" and place.stat().st_size > seconds * A_SECOND


def sound(store: Store) -> None:
    """Before work begins, and no longer than START_SECONDS. Raises StoreDamaged with the way out."""
    broken = damage(store, seconds=START_SECONDS)
    if broken:
        raise StoreDamaged(broken)


def row_faults(store: Store) -> list[Fault]:
    """What rows promise one another and do not keep."""
    with store.reading() as connection:
        found = [Fault(what, int(connection.execute(text(asked)).scalar_one())) for what, asked in _ROWS]
        found += [Fault(f"{what}: rows of a broken link", count) for what, count in _broken_links(connection)]
        found.append(Fault("observation: words that are not those of their number", _misnumbered(connection)))
        found.append(Fault("delivery: bytes that are not those that came", _changed(connection)))
    return [fault for fault in found if fault.count]


def ahead(store: Store, *, now: datetime) -> list[Fault]:
    """What carries a time to come, since a clock was once ahead: it plays no part before its time."""
    with store.reading() as connection:
        tables = {name: METADATA.tables[name] for name in AHEAD}
        counted = {
            name: select(func.count()).where(table.c[AHEAD[name]] > now + LEEWAY) for name, table in tables.items()
        }
        found = [Fault(name, int(connection.execute(asked).scalar_one())) for name, asked in counted.items()]
    return [fault for fault in found if fault.count]


def _whole(store: Store, seconds: float | None, deep: bool) -> bool:
    deadline = None if seconds is None else time.monotonic() + seconds
    with store.reading() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: deadline is not None and time.monotonic() > deadline, STEPS)
        try:
            asked = "PRAGMA integrity_check(1)" if deep else "PRAGMA quick_check(1)"
            return bool(driver.execute(asked).fetchone()[0] == "ok")
        except Exception as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_INTERRUPT":
                raise
            return True
        finally:
            driver.set_progress_handler(None, STEPS)


def _broken_links(connection: Connection) -> Iterator[tuple[str, int]]:
    """A server holds to its foreign keys at every write; SQLite does only where they are switched on."""
    if connection.dialect.name == "sqlite":
        counts: dict[str, int] = {}
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            counts[str(row[0])] = counts.get(str(row[0]), 0) + 1
        yield from counts.items()


def _misnumbered(connection: Connection) -> int:
    """Combinations of words beside a number that is not theirs, and those that share one, which hardly can be."""
    words = [OBSERVATION.c[name] for name in SHARED]
    told = select(OBSERVATION.c.kind, *words).distinct().where(OBSERVATION.c.kind.is_not(None))
    rows = connection.execute(told).all()
    right = [kind for kind, *words in rows if number(words) == kind]
    return len(rows) - len(set(right))


def _changed(connection: Connection) -> int:
    """A delivery is named by a hash of its source and its bytes: whether it still is."""
    columns = [DELIVERY.c[name] for name in ("id", "source", "size", "content")]
    held = select(*columns).where(DELIVERY.c.content.is_not(None)).execution_options(yield_per=100)
    with closing(connection.execute(held)) as rows:
        return sum(not _same(row) for row in rows)


def _same(row: Any) -> bool:
    try:
        return delivery_id(row.source, unpacked(row.content, row.size)) == row.id
    except (OSError, ValueError):  # what cannot be unpacked
        return False


def said_at(store: Store, *, last: int | None) -> list[pd.Timestamp]:
    """The last moments at which anything was written down about flags, oldest first; None: all of them."""
    with store.reading() as connection:
        moments = select(FLAGS.c.recorded_at).distinct().order_by(FLAGS.c.recorded_at.desc()).limit(last)
        return sorted(pd.Timestamp(moment) for moment in connection.execute(moments).scalars())


def said(store: Store, moment: datetime) -> pd.DataFrame:
    """What was written down about flags at that very moment. Shape FLAG_CHANGES."""
    with store.reading() as connection:
        statement = chosen(connection, FlagChange).where(FLAGS.c.recorded_at == moment)
        return frame_of(connection, statement.order_by(*key(connection, FlagChange)), frames.FLAG_CHANGES)


def last_said_otherwise(store: Store, versions: Mapping[str, str]) -> datetime | None:
    """When anything was last written down under a version of its rule that is not among these, by rule; None: never."""
    with store.reading() as connection:
        last = select(FLAGS.c.flag, FLAGS.c.rule_version, func.max(FLAGS.c.recorded_at).label("at"))
        told = connection.execute(last.group_by(FLAGS.c.flag, FLAGS.c.rule_version)).all()
    return max((row.at for row in told if versions.get(row.flag) != row.rule_version), default=None)


def last_cycle(store: Store) -> datetime | None:
    """When the last cycle that ended well began."""
    run = METADATA.tables["run"]
    with store.reading() as connection:
        began = select(func.max(run.c.started_at)).where(run.c.source == "cycle", run.c.outcome == "ok")
        return connection.execute(began.where(run.c.finished_at.is_not(None))).scalar()
