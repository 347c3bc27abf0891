"""One patient's sheet for rounds: what it says, in sections of lines, whether on the screen or on paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import rounds_news, wording
from dashboard.bedside import Bedside, Row, Ward, rows_of
from dashboard.concern import ranked, snoozed_until
from dashboard.missing_due import missing_and_due, nothing_awaited
from dashboard.patient_sheet import Option, Sheet, sheet
from dashboard.rounds_news import Entry, Reading, since_words
from dashboard.scores_panel import NO_END, component, span
from dashboard.shapes import Drawing
from dashboard.since_rounds import Since
from dashboard.small_multiples import WIDTH, small_multiples
from dashboard.units_shown import in_units, since_in
from monitoring.analysis.course import only
from monitoring.analysis.scores import scores
from monitoring.terms import Catalog

REACHED: Final[Mapping[Any, str]] = {True: "reached", False: "not reached", None: "cannot tell yet"}
MISSING_NAMED: Final = 2
FINDING_WORD: Final = {"yes": "yes", "no": "no"}


@dataclass(frozen=True)
class Section:
    """`none` is what stands there when there is nothing: an empty box would leave the reader guessing."""

    code: str
    title: str
    entries: tuple[Entry, ...]
    none: str


@dataclass(frozen=True)
class RoundsSheet:
    """`sheet` is what the patient's own page says; `news` came since the last rounds, `stands` is how things are."""

    side: Bedside
    sheet: Sheet
    since: Since
    since_words: str
    head: str
    news: tuple[Section, ...]
    stands: tuple[Section, ...]
    options: tuple[Entry, ...]
    drawings: tuple[Drawing, ...]

    @property
    def every(self) -> tuple[Section, ...]:
        return (*self.news, *self.stands)


def rounds_sheet(
    side: Bedside,
    since: Since,
    scored: Sequence[Row],
    catalog: Catalog,
    *,
    zone: tzinfo,
    units: str = "",
    width: float = WIDTH,
) -> RoundsSheet:
    """
    `scored` are the patient's rows of `scores_of`; `width` is that of a panel of the trajectories. `units` are those of
    results, tables and trajectories; flags and treatment are told in those they were judged in.
    """
    told, own = Reading(side, since, catalog, zone), sheet(side, catalog, zone=zone, units=units)
    shown, known = in_units(side, catalog, units)
    values = Reading(shown, since_in(since, catalog, units), known, zone)
    return RoundsSheet(
        side=side,
        sheet=own,
        since=since,
        since_words=since_words(told),
        head=wording.joined(own.about, own.weight),
        news=(
            Section("results", "New results", rounds_news.results(values), "No new results."),
            Section("changes", "Flags changed", rounds_news.flags(told), "No flag changed."),
            Section(
                "given",
                "Given, and the line",
                rounds_news.treatment(told),
                "Nothing new was given, and the line is the same.",
            ),
            Section("answers", "Answered by", rounds_news.answers(told), "Nobody answered a flag."),
        ),
        stands=(
            Section("flags", "Flags that hold now", tuple(_flags(told)), "No flag holds now."),
            Section("due", "Missing and due", tuple(missing_and_due(side, catalog, told.when)), nothing_awaited(side)),
            Section("findings", "Findings", tuple(_findings(told)), "No finding is recorded."),
            Section("scores", "Scores, lowest to highest possible", tuple(_scores(scored, catalog)), "None."),
            Section("notes", "Notes", tuple(_notes(told)), "No note."),
        ),
        options=tuple(_option(option) for option in own.options),
        drawings=tuple(small_multiples(shown, known, width=width)),
    )


def scores_of(ward: Ward, patients: Sequence[str]) -> dict[str, list[Row]]:
    """Each patient's scores, worked out for all of them at once."""
    known = {side.id for side in ward.sides}
    told: dict[str, list[Row]] = {patient: [] for patient in patients if patient in known}
    if ward.scored is not None:
        return {patient: ward.scored[patient] for patient in told}
    if not told:
        return {}
    said = ward.state.assessment
    for row in rows_of(scores(replace(said, course=only(said.course, list(told))))):
        told[str(row["patient_id"])].append(row)
    return told


def _flags(told: Reading) -> Iterator[Entry]:
    for row in ranked(told.side.flags):
        tone = wording.SEVERITY_TONE.get(row["severity"], "note")
        lead = wording.joined(wording.flag_arrow(row["flag"]), str(row["sentence"]), by=" ")
        since = f"since {told.when(row['began_at'])}"
        yield Entry(lead, wording.joined(wording.SEVERITY_WORD[row["severity"]], since, _answered(row, told)), tone)


def _answered(row: Row, told: Reading) -> str:
    seen, until = row["acknowledged"], snoozed_until(row)
    because = f": {seen['reason']}" if seen and seen.get("reason") else ""
    words = f"seen by {seen['by']} {told.when(pd.Timestamp(seen['at']))}{because}" if seen else ""
    return wording.joined(words, f"snoozed until {told.when(until)}" if until is not None else "") or "not acknowledged"


def _findings(told: Reading) -> Iterator[Entry]:
    for row in told.since.findings:
        value = FINDING_WORD.get(row["value"], str(row["value"]))
        by = f"by {row['by']}" if row["by"] else ""
        label = told.catalog.findings.get(row["finding"], row["finding"])
        text = wording.joined(value, "new" if row["new"] else "", told.when(row["observed_at"]), by)
        yield Entry(str(label), text, "note" if row["new"] else "quiet")


def _scores(rows: Iterable[Row], catalog: Catalog) -> Iterator[Entry]:
    """Those made for such a patient first; of the others it is said."""
    for row in sorted(rows, key=lambda row: _outside(row, catalog)):
        missing = [component(code, catalog) for code in row["missing"]]
        more = f", +{len(missing) - MISSING_NAMED}" if len(missing) > MISSING_NAMED else ""
        open_words = f"open: {wording.joined(*missing[:MISSING_NAMED], by=', ')}{more}" if missing else ""
        text = wording.joined(
            f"{_told_span(row)} {row['unit']}, cut-off {row['cutoff']:g}: {REACHED[_plain(row['positive'])]}",
            "made for other patients" if _outside(row, catalog) else "",
            open_words,
        )
        yield Entry(str(row["label"]), text)


def _plain(positive: Any) -> bool | None:
    return None if positive is None or pd.isna(positive) else bool(positive)


def _outside(row: Row, catalog: Catalog) -> bool:
    return bool(row["scope"] != catalog.scores.scores[row["score"]].scope)


def _told_span(row: Row) -> str:
    return "cannot be told," if (told := span(row)) == NO_END else told


def _notes(told: Reading) -> Iterator[Entry]:
    for row in told.since.notes:
        yield Entry(f"{row['by']}, {told.when(row['at'])}", str(row["note"]))


def _option(option: Option) -> Entry:
    """Anakinra: 2–10 mg/kg/day: 142–710 mg/day, in 1–4 doses (S1, S2). Caution: … ; never an order."""
    ranges = [
        wording.joined(wording.joined(dose.words, dose.own, by=": "), dose.schedule, _keys(dose.sources), by=", ")
        for dose in option.ranges
    ] or [_keys(option.sources)]
    more = f"{len(option.others)} more cited on the patient's page" if option.others else ""
    caution = f"Caution: {option.caution}" if option.caution else ""
    return Entry(option.label, wording.joined(wording.joined(*ranges, by="; "), more, caution, by=". "))


def _keys(sources: Iterable[Any]) -> str:
    told = ", ".join(source.key for source in sources)
    return f"[{told}]" if told else ""
