"""
Golden courses: for each rule, drawn courses with what must be said of them and why, kept as data beside the rules.

They hold for any numbers a site may set: a setting that makes one fail changes what the rule is for, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.analysis.moments import assess_each
from monitoring.analysis.written import moment
from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.catalog_entries import Entry
from monitoring.drawn_courses import at, course_of
from monitoring.errors import CatalogError
from monitoring.terms import SEVERITIES, Catalog

FOLDER = KNOWLEDGE / "golden"
STANDS = ("silent", "active", "cleared")
PERSON = ("birth_date", "sex", "weight_kg", "height_cm", "context")
PLAIN = {"weight_kg": 70.0, "height_cm": 175.0}


@dataclass(frozen=True)
class Expected:
    """
    What must hold `at` an hour: the rule's `flag` (STANDS) with its `severity`, raised no later than `raised_by`; the
    `verdict` of the response `window`; the `label_rule` of day 3; the codes of the `cautions` beside the window.
    """

    at: float
    flag: str = ""
    severity: str = ""
    raised_by: float | None = None
    window: int = 0
    verdict: str = ""
    label_rule: str = ""
    cautions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Golden:
    rule: str
    title: str
    why: str
    course: Course
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Tried:
    """A golden course and what was not as it must be, in words; nothing when it passed."""

    golden: Golden
    faults: tuple[str, ...]


def golden_courses(catalog: Catalog, folder: Path = FOLDER) -> list[Golden]:
    """Those of every file <rule>.toml in `folder`. Raises CatalogError, whose text names file, course and field."""
    return [golden for file in sorted(folder.glob("*.toml")) for golden in _of_file(file, catalog)]


def tried(golden: Iterable[Golden], catalog: Catalog) -> list[Tried]:
    """Each course judged at every hour that something is expected of, all of them in one go."""
    courses = list(golden)
    asked = [(place, hour) for place, one in enumerate(courses) for hour in sorted({e.at for e in one.expected})]
    said = assess_each([(courses[place].course, moment(at(hour))) for place, hour in asked], catalog) if asked else ()
    judged = dict(zip(asked, said, strict=True))
    return [
        Tried(one, tuple(words for e in one.expected for words in _faults(e, one.rule, judged[(place, e.at)])))
        for place, one in enumerate(courses)
    ]


def _of_file(file: Path, catalog: Catalog) -> Iterator[Golden]:
    name = f"{file.parent.name}/{file.name}"
    if file.stem not in catalog.rules:
        raise CatalogError(name, "", "", f"{file.stem!r} is not a rule this catalog knows")
    whole = Entry(name, "golden", parsed(name, read_bytes(file)), ())
    for entry in whole.made(lambda whole: list(whole.inner_list("course"))):
        yield entry.made(lambda entry: _golden(file.stem, entry, catalog))


def _golden(rule: str, entry: Entry, catalog: Catalog) -> Golden:
    person = entry.inner_or_none("patient", _person) or {}
    try:
        course = course_of(entry.text("drawn"), PLAIN | person, catalog)
    except ValueError as trouble:
        raise entry.wrong("drawn", str(trouble)) from trouble
    expected = tuple(one.made(_expected) for one in entry.inner_list("said"))
    if not expected:
        raise entry.wrong("said", "should say what must hold at some hour")
    return Golden(rule, entry.text("title"), entry.text("why"), course, expected)


def _person(entry: Entry) -> dict[str, Any]:
    told = {name: entry.value(name) for name in PERSON if entry.has(name)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def _expected(entry: Entry) -> Expected:
    return Expected(
        at=entry.number("at"),
        flag=entry.one_of("flag", ("", *STANDS), ""),
        severity=entry.one_of("severity", ("", *SEVERITIES), ""),
        raised_by=entry.optional_number("raised_by"),
        window=entry.whole("window", 0),
        verdict=entry.text("verdict", ""),
        label_rule=entry.text("label_rule", ""),
        cautions=entry.texts("cautions") if entry.has("cautions") else None,
    )


def _faults(expected: Expected, rule: str, said: Assessment) -> Iterator[str]:
    for wanted, found in _pairs(expected, rule, said):
        if wanted != found:
            yield f"at {expected.at:g} h {wanted} is wanted, found {found}"


def _pairs(expected: Expected, rule: str, said: Assessment) -> Iterator[tuple[str, str]]:
    """What is wanted beside what was found, both in words."""
    if expected.flag:
        yield from _flag_pairs(expected, said.flags[said.flags["flag"].eq(rule)])
    if expected.verdict:
        here = said.verdicts[said.verdicts["hours"].eq(expected.window)]
        yield expected.verdict, str(here["verdict"].iloc[-1]) if len(here) else "no such window"
    if expected.label_rule or expected.cautions is not None:
        yield from _beside_pairs(expected, said.responses)


def _flag_pairs(expected: Expected, found: pd.DataFrame) -> Iterator[tuple[str, str]]:
    stands = str(found["state"].iloc[0]) if len(found) else "silent"
    severity = f" ({found['severity'].iloc[0]})" if len(found) and expected.severity else ""
    yield expected.flag + (f" ({expected.severity})" if expected.severity else ""), stands + severity
    if expected.raised_by is not None and len(found):
        hour = (found["raised_at"].iloc[0] - at(0)) / pd.Timedelta(hours=1)
        wanted = f"raised by {expected.raised_by:g} h"
        yield wanted, wanted if hour <= expected.raised_by else f"raised at {hour:g} h"


def _beside_pairs(expected: Expected, responses: pd.DataFrame) -> Iterator[tuple[str, str]]:
    newest: dict[Any, Any] = responses.iloc[0].to_dict() if len(responses) else {"windows": [], "label_rule": None}
    if expected.label_rule:
        label = newest["label_rule"]
        yield expected.label_rule, label["verdict"] if label else "nothing"
    if expected.cautions is not None:
        found = [c["code"] for w in newest["windows"] if w["hours"] == expected.window for c in w["cautions"]]
        yield f"cautions {', '.join(expected.cautions)}", f"cautions {', '.join(found)}"
