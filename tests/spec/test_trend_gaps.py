"""Trends across a gap: a product hides the course for days, or the company's results come in late."""

from __future__ import annotations

from tests.spec.drawing import at, flag, flags_of, judged

HIDDEN = """hour | fibrinogen | given
   0 | 4.0 |
  12 | 4.0 |
  13 |     | plasma
  24 | 3.9 |
  36 | 3.5 |
  48 | 3.0 |
  60 | 2.5 |
  72 | 2.2 |
"""


def test_a_fall_over_the_hours_of_a_product_is_flagged_at_the_first_value_that_counts_again() -> None:
    assert "fibrinogen_falling" in flags_of(judged(HIDDEN + "86 | 2.0 |", as_of=86))


def test_two_equal_values_are_not_told_as_a_fall_since_the_first_of_them() -> None:
    row = flag(judged(HIDDEN + "86 | 2.0 |\n98 | 2.0 |", as_of=98), "fibrinogen_falling")
    assert row["began_at"] == at(12)


def test_a_rise_is_not_said_to_have_been_known_before_the_company_it_rests_on_came_in() -> None:
    # alone 0.41, with the LDH and AST that came in at 40 h 0.83; as of 13 to 39 h there is no flag
    course = "hour|received|ferritin|ldh|ast\n0|1|5000||\n0|40||300|60\n12|13|6200|380|90\n"
    assert "ferritin_rising" not in flags_of(judged(course, as_of=39))
    assert flag(judged(course, as_of=41), "ferritin_rising")["raised_at"] == at(40)
