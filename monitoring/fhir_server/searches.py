"""
Which searches find what is new of a kind of resource.

By `_lastUpdated` where the server offers it: that is the server's own clock, and nothing that came late or without a
time of its own is passed over. The first poll reaches back so many days by the same clock, since what was drawn in
those days was also written in them. A stay is sought by its period, however long ago it was written, and what a patient
has and is, whenever it was said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitoring.fhir_server.asking import Params
from monitoring.fhir_server.capabilities import Offered
from monitoring.fhir_server.pages import moment
from monitoring.settings import SourceSettings

IDS_AT_ONCE = 40
CODES_AT_ONCE = 150
CATEGORIES = "laboratory,vital-signs"
RECENT_DAYS = 3  # how far back a server without _lastUpdated is asked between two whole readings of its window
WHOLE_HOURS = 24


@dataclass(frozen=True)
class Followed:
    """`when`: the search parameter of its clinical time. `first`: how a first poll is bounded."""

    kind: str
    when: str = ""
    first: str = "changed"


FOLLOWED = (
    Followed("Patient", first="all"),
    Followed("Encounter", "date", first="dated"),
    Followed("Condition", first="all"),
    Followed("MedicationAdministration", "effective-time"),
    Followed("Procedure", "date"),
    Followed("MedicationRequest", "authoredon"),
    Followed("Observation", "date"),
)
EVERYBODY = "*"
CODED = "Observation"
TEXT = "text|"  # how a result without any code is called here; no server can be asked for that
SEPARATORS = re.compile(r"([\\,$])")
CHANGED = "_lastUpdated"
NOTHING: Params = {}
Way = tuple[bool, int]


@dataclass(frozen=True)
class Past:
    """What was read before of one kind: up to when, of whom, by which codes of the site, when the whole window."""

    watermark: datetime | None = None
    patients: frozenset[str] = frozenset()
    whole_at: datetime | None = None
    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, marks: Mapping[str, str], kind: str) -> Past:
        told = frozenset(marks.get(f"patients:{kind}", "").split())
        own = frozenset(marks.get(f"codes:{kind}", "").split())
        return cls(moment(marks.get(f"watermark:{kind}", "")), told, moment(marks.get(f"whole:{kind}", "")), own)


@dataclass(frozen=True)
class Plan:
    """
    `patients` None: everybody there. `codes`: LOINC codes of the catalog, for results without a category; `own`: those
    that the site maps, as a search names them.
    """

    told: SourceSettings
    offered: Offered
    patients: Sequence[str] | None
    codes: Collection[str]
    now: datetime
    at_once: int = IDS_AT_ONCE
    own: frozenset[str] = frozenset()

    def searches(self, one: Followed, past: Past) -> list[Params]:
        """In the order of asking. Empty: there is nothing to ask."""
        known, fresh = self._parted(one, past)
        later, first = self._later(one, past), self._first(one)
        found = [*self._of(one, later, known), *self._of(one, first, fresh)]
        told: list[Params] = [{**base, **about} for base in found for about in self._about(one)]
        new = self._coded(one, self.own - past.own) if known is None or known else []  # mapped since: from the start
        return [*told, *({**base, **about} for base in self._of(one, first, known) for about in new)]

    def whole(self, past: Past) -> bool:
        """Whether a server without _lastUpdated is to be asked for the whole window again."""
        return past.whole_at is None or self.now - past.whole_at >= timedelta(hours=WHOLE_HOURS)

    def way(self, one: Followed) -> Way:
        """How it asks: whether by _lastUpdated, and for how many patients at once."""
        return self.by_change(one), self.at_once

    def by_change(self, one: Followed) -> bool:
        return self.offered.by(one.kind, CHANGED)

    def marks(self, one: Followed, past: Past, watermark: datetime | None) -> dict[str, str]:
        """What stands once all of it is kept."""
        everybody = EVERYBODY if self.patients is None else " ".join(self.patients)
        told = {f"patients:{one.kind}": everybody}
        if one.kind == CODED and self.own | past.own:
            told[f"codes:{one.kind}"] = " ".join(sorted(self.own))
        if not self.by_change(one):
            return told | ({f"whole:{one.kind}": self.now.isoformat()} if self.whole(past) else {})
        reached = max(filter(None, (watermark, past.watermark)), default=None)
        return told | ({f"watermark:{one.kind}": reached.isoformat()} if reached else {})

    def _parted(self, one: Followed, past: Past) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """Those of whom something was read before, and the others; None stands for everybody, () for nobody."""
        if (past.watermark if self.by_change(one) else past.whole_at) is None:
            return (), self.patients
        if EVERYBODY in past.patients:
            return self.patients, ()
        if self.patients is None:
            return (), None
        known = [name for name in self.patients if name in past.patients]
        return known, [name for name in self.patients if name not in past.patients]

    def _later(self, one: Followed, past: Past) -> Params | None:
        if not self.by_change(one):
            days = self.told.first_days if self.whole(past) else min(RECENT_DAYS, self.told.first_days)
            return self._bounded(one, days)
        return {CHANGED: since(past.watermark - self._overlap), "_sort": CHANGED} if past.watermark else NOTHING

    def _first(self, one: Followed) -> Params | None:
        changed = self.by_change(one)
        if one.first == "all" and self.patients is not None:
            return {"_sort": CHANGED} if changed else NOTHING
        if not changed or (one.first == "dated" and self.offered.by(one.kind, one.when)):
            return self._bounded(one, self.told.first_days)
        start = self.now - timedelta(days=self.told.first_days) - self._overlap
        return {CHANGED: since(start), "_sort": CHANGED}

    def _bounded(self, one: Followed, days: float) -> Params | None:
        """By the clinical time, else everything. Of everybody there, who they are is asked as they turn up."""
        sort = {"_sort": CHANGED} if self.by_change(one) else NOTHING
        if one.when and self.offered.by(one.kind, one.when):
            return {one.when: since(self.now - timedelta(days=days)), **sort}
        return None if self.patients is None and one.first == "all" else NOTHING

    def _of(
        self, one: Followed, window: Params | None, patients: Sequence[str] | None
    ) -> Iterator[dict[str, str | list[str]]]:
        if window is None:
            return
        whole = dict(window) | {"_count": str(self.told.page_size)}
        if patients is None:
            yield whole
            return
        subject = "_id" if one.kind == "Patient" else "patient"
        yield from (whole | {subject: ",".join(some)} for some in parts(patients, self.at_once))

    def _about(self, one: Followed) -> list[dict[str, str]]:
        """Laboratory and vital signs by their category; results that carry none by their code as well."""
        if one.kind != CODED or not self.offered.by(one.kind, "category"):
            return [{}]
        return [{"category": CATEGORIES}, *self._coded(one, {*self.codes, *self.own})]

    def _coded(self, one: Followed, codes: Collection[str]) -> list[dict[str, str]]:
        if one.kind != CODED or not (self.offered.by(one.kind, "category") and self.offered.by(one.kind, "code")):
            return []
        return [{"code": ",".join(some)} for some in parts(sorted(codes), CODES_AT_ONCE)]

    @property
    def _overlap(self) -> timedelta:
        return timedelta(minutes=self.told.overlap_minutes)


def ways(plan: Plan, one: Followed) -> Iterator[Plan]:
    """The plan, and others for a server that does not understand it: without _lastUpdated, patient by patient."""
    dated = replace(plan, offered=plan.offered.without(one.kind, CHANGED)) if plan.by_change(one) else None
    several = plan.patients is not None and len(plan.patients) > 1
    for each in filter(None, (plan, dated)):
        yield each
    for each in filter(None, (plan, dated)) if several else ():
        yield replace(each, at_once=1)


def searchable(codes: Collection[str]) -> frozenset[str]:
    """Mapped codes as a search names them; words in place of a code are left out."""
    plain = (code.strip() for code in codes)
    return frozenset(
        SEPARATORS.sub(r"\\\1", code) for code in plain if code and not code.startswith(TEXT) and len(code.split()) == 1
    )


def since(at: datetime) -> str:
    """At or after this moment, to the second before."""
    return f"ge{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parts(told: Sequence[str], size: int) -> list[Sequence[str]]:
    return [told[start : start + size] for start in range(0, len(told), size)]
