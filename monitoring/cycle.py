"""
One cycle: fetch, take in, assess, record. The scheduler, `schedule --once`, `ingest` and the demo all go through here.

Every source has its own row among the runs, begun before it is asked and closed after its last commit, and the cycle
as a whole has one under the name CYCLE. A source that fails is written down in words and never stops the others.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from monitoring import in_force
from monitoring.backlog import Backlog
from monitoring.clock import Clock, wall_clock
from monitoring.due import judge_due
from monitoring.feed_seen import introduce
from monitoring.intake import take_in
from monitoring.present import present
from monitoring.raw_files import RawFile
from monitoring.retrying import retry
from monitoring.runs import CYCLE, Told, in_words, new_run_id, timed
from monitoring.sentences import counted
from monitoring.settings import Settings
from monitoring.site_map import own_codes
from monitoring.sources import Polled, Source, open_sources
from monitoring.sources.csv_folder import CsvFolder
from monitoring.state import Judge, judge_and_record
from monitoring.terms import Catalog
from storage.deliveries import Kept, Sent, keep, let_go
from storage.engine import Store
from storage.errors import StoreError
from storage.marks import set_marks
from storage.writes import record_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """What a cycle works on. `judge`: who judges, where it is not this process alone."""

    settings: Settings
    store: Store
    catalog: Catalog
    clock: Clock = wall_clock
    judge: Judge | None = None


def run_cycle(
    settings: Settings,
    store: Store,
    catalog: Catalog,
    *,
    clock: Clock = wall_clock,
    only: Collection[str] | None = None,
    judge: Judge | None = None,
) -> dict[str, Any]:
    """
    Source name -> what came of it, and under "assessed" the number of patients judged. `only`: just these sources.

    What a source or the judging failed on stands in words under "error", of the source or of the whole.
    """
    site, run_id = Site(settings, store, catalog, clock, judge), new_run_id(clock())
    whole = Told(run_id, CYCLE, "cycle", clock())
    introduce(store, settings, now=clock())
    record_run(store, whole.row(None))
    sources = [source for source in open_sources(settings) if only is None or source.name in only]
    taken = [take_from(site, source, run_id) for source in sources]
    judging = _assess(site, whole)
    _let_go(site)
    _forget(site)
    _close(site, whole, [*taken, judging])
    printed = {told.source: told.printed() for told in taken} | {"assessed": whole.assessed}
    return printed | ({"error": judging.error} if judging.error else {})


def take_from(site: Site, source: Source, run_id: str) -> Told:
    """Everything a source has now, with a row among the runs from before it is asked."""
    told = Told(run_id, source.name, "source", site.clock())
    record_run(site.store, told.row(None))
    if _take(site, source, told):
        log.warning("source %s failed: %s", told.source, told.error)
    record_run(site.store, told.row(site.clock()))
    return told


def run_by_hand(site: Site, source: Source, run_id: str) -> dict[str, Any]:
    """
    One source now, outside the schedule, and whom it is due to judge judged when it told anything new.

    What it counted and "assessed". Raises what stopped it, once that stands in the run.
    """
    told = Told(run_id, source.name, "ingest", site.clock())
    record_run(site.store, told.row(None))
    failed = _take(site, source, told)
    return _by_hand(site, told, failed)


def run_again(site: Site, ids: Collection[str], run_id: str) -> dict[str, Any]:
    """The same for what was set aside; all of it where `ids` is empty."""
    told = Told(run_id, "set-aside", "ingest", site.clock())
    record_run(site.store, told.row(None))
    failed = timed(told, lambda: _retry(site, ids, told))
    return _by_hand(site, told, failed)


def look(site: Site) -> list[Told]:
    """
    Between two cycles: what has arrived in the drop folders and on servers that it is time to ask, and everybody who is
    still watched judged anew, since time alone closes windows and makes labs overdue. A run is written down only for a
    source that had something to tell.
    """
    run_id = new_run_id(site.clock())
    introduce(site.store, site.settings, now=site.clock())
    folders = {source.name for source in site.settings.source if source.path}
    found = [
        _arrived(site, source, run_id)
        for source in open_sources(site.settings)
        if source.name in folders or (isinstance(source, Polled) and source.due(site.clock()))
    ]
    here = present(site.store, site.catalog, as_of=site.clock()).patients
    judge_and_record(site.store, site.catalog, as_of=site.clock(), run_id=run_id, patients=here, judge=site.judge)
    return found


def _arrived(site: Site, source: Source, run_id: str) -> Told:
    told = Told(run_id, source.name, "arrival", site.clock())
    if _take(site, source, told):
        log.warning("source %s failed: %s", told.source, told.error)
    if told.something or told.counts["set_aside"]:
        record_run(site.store, told.row(site.clock()))
    return told


def _by_hand(site: Site, told: Told, failed: Exception | None) -> dict[str, Any]:
    if told.something:
        now = site.clock()
        told.assessed = judge_due(site.store, site.catalog, as_of=now, run_id=told.run_id, judge=site.judge)
    record_run(site.store, told.row(site.clock()))
    if failed:
        raise failed
    return told.printed() | {"assessed": told.assessed}


def _take(site: Site, source: Source, told: Told) -> Exception | None:
    """Everything the source has; a failure is noted, and given back to who cannot go on without it."""
    failed = timed(told, lambda: _each(site, source, told))
    _note_folder(site, source, told)
    return failed


def _note_folder(site: Site, source: Source, told: Told) -> None:
    """Whether a drop folder could be looked at; sources of other kinds say so themselves."""
    if isinstance(source, CsvFolder):
        heard = {} if told.error else {"heard": site.clock().isoformat()}
        set_marks(site.store, source.name, {"failed": told.error} | heard, at=site.clock())


def _each(site: Site, source: Source, told: Told) -> None:
    """
    What was kept and never read, then file by file or page by page: kept as it came, read, and done with once what
    it holds is committed.
    """
    backlog = Backlog(site.store, site.catalog, site.settings, told.source, lambda: told.run_id, site.clock)
    for read in backlog.read():
        told.add(read.counts.as_dict())
    if isinstance(source, Polled):
        source.acquaint(site.store, site.catalog, own_codes(site.store, site.settings, site.catalog, source.name))
    for raw in source.fetch(site.clock()):
        told.add(_taken(site, told, _kept(site, told.source, raw)))
        source.done(raw)


def _kept(site: Site, source: str, raw: RawFile) -> RawFile:
    if raw.trouble:
        return raw
    [name] = keep(site.store, source, [Sent(raw.name, raw.content)], at=site.clock())
    return replace(raw, delivery=name)


def _taken(site: Site, told: Told, raw: RawFile) -> dict[str, int]:
    return take_in(
        site.store, site.catalog, site.settings, [raw], source=told.source, run_id=told.run_id, now=site.clock()
    )


def as_raw(kept: Kept) -> RawFile:
    """As a source would have given it."""
    return RawFile(kept.name, kept.content or b"", delivery=kept.id)


def _retry(site: Site, ids: Collection[str], told: Told) -> None:
    told.add(retry(site.store, site.catalog, site.settings, ids, run_id=told.run_id, now=site.clock()))


def _assess(site: Site, whole: Told) -> Told:
    """Judges whom it is due to; what failed is told beside the sources' failures."""
    judging = Told(whole.run_id, "judging", whole.kind, site.clock())
    try:
        in_force.note(site.store, site.catalog, now=site.clock())
        now = site.clock()
        whole.assessed = judge_due(site.store, site.catalog, as_of=now, run_id=whole.run_id, judge=site.judge)
    except Exception as error:
        judging.error = in_words(error)
        log.warning("judging failed: %s", judging.error)
    return judging


def _let_go(site: Site) -> None:
    """What was read and is older than the site keeps it no longer stands as it came; a failure waits for next time."""
    try:
        gone = let_go(site.store, site.clock() - timedelta(days=site.settings.raw.keep_days))
        log.info("raw input: %d deliveries let go after %g days", gone, site.settings.raw.keep_days)
    except StoreError as error:
        log.warning("raw input was not let go: %s", error)


def _forget(site: Site) -> None:
    """Where the site says how many years: those discharged before are removed; a failure waits for next time."""
    if site.settings.keep.years is None:
        return
    from monitoring.forgetting import forget_old

    try:
        gone = forget_old(site.store, site.settings.data_dir, years=site.settings.keep.years, now=site.clock())
        log.info("kept for %g years: %d patients removed", site.settings.keep.years, gone)
    except (OSError, StoreError) as error:
        log.warning("nobody was removed whose time is over: %s", in_words(error))


def _close(site: Site, whole: Told, parts: list[Told]) -> None:
    """The cycle's own row: the sums, and "ok" only when every part was."""
    for part in parts:
        whole.add(part.counts)
    whole.error = " ".join(f"{part.source}: {part.error}" for part in parts if part.error)
    record_run(site.store, whole.row(site.clock()))
    log.info("cycle %s: %s judged", "failed" if whole.error else "done", counted(whole.assessed, "patient"))
