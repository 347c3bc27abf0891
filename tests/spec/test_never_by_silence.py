"""What is not measured ends nothing, however much else is: months of other values leave a flag as it stands."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.analysis.course import Course
from tests.spec.drawing import drawn, together
from tests.spec.living import lived, story

HOOK, LOW, LINES = "ferritin_hook_suspected", "fibrinogen_low", "cytopenia"
OTHERS = ["crp", "creatinine", "alt", "sodium"]  # none is of what the three flags speak
RAISED = "ferritin | fibrinogen | platelets | hemoglobin"
FIRST = f"""hour | {RAISED} | {" | ".join(OTHERS)}
   0 | >16500 | 2.0 | 250 | 13 | 100 | 0.8 | 30 | 140
  26 | 533    | 0.9 | 20  | 6  | 100 | 0.8 | 30 | 140
"""
FAR = 600  # hours: more than twice as far as a judgement looks back


def left_out(seed: int) -> Course:
    """Each later value of the others is there or not, by chance."""
    chance = np.random.default_rng(seed)
    hours = sorted(chance.choice(np.arange(30, FAR, 6), size=30, replace=False).tolist())
    cells = np.where(chance.random((len(hours), len(OTHERS))) < 0.5, "", np.array(["90", "0.9", "31", "139"]))
    rows = [f"{hour} | | | | | {' | '.join(some)}" for hour, some in zip(hours, cells, strict=True)]
    return drawn("\n".join([FIRST.rstrip(), *rows, f"{FAR} | | | | | 90 | 0.9 | 31 | 139"]), patient=f"P{seed}")


def test_no_choice_of_other_values_ends_what_was_not_measured_again() -> None:
    history = lived(together(*(left_out(seed) for seed in range(8))), 26, 200, 320, 440, FAR)
    mine = history[history["flag"].isin([HOOK, LOW, LINES])]
    assert set(mine["change"]) == {"raised"}
    assert len(mine) == 8 * 3


@pytest.mark.parametrize(("again", "told"), [("480", ["raised", "cleared"]), ("", ["raised"])])
def test_what_lies_too_far_back_ends_with_a_number_of_its_own(again: str, told: list[str]) -> None:
    course = drawn(f"hour | ferritin | crp\n0 | >16500 | 90\n26 | 533 | 90\n360 | | 90\n600 | {again} | 90")
    assert story(lived(course, 26, 360, 600), HOOK) == told


def test_low_counts_in_two_lines_do_not_end_with_one_of_them_that_is_still_low() -> None:
    course = drawn("hour | platelets | hemoglobin\n0 | 20 | 6\n400 | | 6.1\n500 | | 6.2")
    assert story(lived(course, 0, 400, 500), LINES) == ["raised"]
