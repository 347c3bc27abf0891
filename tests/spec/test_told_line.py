"""The line that is told is worked out only where it may be told, and is the same there."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.analysis.assessment import assess
from monitoring.analysis.rules import Looked, told_line
from tests.spec.drawing import catalog
from tests.spec.test_moments import MOMENTS, ward


@pytest.mark.parametrize("code", ["ferritin_rising", "fibrinogen_falling", "platelets_falling"])
def test_who_asks_for_some_values_gets_the_lines_that_end_there(code: str) -> None:
    rule, points = catalog().rules[code], assess(ward(0, 1, 2, 3), catalog(), as_of=MOMENTS[-1]).points
    looked = Looked.of(points)
    series = looked.series(looked.ward.places(rule.analyte))
    size = len(series["hour"])
    asked = np.random.default_rng(5).random(size) < 0.4
    every, some = told_line(series, rule), told_line(series, rule, asked=asked)
    assert np.isfinite(every.z).sum() > size / 4
    for name in vars(every):
        np.testing.assert_array_equal(getattr(some, name)[asked], getattr(every, name)[asked], err_msg=name)
    assert np.isnan(some.z[~asked]).all()
