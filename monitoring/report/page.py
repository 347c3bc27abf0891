"""The page of a report: figures with legends and tables, where all comes from, and the same as files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from monitoring.exports.cells import as_text
from monitoring.exports.fields import layout
from monitoring.report import figures, measures
from monitoring.report.courses import Courses
from monitoring.report.drawing import Picture
from monitoring.report.measures import Limits
from monitoring.terms import Catalog

TEMPLATE = "page.html"
ASKED = ("patients", "from", "to", "analytes", "align")


@dataclass(frozen=True)
class Section:
    """`name`: of its files. A figure may be wanting, where too few patients are there to draw."""

    name: str
    title: str
    legend: str
    table: pd.DataFrame
    figure: Picture | None

    @property
    def columns(self) -> list[str]:
        return [str(name).replace("_", " ") for name in self.table.columns]

    @property
    def rows(self) -> list[list[str]]:
        """As they are read on the page."""
        return [[_cell(value) for value in row] for row in self.table.itertuples(index=False)]


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _unit(text: str) -> str:
    """As it is printed: UCUM writes for machines."""
    return text.replace("10*9", "10\u2079").replace("ug", "\u00b5g")


def sections(courses: Courses, catalog: Catalog) -> list[Section]:
    settings = layout(catalog).settings["report"]
    limits = Limits(
        layout(catalog).settings["k"], settings["every_hours"], settings["before_hours"], settings["after_hours"],
        settings["window_hours"],
    )  # fmt: skip
    shown = {code: catalog.analytes[code] for code in settings["analytes"]}
    names = {code: one.label for code, one in shown.items()}
    units = {code: f"{one.label} ({_unit(one.unit)})" for code, one in shown.items()}
    rules = {code: rule.label for code, rule in catalog.rules.items()}
    ages = [name for _, name in layout(catalog).settings["age_groups"]]
    flow, people = measures.flow(courses, limits), measures.people(courses, ages, limits)
    complete = measures.completeness(courses, list(shown), limits)
    lines = measures.trajectories(courses, list(shown), limits)
    second, flags = measures.incidence(courses, limits), measures.burden(courses, rules, limits)
    few = f"Fewer than {limits.k} patients are told as such and not drawn."
    return [
        Section("flow", "Flow of patients", f"Each step counts those left of the one above it; "
                f"lines set in are parts of a step. {few}", flow,
                figures.flow(flow)),
        Section("people", "Who they are", f"At the first result. {few}", people, None),
        Section("completeness", "Completeness", f"Share of the {limits.every_hours:g}-hour steps between a patient's "
                "first and last result in which the analyte was drawn: median (dot) and interquartile range (bar) "
                "over patients.", complete, figures.completeness(complete, names) if len(complete) else None),
        Section("trajectories", "Trajectories by response", "Median and interquartile range by the verdict at "
                f"{limits.window_hours} h of the first high-dose course, hours since its start, on a log scale. A "
                f"patient counts once in a {limits.every_hours:g}-hour step; a bound such as >40000 stands at its "
                f"limit; steps of fewer than {limits.k} patients are left out.", lines,
                figures.trajectories(lines, units, limits) if len(lines) else None),
        Section("second-line", "Time to second-line treatment", "One less the Kaplan-Meier estimate, with 95 % "
                "log-log limits. Patients without second-line or refractory treatment are censored at their last "
                "result; death is not known here and no competing event is modelled. The curve ends where fewer than "
                f"{limits.k} are at risk.", second, figures.incidence(second) if len(second) else None),
        Section("flag-burden", "Flag burden", "Flags raised per 100 days between first and last result, at least one "
                "day a patient. Of fewer than "
                f"{limits.k} patients no rate is told.", flags, figures.burden(flags) if len(flags) else None),
    ]  # fmt: skip


def page(courses: Courses, catalog: Catalog, title: str) -> tuple[str, list[Section]]:
    told = sections(courses, catalog)
    template = Environment(loader=PackageLoader("monitoring.report", "."), autoescape=True).get_template(TEMPLATE)
    drawn = {one.name: one.figure.svg() if one.figure else "" for one in told}
    return template.render(title=title, sections=told, drawn=drawn, origin=_origin(courses.told)), told


def _origin(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    filters = told.get("filters", {})
    cohort = (filters.get("cohort") or {}).get("called")
    asked = {name: value for name, value in filters.items() if value not in (None, False, [], "")}
    asked = {name: value for name, value in asked.items() if name in ASKED}
    return [
        ("As known at", str(told.get("as_of", ""))),
        ("Cohort", str(cohort or "none: all patients of the export")),
        ("Filters", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asked.items()) or "none"),
        ("Program", f"maswatch {told.get('program_version', '')}, rule pack {told.get('rule_pack_version', '')}"),
        ("Names", "identified" if told.get("disguise", {}).get("identified") else "pseudonymous, dates moved"),
    ]


def write(courses: Courses, catalog: Catalog, out: Path, title: str) -> list[Path]:
    """`out`, and beside it a folder of the same name with each figure as SVG and each table as CSV."""
    text, told = page(courses, catalog, title)
    beside = out.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    written = [out]
    for one in told:
        table = beside / f"{one.name}.csv"
        texts = one.table.astype({name: "str" for name in one.table.columns if one.table[name].dtype == object})
        as_text(texts).to_csv(table, index=False, lineterminator="\n")
        written.append(table)
        if one.figure:
            written.append(beside / f"{one.name}.svg")
            written[-1].write_text(one.figure.svg() + "\n", encoding="utf-8")
    return written
