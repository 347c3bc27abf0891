"""The disease that rises again after it had answered to the steroid: several markers turn back together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, moments, texts
from monitoring.analysis.matching import of_each
from monitoring.analysis.rules import percent
from monitoring.analysis.windows import USED, Fits, steepest, whole
from monitoring.terms import Catalog, Rule

HOUR = pd.Timedelta(hours=1)
READ = ["patient_id", "analyte", "above", "below", "collected_at", *USED]


def relapses(points: pd.DataFrame, verdicts: pd.DataFrame, lines: pd.DataFrame, catalog: Catalog) -> list[pd.DataFrame]:
    """
    Stretches as `flags.judged` takes them, one a patient at most. `places`: positions in `points`, for each marker that
    turned back that of the turn and that of its newest value, in pairs.
    """
    rule = next((rule for rule in catalog.rules.values() if rule.kind == "relapse"), None)
    if rule is None or not verdicts["verdict"].eq("responding").any():
        return []
    answered = _answered(verdicts)
    if answered.empty:
        return []
    turned, calm = _turned(points, answered, rule, catalog)
    told = _together(turned, rule.parameters)
    if told.empty:
        return []
    found = _first_of_each(told, turned)
    found = found.assign(t0=of_each(found["patient_id"], answered["t0"]))
    quiet = _quiet(found, points, turned, calm, rule)
    return [_ended(found, quiet, verdicts, lines, rule, catalog)]


def _answered(verdicts: pd.DataFrame) -> pd.DataFrame:
    """
    Per patient the newest start that was answered: t0, when the first value that showed it was drawn, and when the next
    course began (NaT: none did), whose values are that course's own.
    """
    good = verdicts[verdicts["verdict"].eq("responding") & verdicts["seen_at"].notna()]
    first = good.sort_values(["patient_id", "t0", "hours"]).drop_duplicates(["patient_id", "t0"])
    newest = first.drop_duplicates("patient_id", keep="last").set_index("patient_id")[["t0", "seen_at"]]
    later = verdicts[verdicts["t0"] > of_each(verdicts["patient_id"], newest["t0"])]
    return newest.assign(next_at=later.groupby("patient_id")["t0"].min().reindex(newest.index))


def _turned(
    points: pd.DataFrame, answered: pd.DataFrame, rule: Rule, catalog: Catalog
) -> tuple[pd.DataFrame, np.ndarray]:
    """
    Every value since the answer up to which its marker has turned back, with the places of its fit; and the places of
    those up to which it does not rise any more.
    """
    codes, laid = list(rule.parameters["markers"]), Laid.of(points)
    here = np.flatnonzero(laid.among(codes) & laid.of_patients(texts(answered.index.to_series())))
    whose = answered.index.get_indexer(pd.Index(laid.patient))[laid.number[here]]
    since, until = (moments(answered[name])[whose] for name in ("seen_at", "next_at"))
    drawn = moments(points["collected_at"])[here]
    mine = points[READ].take(here[(drawn >= since) & ~(drawn >= until)])
    ways = (
        mine["analyte"]
        .map({code: -1.0 if catalog.analytes[code].worse == "down" else 1.0 for code in codes})
        .to_numpy(dtype=float)
    )
    told = mine.assign(line_log=mine["line_log"] * ways).reset_index(names="place")
    numbers = rule.parameters
    fit = steepest(
        told,
        hours=numbers["window_hours"],
        way=1,
        enough=_enough(told, ways, numbers),
        level_hours=numbers["level_hours"],
    )
    recent = whole(told, hours=numbers["clear_hours"])
    calm = (recent.n > 1) & (recent.z <= 0)
    on = np.isfinite(fit.z) & ~calm
    place = told["place"].to_numpy()
    found = pd.DataFrame(
        {
            "patient_id": told["patient_id"][on], "analyte": told["analyte"][on], "hour": told["hour"][on],
            "collected_at": told["collected_at"][on], "place": place[on], "turn": place[fit.turn[on]],
            "turned_at": told["collected_at"].to_numpy()[fit.turn[on]],
            "known_at": told["received_at"].to_numpy()[fit.known[on]],
        }
    )  # fmt: skip
    return found, place[calm]


def _enough(told: pd.DataFrame, ways: np.ndarray, numbers: Mapping[str, Any]) -> Callable[[Fits], np.ndarray]:
    """Beyond the noise, and large enough; a bound speaks only for the way it lies."""
    least = told["analyte"].map(dict(numbers["least_percent"])).to_numpy(dtype=float)
    bound = np.where(ways > 0, told["below"], told["above"]).astype(bool)

    def check(fit: Fits) -> np.ndarray:
        certain = fit.z >= np.where(fit.turn > fit.first, numbers["z_turn"], numbers["z_raise"])
        return certain & ~bound & (percent(fit.slope * fit.span) >= least)

    return check


def _together(turned: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    """Of these values those at which enough markers had turned back, each within the hours of a round."""
    both = turned.reset_index(names="row").merge(
        turned[["patient_id", "analyte", "hour"]], on="patient_id", suffixes=("", "_other")
    )
    ago = both["hour"] - both["hour_other"]
    near = both[(ago >= 0) & (ago <= numbers["together_hours"])]
    led = near["analyte_other"].isin(numbers["lead"])
    others = near[~led].groupby("row")["analyte_other"].nunique().reindex(turned.index, fill_value=0)
    lead = near[led].groupby("row").size().reindex(turned.index, fill_value=0) > 0
    return turned[(others >= numbers["least_without_lead"]) | (lead & (others >= numbers["least_with_lead"]))]


def _first_of_each(told: pd.DataFrame, turned: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: when it began, when it could be known, and the newest pair of places of each marker."""
    first = told.sort_values(["patient_id", "hour"]).drop_duplicates("patient_id")
    last = told.sort_values(["patient_id", "hour"]).drop_duplicates("patient_id", keep="last").set_index("patient_id")
    until = turned[turned["hour"] <= of_each(turned["patient_id"], last["hour"])]
    newest = until.sort_values(["patient_id", "analyte", "hour"]).drop_duplicates(
        ["patient_id", "analyte"], keep="last"
    )
    pairs = {
        patient: tuple(int(place) for pair in zip(rows["turn"], rows["place"], strict=True) for place in pair)
        for patient, rows in newest.groupby("patient_id")
    }
    early = turned[turned["hour"] <= of_each(turned["patient_id"], first.set_index("patient_id")["hour"])]
    return pd.DataFrame(
        {
            "patient_id": first["patient_id"],
            "began_at": of_each(first["patient_id"], early.groupby("patient_id")["turned_at"].max()),
            "raised_at": of_each(first["patient_id"], early.groupby("patient_id")["known_at"].max()),
            "last_at": of_each(first["patient_id"], last["collected_at"]),
            "places": [pairs[patient] for patient in first["patient_id"]],
        }
    ).reset_index(drop=True)


def _quiet(
    found: pd.DataFrame, points: pd.DataFrame, turned: pd.DataFrame, calm: np.ndarray, rule: Rule
) -> pd.DataFrame:
    """
    Values of ferritin, so long after the markers last rose together, that speak against a rise: it does not rise any
    more, or is no higher than when it last did. One that nobody can compare, or somebody doubts, says nothing.
    """
    laid, begun = Laid.of(points), found.set_index("patient_id")
    sound = points["exact"].to_numpy() & points["usable"].to_numpy() & ~points["suspect"].to_numpy(dtype=bool)
    here = np.flatnonzero(laid.among(["ferritin"]) & sound & laid.of_patients(texts(begun.index.to_series())))
    here = here[~np.isin(here, turned["place"].to_numpy())]
    rose = turned[turned["analyte"].eq("ferritin")].sort_values("hour").drop_duplicates("patient_id", keep="last")
    line = points["line_log"].to_numpy()
    high = pd.Series(line[rose["place"].to_numpy()], index=rose["patient_id"].to_numpy())
    told = points[["patient_id", "collected_at", "received_at"]].take(here)
    no_higher = line[here] <= of_each(told["patient_id"], high).to_numpy(dtype=float)
    since = of_each(told["patient_id"], begun["last_at"]) + rule.parameters["clear_hours"] * HOUR
    return told[(told["collected_at"] >= since) & (no_higher | np.isin(here, calm))]


def _ended(
    found: pd.DataFrame,
    quiet: pd.DataFrame,
    verdicts: pd.DataFrame,
    lines: pd.DataFrame,
    rule: Rule,
    catalog: Catalog,
) -> pd.DataFrame:
    """Ended by a new steroid course, the next line, or markers that no longer rise; whichever came first."""
    words = catalog.phrases["endings"]
    begun = found.set_index("patient_id")
    newer = verdicts[verdicts["t0"] > of_each(verdicts["patient_id"], begun["began_at"])]
    line = lines[
        lines["line"].isin(["second", "refractory"])
        & (lines["since"] > of_each(lines["patient_id"], begun["raised_at"]))
    ]
    ends = pd.concat(
        [
            _ends(newer, "known_at", words["new_course"]), _ends(line, "since", words["next_line"]),
            _ends(quiet, "received_at", words["value"]),
        ]
    ).sort_values("cleared_at").drop_duplicates("patient_id").set_index("patient_id")  # fmt: skip
    out = found.assign(
        cleared_at=of_each(found["patient_id"], ends["cleared_at"]),
        why=of_each(found["patient_id"], ends["why"]).fillna(""),
    )
    out["cleared_at"] = out["cleared_at"].where(~(out["cleared_at"] < out["raised_at"]), out["raised_at"])
    return out.drop(columns="last_at").assign(
        flag=rule.code, severity=rule.severity, first=-1, turn=-1, now=-1, end=-1, hours=0
    )


def _ends(frame: pd.DataFrame, name: str, why: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"patient_id": frame["patient_id"], "cleared_at": pd.to_datetime(frame[name], utc=True), "why": why}
    )
