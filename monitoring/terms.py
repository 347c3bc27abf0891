"""What the catalog speaks of: analytes, drugs, products, rules. Read only; made by catalog.py from knowledge/*.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from monitoring.score_terms import ScoreBook

Line = Literal["none", "first", "second", "refractory"]
Severity = Literal["info", "watch", "urgent"]
Tag = Literal["V", "M", "M-low", "D", "S1", "S2", "local default"]

LINES: tuple[Line, ...] = ("none", "first", "second", "refractory")
SEVERITIES: tuple[Severity, ...] = ("info", "watch", "urgent")


@dataclass(frozen=True)
class Reference:
    """A source that numbers rest on. `url` may be a DOI link or empty."""

    key: str
    citation: str
    url: str = ""


@dataclass(frozen=True)
class Cited:
    """Where a number comes from: reference keys, and how sure it is."""

    cite: tuple[str, ...]
    tag: Tag


@dataclass(frozen=True)
class Threshold:
    """A published cut-off, drawn as a thin dashed line. `value` in the analyte's unit."""

    value: float
    label: str
    source: Cited


@dataclass(frozen=True)
class Variation:
    """Coefficients of variation as fractions (0.128 is 12.8 %)."""

    analytical: float
    within_subject: float
    source: Cited


@dataclass(frozen=True)
class Interval:
    """A generic reference interval; the reporting laboratory's own interval wins. Either end may be None."""

    low: float | None
    high: float | None
    sex: Literal["", "male", "female"]
    from_years: float
    to_years: float
    source: Cited


@dataclass(frozen=True)
class Analyte:
    """
    A thing the lab measures, in one unit that is ours.

    `units` maps a normalised unit text (see catalog.normal_unit) to (factor, offset): ours = reported * factor +
    offset.
    `plausible` is inclusive, in our unit; outside it a value is set aside. `worse` is the direction that speaks for
    a worse course ("none" when it has no such meaning). `due_hours` None: not awaited. `order`: place on screen.
    `si_factor` and `us_factor` lead from our unit to theirs; `us_unit` is blank where it is ours.
    """

    code: str
    label: str
    unit: str
    axis: Literal["log", "linear"]
    decimals: int
    order: int
    worse: Literal["up", "down", "none"]
    loinc: tuple[str, ...]
    aliases: tuple[str, ...]
    units: Mapping[str, tuple[float, float]]
    specimens: tuple[str, ...]
    plausible: tuple[float, float]
    variation: Variation | None
    intervals: tuple[Interval, ...]
    thresholds: tuple[Threshold, ...]
    half_life_hours: float | None
    half_life_source: Cited | None
    due_hours: float | None
    due_source: Cited | None
    si_unit: str
    si_factor: float
    source: Cited
    us_unit: str = ""
    us_factor: float = 1.0


@dataclass(frozen=True)
class DoseRange:
    """A dose range one source gives. `unit` like "mg/kg/day", "mg/m2", "g/kg"; `maximum` is in `maximum_unit`."""

    low: float
    high: float
    unit: str
    maximum: float | None
    maximum_unit: str
    schedule: str
    source: Cited


UNRECORDED = "unrecorded"


@dataclass(frozen=True)
class Drug:
    """
    Something given against MAS, or a steroid that counts in the steroid sum.

    `prednisone_factor` turns mg of this drug into mg prednisone; None: not a steroid. `starts_course`: a dose may be
    the first of a high-dose course (hydrocortisone for shock is not). `holds_hours`: how long after one administration
    the patient counts as being on it. `option_after`: lines after which it is offered as an option.
    `high_when_unstated`: routes by which a dose that nobody recorded is taken as a high one; UNRECORDED: none said.
    """

    code: str
    label: str
    short: str
    line: Line
    rxnorm: tuple[str, ...]
    atc: tuple[str, ...]
    aliases: tuple[str, ...]
    prednisone_factor: float | None
    starts_course: bool
    high_dose_names: tuple[str, ...]
    high_when_unstated: tuple[str, ...]
    holds_hours: float
    doses: tuple[DoseRange, ...]
    option_after: tuple[Line, ...]
    option_order: int
    caution: str
    source: Cited


@dataclass(frozen=True)
class Effect:
    """
    What a product does to one analyte by itself. `direction` "any": not usable either way. `hours` after it ends.

    Where the strength is known: `raises_per_mg_kg` in the analyte's unit, the `half_life_hours` of what it added, and
    how far recovery `differs` between patients (a fraction).
    """

    analyte: str
    direction: Literal["up", "down", "any"]
    hours: float
    size: str
    source: Cited
    raises_per_mg_kg: float | None = None
    half_life_hours: float = math.inf
    differs: float = 0.0


@dataclass(frozen=True)
class Product:
    """Something given that moves a lab by itself. `drug` names the Drug of the same substance, or is empty."""

    code: str
    label: str
    short: str
    aliases: tuple[str, ...]
    drug: str
    effects: tuple[Effect, ...]
    source: Cited


@dataclass(frozen=True)
class Rule:
    """
    A named, cited, versioned condition with its thresholds kept as data.

    `kind` names the function in analysis/rules.py that reads it. `parameters` are that kind's numbers, each an entry
    {value, unit, cite, tag, why} in the TOML; here only name -> value. `sources` name -> Cited, for the "why" panel.
    `sentences` name -> template (str.format) under ten words. `changes_mind` says what would end the flag.
    """

    code: str
    version: str
    kind: str
    label: str
    severity: Severity
    analyte: str
    parameters: Mapping[str, Any]
    sources: Mapping[str, Cited]
    reasons: Mapping[str, str]
    sentences: Mapping[str, str]
    changes_mind: str
    site_setting: bool = False


@dataclass(frozen=True)
class Catalog:
    """
    Everything known. `version` is a short hash of all files read, site override included. `laboratories`: source name
    -> the laboratory it brings results of, as the site's file names it. `shadowed`: rules with numbers of the site's
    that are tried and raise nothing; those of `rules` are in force meanwhile.
    """

    analytes: Mapping[str, Analyte]
    drugs: Mapping[str, Drug]
    products: Mapping[str, Product]
    rules: Mapping[str, Rule]
    references: Mapping[str, Reference]
    findings: Mapping[str, str]
    contexts: tuple[str, ...]
    specimen_aliases: Mapping[str, str]
    phrases: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, Any]
    settings_sources: Mapping[str, Cited]
    version: str
    scores: ScoreBook = field(default_factory=ScoreBook)
    laboratories: Mapping[str, str] = field(default_factory=dict)
    shadowed: Mapping[str, Rule] = field(default_factory=dict)

    def switched_on(self) -> Catalog:
        """As it would be with the shadowed rules in force."""
        return replace(self, rules={**self.rules, **self.shadowed}, shadowed={}) if self.shadowed else self
