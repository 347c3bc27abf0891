"""
The published scores of one patient, from lowest to highest possible: what is open, how old it is, what each is for.

A score that cannot be told yet says so; no tone here is one of reassurance. Imports no streamlit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Row
from dashboard.flag_panel import Source, cited_sources
from dashboard.markup import Markup, page
from dashboard.wording import Tone
from monitoring.score_terms import Score
from monitoring.terms import Catalog

WORDS: Final = {True: "positive", False: "not reached", None: "cannot tell yet"}
TONES: Final[dict[bool | None, Tone]] = {True: "watch", False: "quiet", None: "note"}
FROM: Final = {">=": "from", ">": "above", "<=": "up to", "<": "below"}
NO_END: Final = "?"
WITHIN: Final = re.compile(r"within (\d+) h")  # a year is no 8760 h to a reader


@dataclass(frozen=True)
class Part:
    """One line of a score's table; `points` is "open" while it hangs on what is missing."""

    label: str
    points: str


@dataclass(frozen=True)
class ScoreRow:
    """`outside`: what in the patient the score was not made for, within `scope`."""

    code: str
    label: str
    span: str
    cutoff: str
    word: str
    tone: Tone
    missing: tuple[str, ...]
    oldest: str
    chance: str
    parts: tuple[Part, ...]
    ages: str
    scope: str
    outside: bool
    sources: tuple[Source, ...]


def score_rows(told: Iterable[Row], catalog: Catalog) -> tuple[ScoreRow, ...]:
    """Those made for such a patient first, else in the order of the catalog."""
    rows = [_row(row, catalog.scores.scores[str(row["score"])], catalog) for row in told]
    return tuple(sorted(rows, key=lambda row: row.outside))


def scores_html(told: Sequence[Row], catalog: Catalog) -> Markup:
    return page("scores.html", rows=score_rows(told, catalog))


def _row(row: Row, score: Score, catalog: Catalog) -> ScoreRow:
    positive = None if row["positive"] is None or pd.isna(row["positive"]) else bool(row["positive"])
    return ScoreRow(
        code=score.code,
        label=score.label,
        span=span(row),
        cutoff=f"{WORDS[True]} {FROM[score.cutoff.when]} {_number(score.cutoff.value)} {score.unit}",
        word=WORDS[positive],
        tone=TONES[positive],
        missing=tuple(_missing(code, row["reasons"], catalog) for code in row["missing"]),
        oldest=_oldest(row["ages"], catalog),
        chance=_chance(row["probability"]),
        parts=tuple(Part(item.label, _points(row["points"][item.code])) for item in (*score.required, *score.items)),
        ages=", ".join(f"{component(code, catalog)} {wording.hours(age)}" for code, age in row["ages"].items()),
        scope=str(row["scope"]),
        outside=row["scope"] != score.scope,
        sources=tuple(cited_sources(tuple(row["source"]), catalog)),
    )


def component(code: str, catalog: Catalog) -> str:
    """What a score looks at, inside a sentence."""
    known = catalog.scores.components.get(code)
    if known is None:
        return code
    first = catalog.analytes.get(known.analytes[0]) if known.analytes else None
    label = known.label or (first.label if first else str(catalog.findings.get(known.finding, code)))
    return wording.running(label)


def span(row: Row) -> str:
    """201–268; one number where nothing is open; a "?" at an end that nobody can tell."""
    low, high = _end(row["low"]), _end(row["high"])
    return low if low == high else f"{low} to {high}" if "−" in low + high else f"{low}–{high}"


def _end(value: float | None) -> str:
    return NO_END if value is None or pd.isna(value) else _number(value)


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−") if abs(value) < 100 else f"{value:,.0f}".replace("-", "−")


def _missing(code: str, reasons: Any, catalog: Catalog) -> str:
    why = WITHIN.sub(lambda found: f"within {wording.hours(float(found[1]))}", reasons.get(code, ""))
    return f"{component(code, catalog)}: {why}" if why else component(code, catalog)


def _oldest(ages: Any, catalog: Catalog) -> str:
    """The component that was drawn or seen longest ago, as a score is no younger than that."""
    if not ages:
        return "nothing known"
    code = max(ages, key=lambda code: ages[code])
    return f"{wording.hours(ages[code])} ({component(code, catalog)})"


def _points(points: float | None) -> str:
    return "open" if points is None or pd.isna(points) else _number(points + 0.0)


def _chance(told: Any) -> str:
    """The published bins; one when both ends lie in it."""
    if not told:
        return ""
    low, high = told["low"], told["high"]
    return f"{low if low == high else f'{low} to {high}'} {told['note']}".strip()
