"""Flags that ended and came back, or lost what they rested on, between two cycles: never one long flag."""

from __future__ import annotations

import pytest

from tests.spec.drawing import at, drawn
from tests.spec.living import lived, story

BACK = "hour | ferritin\n0 | 1000\n12 | 3000\n24 | 2900\n36 | 2800\n48 | 2500\n60 | 2300\n72 | 9000"
MENDED = """
    hour | received | version | status    | ferritin
       0 |        1 |       1 | final     | 1100
      12 |       13 |       1 | final     | 112000
      12 |       20 |       2 | corrected | 1120
      24 |       25 |       1 | final     | 9000
    """


@pytest.mark.parametrize("cycles", [(12, 72), (12, 72, 72, 80), (12, 24, 36, 48, 60, 72)])
def test_a_rise_that_ended_and_came_back_between_two_cycles_was_two(cycles: tuple[float, ...]) -> None:
    history = lived(drawn(BACK), *cycles)
    assert story(history, "ferritin_rising") == ["raised", "cleared", "raised"]
    assert history.loc[history["flag"] == "ferritin_rising", "changed_at"].tolist() == [at(12), at(48), at(72)]


@pytest.mark.parametrize("cycles", [(14, 25), (14, 25, 25, 30), (14, 20, 22, 25)])
def test_a_flag_whose_evidence_was_corrected_before_the_next_was_raised_is_retracted(cycles: tuple[float, ...]) -> None:
    history = lived(drawn(MENDED), *cycles)
    assert story(history, "ferritin_rising") == ["raised", "retracted", "raised"]
    assert history.loc[history["flag"] == "ferritin_rising", "changed_at"].tolist() == [at(13), at(20), at(25)]


def test_an_urgency_that_was_an_error_is_taken_back_so_that_a_real_one_is_a_worsening() -> None:
    course = drawn(
        """
        hour | received | version | status    | ferritin
           0 |        0 |       1 | final     | 2000
          12 |       12 |       1 | final     | 2400
          24 |       24 |       1 | final     | 2880
          36 |       36 |       1 | final     | 9000
          36 |       40 |       2 | corrected | 3460
          48 |       48 |       1 | final     | 9500
        """
    )
    history = lived(course, 36, 40, 41, 48, 49)
    assert story(history, "ferritin_rising") == ["raised", "retracted", "raised", "worsened"]
    severities = history.loc[history["flag"] == "ferritin_rising", "severity"].tolist()
    assert severities == ["urgent", "urgent", "watch", "urgent"]
