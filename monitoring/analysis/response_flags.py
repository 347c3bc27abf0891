"""The flags that rest on a window's verdict after a steroid start, and what ends each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, by_text, moments, text_column, texts, utc
from monitoring.analysis.matching import first_of_each, last_of_each, numbered, paired
from monitoring.terms import Catalog, Rule

LATER_LINES = {"second": True, "refractory": True}


def response_flags(verdicts: pd.DataFrame, lines: pd.DataFrame, catalog: Catalog) -> list[pd.DataFrame]:
    """Stretches of all rules of kind response_window, each of the newest start it holds for."""
    if verdicts.empty:
        return []
    windows, ended = Windows.of(verdicts, lines), catalog.phrases["endings"]
    rules = [rule for rule in catalog.rules.values() if rule.kind == "response_window"]
    return [_of_response(verdicts, windows, rule, ended) for rule in rules]


def held(verdicts: pd.DataFrame, rule: Rule) -> pd.Series:
    """Whether the rule holds in each window."""
    wanted, contexts = rule.parameters["verdict"], rule.parameters.get("contexts")
    on = verdicts["verdict"].eq(wanted) if wanted == "not_responding" else verdicts[wanted]
    here = verdicts["hours"].isin(rule.parameters["hours"]) & verdicts["assessed_at"].notna()
    return on & here & (verdicts["context"].isin(contexts) if contexts else True)


def answering(verdicts: pd.DataFrame, rule: Rule) -> pd.Series:
    """Whether a window's verdict ends the rule's flag; a slow response is told apart from the verdict it comes with."""
    said = verdicts["verdict"].mask(verdicts["slow"], "slow")
    return said.isin(rule.parameters["ended_by"]) & ~held(verdicts, rule)


@dataclass(frozen=True)
class Windows:
    """The verdicts as numbers, a row each: patient and start (of each patient, in order of time), and moments."""

    patient: np.ndarray
    start: np.ndarray
    hours: np.ndarray
    assessed: np.ndarray
    known: np.ndarray
    line: np.ndarray  # since when that row's patient has been on a later line

    @staticmethod
    def of(verdicts: pd.DataFrame, lines: pd.DataFrame) -> Windows:
        patient, t0 = texts(verdicts["patient_id"]), moments(verdicts["t0"])
        later = np.flatnonzero(by_text(lines["line"], LATER_LINES, False))
        row, on = paired([patient], [texts(lines["patient_id"])[later]])
        line = np.full(len(verdicts), NEVER)
        line[row] = moments(lines["since"])[later[on]]
        hours, assessed, known = verdicts["hours"].to_numpy(), verdicts["assessed_at"], verdicts["known_at"]
        return Windows(numbered(patient), numbered(patient, t0), hours, moments(assessed), moments(known), line)


def _of_response(verdicts: pd.DataFrame, windows: Windows, rule: Rule, ended: Mapping[str, str]) -> pd.DataFrame:
    """
    A flag that rests on a window's verdict, of the newest start for which it holds: raised by the first window that
    says so, resting on the last; ended by a later verdict, a new steroid start or the next line.
    """
    on = np.flatnonzero(held(verdicts, rule).to_numpy(dtype=bool))
    last = on[last_of_each(windows.patient[on])]
    on = on[np.isin(windows.start[on], windows.start[last])]
    first = on[first_of_each(windows.patient[on])]
    if not len(first):
        return pd.DataFrame()
    seen, assessed = moments(verdicts["seen_at"])[first], windows.assessed[first]
    cleared, why = _ended(windows, first, last, np.flatnonzero(answering(verdicts, rule)))
    return pd.DataFrame(
        {
            "patient_id": verdicts["patient_id"].array[first],
            "began_at": utc(np.fmin(seen, assessed)),
            "raised_at": utc(assessed),
            "t0": verdicts["t0"].array[last],
            "hours": windows.hours[last],
            "why": text_column(np.array([ended.get(name, "") for name in why], dtype=object)),
            "cleared_at": utc(np.where(cleared < assessed, assessed, cleared)),
        }
    ).assign(flag=rule.code, severity=rule.severity, first=-1, turn=-1, now=-1, end=-1)


def _ended(windows: Windows, first: np.ndarray, last: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of all that may have ended each flag, the earliest (NaT where nothing did), and what it was."""
    flag, row = paired([windows.start[last]], [windows.start[answers]])
    later = windows.hours[answers[row]] > windows.hours[last[flag]]
    other, newer = paired([windows.patient[last]], [windows.patient])
    after = windows.start[newer] > windows.start[last[other]]
    line = windows.line[first]
    ends = {
        "verdict": (flag[later], windows.assessed[answers[row[later]]]),
        "new_course": (other[after], windows.known[newer[after]]),
        "next_line": (np.arange(len(first)), np.where(line > windows.assessed[first], line, NEVER)),
    }
    return _earliest([*ends.values()], [*ends], len(first))


def _earliest(ends: list[tuple[np.ndarray, np.ndarray]], names: list[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of (flag, time) pairs the earliest of each flag, and what it comes from; of equals the first named."""
    flag, at = (np.concatenate(column) for column in zip(*ends, strict=True))
    kind = np.repeat(np.arange(len(ends)), [len(flags) for flags, _ in ends])
    told = np.flatnonzero(~np.isnat(at))
    order = told[np.lexsort((kind[told], at[told], flag[told]))]
    first = order[first_of_each(flag[order])]
    cleared, why = np.full(size, NEVER), np.full(size, "", dtype=object)
    cleared[flag[first]], why[flag[first]] = at[first], np.array(names, dtype=object)[kind[first]]
    return cleared, why
