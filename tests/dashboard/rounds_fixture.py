"""The hand-made ward in a real store, ready for rounds: its news, sheets and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard import cut_out
from dashboard.bedside import Bedside, Ward
from dashboard.rounds_sheet import RoundsSheet, rounds_sheet, scores_of
from dashboard.since_rounds import Since, since_rounds, told
from monitoring.state import state
from storage.engine import Store, open_store
from tests.dashboard import store_fixture
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NOW, ZONE


@dataclass(frozen=True)
class Gone:
    """A ward at a moment, with the news of everybody."""

    ward: Ward
    news: Mapping[str, Since]

    def side(self, patient: str) -> Bedside:
        found = self.ward.of(patient)
        assert found is not None
        return found

    def sheet(self, patient: str, *, scored: bool = False) -> RoundsSheet:
        rows = scores_of(self.ward, [patient])[patient] if scored else []
        return rounds_sheet(self.side(patient), self.news[patient], rows, known(), zone=ZONE)

    def texts(self, patient: str, code: str) -> list[str]:
        """The lines of one section as they are read, with plain spaces."""
        sheet = self.sheet(patient, scored=code == "scores")
        section = next(section for section in sheet.every if section.code == code)
        return [f"{entry.lead}: {entry.text}".replace("\u00a0", " ") for entry in section.entries]


def filled(folder: Path) -> Store:
    return open_store(store_fixture.filled(folder).database_url)


def gone(store: Store, *, as_of: datetime = NOW) -> Gone:
    ward = cut_out.ward(state(store, known(), as_of=as_of))
    return Gone(ward, since_rounds(ward.state, told(store, as_of=as_of)))
