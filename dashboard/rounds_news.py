"""What is new since the last rounds, in words: one entry a thing, the same on the screen and on paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.concern import SEVERITY_RANK, product_label
from dashboard.given_list import given_label
from dashboard.since_rounds import Since
from dashboard.wording import Tone
from monitoring.analysis.points import reference_change
from monitoring.terms import Analyte, Catalog

CHANGE_WORD: Final = {"raised": "raised", "worsened": "worse", "cleared": "cleared", "retracted": "taken back"}
ENDED: Final = ("cleared", "retracted")
ANSWER_WORD: Final = {"seen": "seen", "snoozed": "snoozed", "said": "said"}


@dataclass(frozen=True)
class Entry:
    """One line: `lead` stands out and says what it is, `text` the rest. `tone` is said by the lead's words as well."""

    lead: str
    text: str
    tone: Tone = "quiet"


@dataclass(frozen=True)
class Reading:
    """Whose news, with what, and on whose clock."""

    side: Bedside
    since: Since
    catalog: Catalog
    zone: tzinfo

    def when(self, moment: pd.Timestamp) -> str:
        """14:12 today, Fri 14:12 this week, 12 Nov 14:12 before; the sheet's head names the zone."""
        local, now = moment.astimezone(self.zone), self.side.as_of.astimezone(self.zone)
        days = abs((now.date() - local.date()).days)
        if days == 0:
            return f"{local:%H:%M}"
        return f"{local:%a %H:%M}" if days < 7 else f"{local.day} {local:%b %H:%M}"


def since_words(told: Reading) -> str:
    """since rounds Fri 08:10, Dr Weber; or that nobody marked any."""
    if told.since.marked:
        return f"since rounds {told.when(told.since.at)}, {told.since.by}"
    return "in the last 24 h; no rounds marked"


def results(told: Reading) -> tuple[Entry, ...]:
    """What changed beyond the noise, each by itself; what did not, in one line; what was withdrawn."""
    rows = sorted(
        (row for row in told.since.results if row["analyte"] in told.catalog.analytes),
        key=lambda row: told.catalog.analytes[row["analyte"]].order,
    )
    quiet = [row for row in rows if not _trend(row, told) and _within_noise(row, told.catalog)]
    loud = [row for row in rows if row not in quiet]
    return (
        *(_result(row, told) for row in loud),
        *(_withdrawn(row, told) for row in told.since.withdrawn if row["analyte"] in told.catalog.analytes),
        *_inside(quiet, told),
    )


def _result(row: Row, told: Reading) -> Entry:
    analyte = told.catalog.analytes[row["analyte"]]
    number = f"{wording.number(row['value'], analyte, row['comparator'])} {wording.unit(analyte.unit)}".strip()
    moved = _moved(row, told.catalog)
    text = wording.joined(
        wording.joined(number, _change(row, analyte, told.catalog), by=" "),
        f"◇ moved by {moved}" if moved else _trend(row, told),
        _corrected(row, analyte),
        wording.joined(f"{row['count']} new, last" if row["count"] > 1 else "", told.when(row["collected_at"]), by=" "),
    )
    way = _way(row, analyte, told.catalog) or _direction(row, told)
    worse = not moved and way == analyte.worse
    return Entry(analyte.label, text, "watch" if worse else "quiet")


def _trend(row: Row, told: Reading) -> str:
    """doubling every 21 h: a step inside the noise may still be part of a course that is not."""
    return str(told.side.trends[row["analyte"]]["phrase"]) if _direction(row, told) else ""


def _direction(row: Row, told: Reading) -> str:
    """up or down where the whole course says so, for the newest value."""
    trend = told.side.trends.get(row["analyte"])
    newest = trend is not None and trend["collected_at"] == row["collected_at"] and bool(row["usable"])
    return str(trend["direction"]) if trend is not None and newest and trend["direction"] in ("up", "down") else ""


def _change(row: Row, analyte: Analyte, catalog: Catalog) -> str:
    """▲ +34 % from 16,300; without an arrow when inside the noise or when one of the two was not judged."""
    if pd.isna(row["was"]):
        return "first value"
    was = wording.number(row["was"], analyte, row["was_comparator"])
    if row["was_at"] > row["collected_at"]:
        return f"drawn before the last known, {was}"
    if row["segment"] != row["was_segment"]:
        return f"was {was}, not comparable"
    if row["comparator"] or row["was_comparator"]:
        return f"was {was}"
    arrow = {"up": "▲", "down": "▼"}.get(_way(row, analyte, catalog), "") if row["usable"] else ""
    return wording.joined(arrow, _amount(row, analyte), f"from {was}", by=" ")


def _amount(row: Row, analyte: Analyte) -> str:
    """In percent; a temperature in degrees, since a percentage of it means nothing."""
    if analyte.unit == "Cel" or not row["was"]:
        return f"{row['value'] - row['was']:+.1f}".replace("-", "−")
    return wording.signed_percent(100 * (row["value"] / row["was"] - 1))


def _way(row: Row, analyte: Analyte, catalog: Catalog) -> str:
    """up or down where the change is beyond the noise of the test, else empty."""
    noise = reference_change(analyte.variation, float(catalog.settings["trend_z"]))
    if pd.isna(row["was"]) or row["value"] <= 0 or row["was"] <= 0 or math.isnan(noise):
        return ""
    change = math.log(row["value"] / row["was"])
    return "" if abs(change) <= noise else "up" if change > 0 else "down"


def _within_noise(row: Row, catalog: Catalog) -> bool:
    """Nothing to be said of it but the number: comparable, exact, judged, and inside the noise of its test."""
    analyte = catalog.analytes[row["analyte"]]
    noise = reference_change(analyte.variation, float(catalog.settings["trend_z"]))
    if pd.isna(row["was"]) or math.isnan(noise) or not row["usable"] or not pd.isna(row["corrected_from"]):
        return False
    plain = not (row["comparator"] or row["was_comparator"]) and row["segment"] == row["was_segment"]
    return plain and row["was_at"] <= row["collected_at"] and _way(row, analyte, catalog) == ""


def _inside(rows: Iterable[Row], told: Reading) -> Iterator[Entry]:
    """CRP 262 mg/L (was 244), LDH 410 U/L (was 398)."""
    parts = []
    for row in rows:
        analyte = told.catalog.analytes[row["analyte"]]
        now, was = wording.number(row["value"], analyte), wording.number(row["was"], analyte)
        parts.append(f"{wording.joined(analyte.label, now, wording.unit(analyte.unit), by=' ')} (was {was})")
    if parts:
        yield Entry("Inside the noise", wording.joined(*parts, by=", "))


def _moved(row: Row, catalog: Catalog) -> str:
    return "" if row["usable"] or not row["confounded_by"] else product_label(row["confounded_by"], catalog)


def _corrected(row: Row, analyte: Analyte) -> str:
    """A value known at the last rounds that a laboratory has changed since."""
    return "" if pd.isna(row["corrected_from"]) else f"corrected from {wording.number(row['corrected_from'], analyte)}"


def _withdrawn(row: Row, told: Reading) -> Entry:
    analyte = told.catalog.analytes[row["analyte"]]
    was = wording.number(row["value"], analyte, row["comparator"])
    return Entry(analyte.label, f"withdrawn by the laboratory: {was} of {told.when(row['collected_at'])}", "watch")


def flags(told: Reading) -> tuple[Entry, ...]:
    """Raised, worse, cleared, taken back; the urgent first, what ended last."""
    rows = sorted(
        told.since.flags, key=lambda row: (row["change"] in ENDED, SEVERITY_RANK.get(row["severity"], 3), row["flag"])
    )
    return tuple(_flag(row, told) for row in rows)


def _flag(row: Row, told: Reading) -> Entry:
    over = row["change"] in ENDED
    word = wording.joined(*dict.fromkeys(CHANGE_WORD.get(change, change) for change in row["changes"]), by=", then ")
    tone: Tone = "quiet" if over else wording.SEVERITY_TONE.get(row["severity"], "note")
    reason = f": {row['reason']}" if over and row["reason"] else ""
    arrow = "" if over else wording.flag_arrow(row["flag"])
    sentence = wording.joined(arrow, f"{row['sentence']}{reason}", by=" ")
    return Entry(word[:1].upper() + word[1:], wording.joined(sentence, told.when(row["changed_at"])), tone)


def treatment(told: Reading) -> tuple[Entry, ...]:
    """The line if it changed, then what was given, alike doses as one."""
    return (*_line(told), *_doses(told))


def _line(told: Reading) -> Iterator[Entry]:
    row, before = told.side.line, told.since.line_before or "none"
    if row is None or row["line"] == before:
        return
    labels = told.catalog.phrases["lines"]
    began: str = "" if pd.isna(row["since"]) else told.when(row["since"])
    yield Entry("Line changed", wording.joined(f"{labels[before]} → {row['label']}", began), "watch")


def _doses(told: Reading) -> Iterator[Entry]:
    alike: dict[tuple[str, str, bool], list[Row]] = {}
    for row in told.since.doses:
        alike.setdefault((row["given"], row["amount_text"], bool(row["stopped"])), []).append(row)
    for (_, _, stopped), rows in alike.items():
        last = rows[-1]
        times = f" × {len(rows)}" if len(rows) > 1 else ""
        at = told.when(last["ended_at"] if stopped else last["started_at"])
        word = "stopped" if stopped else "running since" if last["open"] else "last" if times else ""
        amount = str(last["amount_text"]) or "dose not recorded"
        yield Entry(given_label(last, told.catalog), wording.joined(f"{amount}{times}", f"{word} {at}".strip()))


def answers(told: Reading) -> tuple[Entry, ...]:
    """Who took notice of what: the newest first."""
    sentences = {row["flag"]: str(row["sentence"]) for row in told.side.flags}
    rows = sorted(told.since.answers, key=lambda row: row["at"], reverse=True)
    return tuple(_answer(row, sentences, told) for row in rows)


def _answer(row: Row, sentences: dict[str, str], told: Reading) -> Entry:
    until: str = "" if pd.isna(row["until"]) else f" until {told.when(row['until'])}"
    said = f"{ANSWER_WORD[row['kind']]}{until}, “{sentences.get(row['flag'], row['flag'])}”"
    words = f": {row['words']}" if row["words"] else ""
    return Entry(str(row["by"]), wording.joined(said + words, told.when(row["at"])))
