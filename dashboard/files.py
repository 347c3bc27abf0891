"""
The files that can be taken away, each found by the choices of its page at the moment it is asked for. All of one file
is of one reading; its name says of which moment, or of which choice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dashboard import people_sheet, reading, research_choice, research_reading, wording
from dashboard.labs_seen import as_csv, file_name, labs_seen
from dashboard.offers import File
from dashboard.paper import Paper, pdf
from dashboard.rounds_list import here
from dashboard.rounds_sheet import scores_of
from dashboard.selection import LabsAsked, PatientAsked, RoundsAsked, moment_asked
from monitoring.errors import AnswerRefused
from monitoring.seeing import SeenAsked, seen

CSV: Final = "text/csv"
NOBODY: Final = "Nobody of those shown is there any more, so there is nothing to take."


def values_shown(asked: PatientAsked, *, now: datetime) -> File:
    """The values that the figure shows; the figure itself is saved by its own button."""
    catalog, zone = reading.catalog(), reading.zone()
    ward = reading.ward(moment_asked({"as_of": asked.as_of}), now=now)
    side = reading.with_whole(ward, asked.patient, far=asked.far).of(asked.patient)
    if side is None:
        raise AnswerRefused(NOBODY)
    return File(
        file_name(side, zone),
        CSV,
        "values shown",
        [side.id],
        lambda: as_csv(labs_seen(side, catalog, zone=zone, asked=asked)),
    )


def rounds_on_paper(asked: RoundsAsked, size: str, *, now: datetime) -> File:
    """A page a patient of those gone round to; everybody, or the one who is asked for."""
    back = moment_asked({"as_of": asked.as_of})
    ward = reading.ward(back, now=now)
    news = reading.news(ward, now=ward.as_of if back else now, live=back is None)
    sides = [side for side in here(ward, asked) if asked.patient in ("", side.id)]
    if not sides:
        raise AnswerRefused(NOBODY)
    patients, paper = [side.id for side in sides], Paper(size, ward.as_of, reading.zone(), asked.units)
    return File(
        f"rounds-{wording.file_stamp(ward.as_of, reading.zone())}.pdf",
        "application/pdf",
        "rounds on paper",
        patients,
        lambda: pdf(sides, news, scores_of(ward, patients), reading.catalog(), paper=paper),
    )


def research_table(asked: LabsAsked, as_of: datetime, *, now: datetime) -> File:
    """All of a research table as known at `as_of`, which is when the page was drawn."""
    told = research_reading.labs(asked, as_of)
    return File(
        research_choice.file_name(asked, len(told)),
        CSV,
        "research table, identified" if asked.identified else "research table",
        asked.patients or ["*"],
        lambda: str(told.to_csv(index=False)),
    )


def access_log(asked: SeenAsked, *, now: datetime) -> File:
    def make() -> str:
        return people_sheet.as_csv(seen(reading.store(), asked, now=now))

    return File("maswatch-access.csv", CSV, "access log", ["*"], make)
