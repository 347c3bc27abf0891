"""
A cohort as it is written down: [cohort] name, version, title; [where] criteria, all of which must hold.

    [cohort]
    name = "sjia-since-2019"
    version = "1"
    [where]
    context = ["sJIA", "AOSD"]
    first_steroid = { from = 2019-01-01 }
    response = { hours = 48, verdict = ["responding", "not_responding"] }
    score = { hscore = ">= 169" }
    completeness = { ferritin = 0.8 }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from monitoring.errors import CohortError
from monitoring.exports.fields import layout
from monitoring.terms import LINES, Catalog

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
COMPARED = re.compile(r"(>=|<=|>|<)\s*(\d+(?:\.\d+)?)")
VERDICTS = ("too_early", "insufficient_data", "indeterminate", "responding", "mixed", "not_responding")
SEXES = ("male", "female", "other", "unknown")
TEXTS = ("context", "sex", "age_group", "drug", "line", "flag")
SPANS = ("admitted", "first_result", "first_steroid")
CRITERIA = (*TEXTS, "age", *SPANS, "response", "score", "completeness")
EVERY_HOURS = "every_hours"


@dataclass(frozen=True)
class Cohort:
    """`where`: criterion -> what is asked of it, checked; moments of a span are aware, its end exclusive."""

    name: str
    version: str
    title: str
    question: str
    where: Mapping[str, Any]

    @property
    def called(self) -> str:
        return f"{self.name}@{self.version}"


def read_cohort(text: str, catalog: Catalog, zone: tzinfo = UTC) -> Cohort:
    """Raises CohortError with one sentence: what was found, and what was wanted."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CohortError(f"The cohort file is no TOML: {error}.") from None
    head, where = _table(told.get("cohort", {}), "[cohort]"), _table(told.get("where", {}), "[where]")
    named = [str(head.get(key, "")) for key in ("name", "version")]
    for key, value in zip(("name", "version"), named, strict=True):
        if not NAME.fullmatch(value):
            raise CohortError(f"[cohort] needs a {key} of letters, digits, dots and hyphens; it has {value!r}.")
    unknown = sorted({*where} - {*CRITERIA}) + sorted({*told} - {"cohort", "where"})
    if unknown:
        raise CohortError(f"{unknown[0]!r} is nothing that a cohort can ask for; there are {', '.join(CRITERIA)}.")
    checked = {key: _checked(key, where[key], catalog, zone) for key in CRITERIA if key in where}
    return Cohort(named[0], named[1], str(head.get("title", "")), text, checked)


def _table(told: Any, where: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise CohortError(f"{where} is no table of keys and values.")
    return told


def _checked(key: str, told: Any, catalog: Catalog, zone: tzinfo) -> Any:
    if key in TEXTS:
        return _texts(key, told, _known(key, catalog))
    if key in SPANS:
        return _span(key, _fields(key, told, ("from", "to")), zone)
    checks: dict[str, Callable[[], Any]] = {
        "age": lambda: _ages(_fields(key, told, ("least", "most"))),
        "response": lambda: _response(_fields(key, told, ("hours", "verdict"))),
        "score": lambda: _scores(_table(told, "score"), catalog),
        "completeness": lambda: _completeness(_table(told, "completeness"), catalog),
    }
    return checks[key]()


def _known(key: str, catalog: Catalog) -> tuple[str, ...]:
    """What may be asked for; empty: any text."""
    given = [*catalog.drugs, *catalog.products]
    known: dict[str, Any] = {"sex": SEXES, "drug": given, "flag": catalog.rules, "line": LINES}
    return tuple(known.get(key, ()))


def _texts(key: str, told: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    asked = [told] if isinstance(told, str) else told
    if not isinstance(asked, list) or not asked or not all(isinstance(one, str) for one in asked):
        raise CohortError(f"{key} needs a list of texts.")
    strange = [one for one in asked if known and one not in known]
    if strange:
        raise CohortError(f"{strange[0]!r} is no {key}; there are {', '.join(known)}.")
    return tuple(asked)


def _fields(key: str, told: Any, known: tuple[str, ...]) -> dict[str, Any]:
    fields = _table(told, key)
    if not fields or {*fields} - {*known}:
        raise CohortError(f"{key} takes {' and '.join(known)}.")
    return fields


def _span(key: str, told: dict[str, Any], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """A day is a whole day of the ward's clock, also as the end."""
    start, end = (_moment(key, told.get(name), zone, ends=name == "to") for name in ("from", "to"))
    if start and end and start >= end:
        raise CohortError(f"{key}: from lies after to.")
    return start, end


def _moment(key: str, told: Any, zone: tzinfo, *, ends: bool) -> datetime | None:
    if told is None:
        return None
    if isinstance(told, datetime):
        return told if told.tzinfo else told.replace(tzinfo=zone)
    if isinstance(told, date):
        return datetime.combine(told + timedelta(days=1 if ends else 0), time(), zone)
    raise CohortError(f"{key} needs days like 2019-01-01, without quotation marks.")


def _ages(told: dict[str, Any]) -> tuple[float, float]:
    bounds = told.get("least", 0), told.get("most", 200)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in bounds) or bounds[0] > bounds[1]:
        raise CohortError("age takes least and most in completed years.")
    return float(bounds[0]), float(bounds[1])


def _response(told: dict[str, Any]) -> tuple[int, tuple[str, ...]]:
    hours = told.get("hours", 48)
    if hours not in (24, 48, 72):
        raise CohortError(f"response: hours is 24, 48 or 72, not {hours!r}.")
    return hours, _texts("verdict", told.get("verdict", list(VERDICTS)), VERDICTS)


def _scores(told: dict[str, Any], catalog: Catalog) -> dict[str, tuple[str, float]]:
    found = {name: COMPARED.fullmatch(str(text).strip()) for name, text in told.items()}
    for name, match in found.items():
        if name not in catalog.scores.scores:
            raise CohortError(f"{name!r} is no score; there are {', '.join(catalog.scores.scores)}.")
        if match is None:
            raise CohortError(f'score: {name} needs a comparison like ">= 169".')
    return {name: (match[1], float(match[2])) for name, match in found.items() if match}


def _completeness(told: dict[str, Any], catalog: Catalog) -> dict[str, float]:
    for name, share in told.items():
        if name != EVERY_HOURS and name not in catalog.analytes:
            raise CohortError(f"{name!r} is no analyte; `maswatch export` lists them in DICTIONARY.md.")
        if not isinstance(share, int | float) or isinstance(share, bool) or share <= 0:
            raise CohortError(f"completeness: {name} needs a number, a share from 0 to 1 or hours.")
        if name != EVERY_HOURS and share > 1:
            raise CohortError(f"completeness: {name} is a share from 0 to 1, not {share}.")
    drawn = {EVERY_HOURS: layout(catalog).settings["draw_every_hours"]}
    return {name: float(share) for name, share in (drawn | told).items()}
