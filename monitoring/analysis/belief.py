"""What a trend rule takes for granted before it has seen a value, from its numbers in rules.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DAY = 24.0


@dataclass(frozen=True)
class Belief:
    """
    The rule's numbers, per hour on the log scale. `least`: the slope that counts as moving at all; `relevant`: the one
    that matters; `company`: (analyte, ratio, spread) of each; `apart`: (analyte, ratio) where they move without this
    marker, none where that is no other; `most`: the log odds they may add at most;
    `treated_adds`: the log odds added within `treated_hours` of a high-dose steroid start.
    """

    way: int
    span: float
    turn_hours: float
    still: float
    moving: float
    moving_share: float
    least: float
    relevant: float
    company: tuple[tuple[str, float, float], ...]
    apart: tuple[tuple[str, float], ...]
    along: float
    without: float
    together: float
    most: float
    treated_adds: float
    treated_hours: float

    @staticmethod
    def of(numbers: Mapping[str, Any], way: int) -> Belief:
        names = numbers["company"]
        ratios, spreads = numbers["company_ratio"], per_hour(np.array(numbers["company_spread_percent_per_day"]))
        return Belief(
            way=way,
            span=numbers["span_hours"],
            turn_hours=numbers["turn_hours"],
            still=float(per_hour(numbers["still_percent_per_day"])),
            moving=float(per_hour(numbers["moving_percent_per_day"])),
            moving_share=numbers["moving_share"],
            least=float(per_hour(numbers["least_rate_percent_per_day"])),
            relevant=float(per_hour(numbers["min_rate_percent_per_day"])),
            company=tuple((name, ratios[k], float(spreads[k])) for k, name in enumerate(names)),
            apart=tuple(zip(names, numbers.get("company_apart_ratio", ()), strict=False)),
            along=numbers["company_along"],
            without=numbers["company_without"],
            together=numbers["together_hours"],
            most=numbers.get("company_most_log_odds", np.inf),
            treated_adds=numbers.get("after_steroid_log_odds", 0.0),
            treated_hours=numbers.get("after_steroid_hours", 0.0),
        )


def per_hour(percent_per_day: Any) -> Any:
    """A change in percent per day as a slope of the natural log per hour."""
    return np.log1p(np.asarray(percent_per_day) / 100.0) / DAY
