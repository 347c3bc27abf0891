"""Courses for the tests of how probable a rise or a fall is, and what is said of each of their values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.turning import REMEMBERED, turning
from tests.spec.change_points import Course, belief, numbers

EXACT = 1e-9
RISE, FALL, COUNTS = "ferritin_rising", "fibrinogen_falling", "platelets_falling"
FERRITIN, LDH, CRP, FIBRINOGEN, PLATELETS = 0.137, 0.08, 0.42, 0.11, 0.076  # noise of one value, on the log scale
LDH_EXACT, AST = 0.06, 0.1


def course(**markers: tuple[str, float]) -> Course:
    """ferritin=("0 5000, 12 6000", 0.137): hours with values, and the noise of each."""
    told = {name: [pair.split() for pair in text.split(",")] for name, (text, _) in markers.items()}
    return {name: [(float(h), float(v), markers[name][1]) for h, v in pairs] for name, pairs in told.items()}


IRREGULAR = course(ferritin=("0 5000, 9.5 5200, 31 5100, 44 7700, 51.25 9900", FERRITIN))  # hours


def every(points: pd.DataFrame, analyte: str = "ferritin", rule: str = RISE) -> np.ndarray:
    REMEMBERED.forget()
    return numbers(turning(points, analyte, belief(rule)))
