"""Values that may not be what they seem: drawn from the wrong vein or patient, or read too low by the hook effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid
from monitoring.analysis.draws import doubted, draw_stretches, odd_draws
from monitoring.analysis.hook import hook_stretches, hooked
from monitoring.terms import Catalog, Rule


@dataclass(frozen=True)
class Suspected:
    """`points` with the columns suspect (bool) and suspect_why ("" where not), and the stretches of the flags."""

    points: pd.DataFrame
    stretches: list[pd.DataFrame]


def suspected(points: pd.DataFrame, catalog: Catalog) -> Suspected:
    """
    Marks values on which no verdict and no clearing may rest. First whole draws, then single values among the rest.
    """
    stretches: list[pd.DataFrame] = []
    points, laid = points.assign(suspect=False, suspect_why=""), Laid.of(points)
    for rule in of_kind(catalog, "draw"):
        odd = odd_draws(points, laid, rule, catalog)
        stretches.append(draw_stretches(points, odd, rule, catalog))
        points = _marked(points, doubted(points, laid, odd, catalog), catalog.phrases["safety"]["draw"])
    for rule in of_kind(catalog, "hook"):
        found = hooked(points, laid, rule, catalog)
        stretches.append(hook_stretches(points, found, rule, catalog))
        mine = np.zeros(len(points), dtype=bool)
        mine[found.suspected()] = True
        points = _marked(points, mine, catalog.phrases["safety"]["hook"])
    return Suspected(points, stretches)


def of_kind(catalog: Catalog, kind: str) -> list[Rule]:
    return [rule for rule in catalog.rules.values() if rule.kind == kind]


def _marked(points: pd.DataFrame, mine: np.ndarray, why: str) -> pd.DataFrame:
    if not mine.any():
        return points
    return points.assign(suspect=points["suspect"] | mine, suspect_why=points["suspect_why"].mask(mine, why))
