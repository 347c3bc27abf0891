"""What is known and judged: patients, lines, flags, response, scores; and taking notice of a flag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Asked, Printer, asked, prints

if TYPE_CHECKING:
    from monitoring.state import WardState

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
LINES = ["patient_id", "line", "label", "drugs", "since", "hours_on_line"]
FLAGS = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at",
         "rule_version", "sentence", "evidence", "confounders", "acknowledged", "reason"]  # fmt: skip
FLAGS_BRIEF = ["patient_id", "severity", "flag", "state", "sentence", "raised_at", "acknowledged"]
RESPONSES = ["patient_id", "t0", "drug", "windows"]
WINDOWS_BRIEF = ["patient_id", "t0", "drug", "hours", "verdict", "assessed_at", "markers", "missing"]
SCORES = ["patient_id", "score", "label", "low", "high", "positive", "points", "missing", "reasons", "ages", "scope",
          "source", "unit", "cutoff", "probability"]  # fmt: skip
SCORES_BRIEF = ["patient_id", "score", "low", "high", "unit", "cutoff", "positive", "missing", "scope"]

chosen = click.option(
    "--patient", "patient_ids", multiple=True, metavar="ID", help="Only this patient; may be repeated."
)


@click.command()
@chosen
@prints
def patients(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """Who is known, on which line, with which flags, and how old the newest result is."""
    ward = _state(printer, patient_ids)
    course = ward.assessment.course
    active = ward.flags[ward.flags["state"].eq("active")]
    told = course.patients.set_index("patient_id", drop=False)
    lines = ward.assessment.lines.set_index("patient_id")
    table = told.assign(
        line=lines["line"].reindex(told.index),
        since=lines["since"].reindex(told.index),
        flags=active.groupby("patient_id")["flag"].agg(list).reindex(told.index),
        newest_at=course.observations.groupby("patient_id")["collected_at"].max().reindex(told.index),
    )
    told_of = [row | {"flags": _all(row["flags"])} for row in table[PATIENTS].to_dict("records")]
    printer.rows(told_of, PATIENTS, brief=PATIENTS_BRIEF)


@click.command()
@chosen
@prints
def lines(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """The line of treatment each patient is on, since when, and with which drugs."""
    table = _state(printer, patient_ids).assessment.lines
    printer.rows(table[LINES].to_dict("records"), LINES)


@click.command()
@chosen
@click.option("--state", "states", multiple=True, type=click.Choice(["active", "cleared", "retracted"]))
@prints
def flags(printer: Printer, patient_ids: tuple[str, ...], states: tuple[str, ...]) -> None:
    """What needs to be looked at, with the evidence; what has been cleared or retracted stands there too."""
    table = _state(printer, patient_ids).flags
    shown = table[table["state"].isin(states)] if states else table
    printer.rows(shown[FLAGS].to_dict("records"), FLAGS, brief=FLAGS_BRIEF)


@click.command()
@chosen
@prints
def response(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """How each high-dose steroid course is working at 24, 48 and 72 h, marker by marker, with the options."""
    told = _state(printer, patient_ids).assessment.responses[RESPONSES].to_dict("records")
    if printer.how == "table":
        printer.rows([_window(start, window) for start in told for window in start["windows"]], WINDOWS_BRIEF)
    else:
        printer.rows(told, RESPONSES)


@click.command()
@chosen
@prints
def scores(printer: Printer, patient_ids: tuple[str, ...]) -> None:
    """Published scores, from lowest to highest possible while something is missing, with age of every component."""
    table = _state(printer, patient_ids).assessment.scores
    printer.rows(table[SCORES].to_dict("records"), SCORES, brief=SCORES_BRIEF)


@click.command()
@click.argument("patient_id", metavar="PATIENT")
@click.argument("flag")
@click.option("--by", required=True, help="Who takes notice.")
@click.option("--reason", required=True, help="What was decided, or why nothing has to be.")
@asked
def ack(asked: Asked, patient_id: str, flag: str, by: str, reason: str) -> None:
    """Acknowledge an active flag. When the flag worsens, that is unanswered again."""
    from monitoring.cycle import wall_clock
    from monitoring.state import state
    from storage.writes import acknowledge

    if not (by.strip() and reason.strip()):
        raise click.UsageError("--by and --reason each need a word.")
    now = wall_clock()
    found = state(asked.store, asked.catalog, as_of=now, patients=[patient_id]).flags
    open_now = found[found["flag"].eq(flag) & found["state"].eq("active")]
    if open_now.empty:
        raise click.UsageError(f"Patient {patient_id} has no active flag {flag}; `maswatch flags` lists what there is.")
    _write_down(asked, patient_id, now)
    acknowledge(asked.store, patient_id, flag, seq=int(open_now["seq"].iloc[0]), at=now, by=by, reason=reason)
    click.echo(f"{flag} of {patient_id} acknowledged by {by}.", err=True)


def _write_down(asked: Asked, patient_id: str, now: Any) -> None:
    """A flag shown but not yet recorded by a cycle is recorded first, so that the answer has its question."""
    from monitoring.cycle import new_run_id
    from monitoring.state import judge_and_record

    judge_and_record(asked.store, asked.catalog, as_of=now, run_id=new_run_id(now), patients=[patient_id])


def _state(printer: Printer, patient_ids: tuple[str, ...]) -> WardState:
    from monitoring.state import state

    asked = printer.asked
    return state(asked.store, asked.catalog, as_of=printer.as_of, patients=list(patient_ids) or None)


def _all(found: Any) -> list[str]:
    """None of a kind is an empty list, where pandas says NaN."""
    return found if isinstance(found, list) else []


def _window(start: Mapping[Any, Any], window: dict[str, Any]) -> dict[str, Any]:
    """One window as a line to read: marker by marker its state alone."""
    states = {name: marker["state"] for name, marker in window["markers"].items()}
    return {**start, **window, "markers": [f"{name} {state}" for name, state in states.items() if state != "missing"]}
