"""The flags that rest on a window's verdict after a steroid start, and what ends each of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from monitoring.terms import Catalog, Rule


def response_flags(verdicts: pd.DataFrame, lines: pd.DataFrame, catalog: Catalog) -> list[pd.DataFrame]:
    """Stretches of all rules of kind response_window, each of the newest start it holds for."""
    ended = catalog.phrases["endings"]
    rules = [rule for rule in catalog.rules.values() if rule.kind == "response_window"]
    return [_of_response(verdicts, lines, rule, ended) for rule in rules]


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


def _of_response(verdicts: pd.DataFrame, lines: pd.DataFrame, rule: Rule, ended: Mapping[str, str]) -> pd.DataFrame:
    """A flag that rests on a window's verdict; ended by a later verdict, a new steroid start or the next line."""
    if verdicts.empty:
        return pd.DataFrame()
    on = verdicts[held(verdicts, rule)]
    on = on.sort_values(["patient_id", "t0", "hours"])
    last = on.drop_duplicates("patient_id", keep="last")[["patient_id", "t0", "hours"]]
    first = (
        on[on["t0"].isin(last["t0"])]
        .merge(last[["patient_id", "t0"]], on=["patient_id", "t0"])
        .drop_duplicates("patient_id")
    )
    told = first[["patient_id", "seen_at", "assessed_at"]].merge(last, on="patient_id")
    told = told.rename(columns={"seen_at": "began_at", "assessed_at": "raised_at"})
    told["began_at"] = told["began_at"].where(told["began_at"].notna(), told["raised_at"])
    told = _ended(told, verdicts, lines, rule, ended)
    return told.assign(flag=rule.code, severity=rule.severity, first=-1, turn=-1, now=-1, end=-1)


def _ended(
    told: pd.DataFrame, verdicts: pd.DataFrame, lines: pd.DataFrame, rule: Rule, ended: Mapping[str, str]
) -> pd.DataFrame:
    """Of all that may have ended each flag, the earliest; NaT where nothing did."""
    later = verdicts.merge(
        told[["patient_id", "t0", "hours", "raised_at"]], on=["patient_id", "t0"], suffixes=("", "_flag")
    )
    answers = later[(later["hours"] > later["hours_flag"]) & answering(later, rule)]
    newer = verdicts.merge(told[["patient_id", "t0"]], on="patient_id", suffixes=("", "_flag"))
    newer = newer[newer["t0"] > newer["t0_flag"]]
    next_line = lines[lines["line"].isin(["second", "refractory"])].merge(
        told[["patient_id", "raised_at"]], on="patient_id"
    )
    next_line = next_line[next_line["since"] > next_line["raised_at"]]
    ends = pd.concat(
        [
            answers[["patient_id", "assessed_at"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["verdict"]),
            newer[["patient_id", "known_at"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["new_course"]),
            next_line[["patient_id", "since"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["next_line"]),
        ]
    )
    ends["cleared_at"] = pd.to_datetime(ends["cleared_at"], utc=True)
    ends = ends.dropna(subset="cleared_at").sort_values("cleared_at").drop_duplicates("patient_id")
    out = told.merge(ends, on="patient_id", how="left")
    return out.assign(
        why=out["why"].fillna(""),
        cleared_at=out["cleared_at"].where(~(out["cleared_at"] < out["raised_at"]), out["raised_at"]),
    )
