"""What is known and judged: patients, lines, flags, response, scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Printer, prints

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment

PATIENTS = ["patient_id", "birth_date", "sex", "weight_kg", "height_cm", "context", "ward", "bed", "admitted_at",
            "discharged_at", "line", "since", "flags", "newest_at"]  # fmt: skip
PATIENTS_BRIEF = [
    "patient_id",
    "birth_date",
    "sex",
    "weight_kg",
    "context",
    "ward",
    "bed",
    "line",
    "flags",
    "newest_at",
]
UNKNOWN = "Nobody is known by that number at that moment: `maswatch patients` lists who is."
NAMES = ["also_known_as", "identifiers"]
LINES = ["patient_id", "line", "label", "drugs", "since", "hours_on_line"]
FLAGS = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at",
         "rule_version", "sentence", "evidence", "confounders", "acknowledged", "snoozed", "answers_ended",
         "reason"]  # fmt: skip
FLAGS_BRIEF = ["patient_id", "severity", "flag", "state", "sentence", "raised_at", "acknowledged", "snoozed"]
RESPONSES = ["patient_id", "t0", "drug", "windows"]
WINDOWS_BRIEF = ["patient_id", "t0", "drug", "hours", "verdict", "assessed_at", "markers", "missing"]
SCORES = ["patient_id", "score", "label", "low", "high", "positive", "points", "missing", "reasons", "ages", "scope",
          "source", "unit", "cutoff", "probability"]  # fmt: skip
SCORES_BRIEF = ["patient_id", "score", "low", "high", "unit", "cutoff", "positive", "missing", "scope"]

VALUES = 100_000  # of patients judged together: a ward of thousands takes no more memory than one of hundreds

chosen = click.option(
    "--patient", "patient_ids", multiple=True, metavar="ID", help="Only this patient; may be repeated."
)


@click.command()
@chosen
@prints
def patients(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """Who is known, on which line, with which flags, and how old the newest result is."""
    from monitoring import standing
    from monitoring.identity import names_of

    asked = printer.asked
    whom = _asked_for(printer, patient_ids)
    found = standing.standing(asked.store, asked.catalog, as_of=printer.as_of, patients=whom)
    active = standing.holding(asked.store, asked.catalog, as_of=printer.as_of, patients=whom)
    told = found.course.patients.set_index("patient_id", drop=False)
    lines = found.lines.set_index("patient_id")
    table = told.assign(
        line=lines["line"].reindex(told.index),
        since=lines["since"].reindex(told.index),
        flags=active.groupby("patient_id")["flag"].agg(list).reindex(told.index),
        newest_at=standing.newest_drawn(asked.store, found, as_of=printer.as_of).reindex(told.index),
    )
    names = names_of(printer.asked.store, table["patient_id"].tolist(), as_of=printer.as_of)
    told_of = [
        row | {"flags": _all(row["flags"])} | names[row["patient_id"]] for row in table[PATIENTS].to_dict("records")
    ]
    printer.rows(told_of, [*PATIENTS, *NAMES], brief=PATIENTS_BRIEF)


@click.command()
@chosen
@prints
def lines(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """The line of treatment each patient is on, since when, and with which drugs."""
    from monitoring.standing import standing

    asked, whom = printer.asked, _asked_for(printer, patient_ids)
    table = standing(asked.store, asked.catalog, as_of=printer.as_of, patients=whom).lines
    printer.rows(table[LINES].to_dict("records"), LINES)


@click.command()
@chosen
@click.option("--state", "states", multiple=True, type=click.Choice(["active", "cleared", "retracted"]))
@prints
def flags(printer: Printer, patient_ids: tuple[str, ...], states: tuple[str, ...]) -> None:
    """What needs to be looked at, with the evidence; what has been cleared or retracted stands there too."""
    from monitoring.analysis.course import UNJUDGED
    from monitoring.state import state

    asked, told = printer.asked, list[dict[Any, Any]]()
    for part in _parts(printer, patient_ids):
        table = state(asked.store, asked.catalog, as_of=printer.as_of, patients=part, without=UNJUDGED).flags
        shown = table[table["state"].isin(states)] if states else table
        told += shown[FLAGS].to_dict("records")
    printer.rows([_answered(row) for row in told] if printer.how == "table" else told, FLAGS, brief=FLAGS_BRIEF)


@click.command()
@chosen
@prints
def response(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """How each high-dose steroid course is working at 24, 48 and 72 h, marker by marker, with the options."""
    from monitoring.analysis.course import TOLD

    parts = _assessed(printer, patient_ids, also=TOLD)
    told = [row for part in parts for row in part.responses[RESPONSES].to_dict("records")]
    if printer.how == "table":
        printer.rows([_window(start, window) for start in told for window in start["windows"]], WINDOWS_BRIEF)
    else:
        printer.rows(told, RESPONSES)


@click.command()
@chosen
@prints
def scores(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """Published scores, from lowest to highest possible while something is missing, with age of every component."""
    from monitoring.analysis.scores.candidates import LOOKED_AT

    parts = _assessed(printer, patient_ids, also=LOOKED_AT)
    told = [row for part in parts for row in part.scores[SCORES].to_dict("records")]
    printer.rows(told, SCORES, brief=SCORES_BRIEF)


def _asked_for(printer: Printer, patient_ids: tuple[str, ...]) -> list[str] | None:
    """Those named, None for everybody; that nobody is known by a number is said."""
    from storage import queries

    asked = printer.asked
    if any(queries.patients(asked.store, as_of=printer.as_of, patients=[name]).empty for name in patient_ids):
        click.echo(UNKNOWN, err=True)  # an empty list alone reads as if nothing were the matter with them
    return list(patient_ids) or None


def _parts(printer: Printer, patient_ids: tuple[str, ...]) -> list[list[str]]:
    """Those named, or everybody in order, as many at a time as memory allows."""
    from monitoring.exports.sizing import together
    from storage import queries

    if (whom := _asked_for(printer, patient_ids)) is not None:
        return [whom]
    names = queries.names(printer.asked.store, as_of=printer.as_of)
    size = together(printer.asked.store, names, most=max(len(names), 1), values=VALUES)
    return [names[first : first + size] for first in range(0, max(len(names), 1), size)]


def _assessed(printer: Printer, patient_ids: tuple[str, ...], *, also: Collection[str] = ()) -> Iterator[Assessment]:
    """
    Judged of the whole history, without what was said of flags and answered before: neither response nor scores ask it.
    `also`: columns of values that they ask beside those of a judgement.
    """
    from monitoring.analysis.assessment import assess
    from monitoring.analysis.course import unread
    from monitoring.whole_course import told

    asked = printer.asked
    without = [name for name in unread(asked.catalog) if name not in also]
    for part in _parts(printer, patient_ids):
        course = told(asked.store, as_of=printer.as_of, patients=part, without=without)
        yield assess(course, asked.catalog, as_of=printer.as_of)


def _all(found: Any) -> list[str]:
    """None of a kind is an empty list, where pandas says NaN."""
    return found if isinstance(found, list) else []


def _answered(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """A flag as a line to read: who answered what, or what ended the last answer of that kind."""
    words: dict[str, Any] = {ended["answer"]: f"ended: {ended['why']}" for ended in row["answers_ended"]}
    if row["acknowledged"]:
        words["acknowledged"] = f"{row['acknowledged']['by']}: {row['acknowledged']['reason']}"
    if row["snoozed"]:
        words["snoozed"] = [row["snoozed"]["until"], f"{row['snoozed']['by']}: {row['snoozed']['reason']}"]
    return {**row, "acknowledged": None, "snoozed": None, **words}


def _window(start: Mapping[Any, Any], window: dict[str, Any]) -> dict[str, Any]:
    """One window as a line to read: marker by marker its state alone."""
    states = {name: marker["state"] for name, marker in window["markers"].items()}
    return {**start, **window, "markers": [f"{name} {state}" for name, state in states.items() if state != "missing"]}
