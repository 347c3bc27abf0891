"""
What was kept and nobody has read yet, read in the order in which it came.

Whoever reads first has read it: a reading is kept together with the word that its deliveries wait no longer, and not
at all where they no longer did. So the cycle and a listener's reader may both be at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitoring.hl7.batches import broken, read_messages
from monitoring.intake import IngestCounts, as_batch, counted, encoding_of, take_in
from monitoring.raw_files import RawFile
from monitoring.settings import Settings
from monitoring.sieve import Circumstances
from monitoring.sifting import Taken
from monitoring.site_map import circumstances
from monitoring.terms import Catalog
from storage.deliveries import Kept, newest_read, unread
from storage.engine import Store
from storage.errors import (
    AlreadyRead,
    StoreBehind,
    StoreBusy,
    StoreDamaged,
    StoreFull,
    StoreNewer,
    StoreUnreachable,
)
from storage.identities import resolved
from storage.writes import append

AT_ONCE, MEGABYTES = 400, 8.0
# No message's fault: the same again will do once the store is well.
STORE = (StoreBehind, StoreBusy, StoreDamaged, StoreFull, StoreNewer, StoreUnreachable)


@dataclass(frozen=True)
class Read:
    """What came of one reading. `patients`: those of whom it told anything, where any of it was news."""

    counts: IngestCounts = field(default_factory=IngestCounts)
    deliveries: int = 0
    patients: frozenset[str] = frozenset()

    def __add__(self, other: Read) -> Read:
        return Read(self.counts + other.counts, self.deliveries + other.deliveries, self.patients | other.patients)


@dataclass(frozen=True)
class Backlog:
    """Of one source. `run_id` is asked for at every reading."""

    store: Store
    catalog: Catalog
    settings: Settings
    source: str
    run_id: Callable[[], str]
    clock: Callable[[], datetime]

    def read(self) -> Iterator[Read]:
        """A reading at a time, each kept when it is given, until nothing waits. Raises what the store raises."""
        framed = any(told.name == self.source and told.listen for told in self.settings.source)
        while waiting := unread(self.store, self.source, limit=AT_ONCE if framed else 1, megabytes=MEGABYTES):
            yield self._messages(waiting) if framed else self._file(waiting[0])

    def _file(self, kept: Kept) -> Read:
        raw = RawFile(kept.name, kept.content or b"", delivery=kept.id)
        counts = take_in(
            self.store, self.catalog, self.settings, [raw],
            source=self.source, run_id=self.run_id(), now=self.clock(),
        )  # fmt: skip
        return Read(IngestCounts(**counts), 1)

    def _messages(self, waiting: Sequence[Kept]) -> Read:
        """What came before something that was read already is read by itself: what it repeats is old."""
        newest = newest_read(self.store, self.source)
        late = [one for one in waiting if newest and one.received_at < newest]
        first = self._joint(late, again=True) if late else Read()
        rest = waiting[len(late) :]
        return first + self._joint(rest, again=False) if rest else first

    def _joint(self, kept: Sequence[Kept], *, again: bool) -> Read:
        at = circumstances(self.store, self.settings, self.catalog, self.source, self.clock())
        at = replace(at, encoding=encoding_of(self.settings, self.source))
        try:
            return self._stored(kept, read_messages(kept, at), at, again=again)
        except AlreadyRead:
            return Read()
        except STORE:
            raise
        except Exception as error:
            if len(kept) == 1:
                return self._stored(kept, Taken(refused=[broken(kept[0], error, at.encoding)]), at, again=again)
        half = len(kept) // 2  # one of them breaks the whole; the others go their way
        return self._joint(kept[:half], again=again) + self._joint(kept[half:], again=again)

    def _stored(self, kept: Sequence[Kept], taken: Taken, at: Circumstances, *, again: bool) -> Read:
        batch = as_batch(RawFile("", b""), taken, at=at, run_id=self.run_id())
        names = [one.id for one in kept]
        became = append(self.store, replace(batch, taken_file=None, deliveries=names, waiting=True, again=again))
        counts = counted(became, set_aside=len(taken.refused))
        news = counts.new + counts.corrected > 0
        told = [frame for frame in taken.facts.values() if news and "patient_id" in frame]
        touched = (set(resolved(self.store, frame)["patient_id"]) for frame in told)
        return Read(counts, len(kept), frozenset[str]().union(*touched))
