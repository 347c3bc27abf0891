"""
When a non-response could be said: by the values that sufficed for it. Log odds worked by hand as in
test_response_probability.py, and beside them the precision, log odds / (share - 0.5); together markers weigh
1 / (1 + 0.16 * sum of the precisions).

Ferritin doubled -3 (2.0), unchanged -1.6 (4.0); CRP unchanged about -1.1 (1.9), doubled -2.7 (1.9), at 40 % about
+1.1 (1.9); AST trebled -3 (1.1), at 40 % +3 (1.8); LDH doubled -3 (1.0). A non-response is called from 0.28, which is a
log odds of -0.94.
"""

from __future__ import annotations

import pandas as pd

from tests.spec.drawing import at, flag, flags_of, judged, verdicts_of

START = """
    hour | received | ferritin | crp | ast | ldh | given
      -1 | -0:10    | 7400     | 230 | 96  | 600 |
       0 |          |          |     |     |     | methylprednisolone 1000 mg
"""


def raised(table: str, *, as_of: float) -> pd.Timestamp:
    assessment = judged(START + table, as_of=as_of)
    assert verdicts_of(assessment)[48] == "not_responding"
    return pd.Timestamp(flag(assessment, "steroid_nonresponse")["raised_at"])


def test_a_late_value_that_agrees_does_not_put_a_non_response_off() -> None:
    # (-3 - 1.1) / 1.63 = -2.5 from ferritin and CRP; with AST (-4.1 - 3) / 1.80 = -3.9
    table = "48 | 49 | 14800 | 230 | - | - |\n48 | 58 | - | - | 288 | - |"
    assert raised(table, as_of=57) == raised(table, as_of=59) == at(49)


def test_a_late_value_that_decides_is_what_dates_it() -> None:
    # (-1.6 + 1.1) / 1.94 = -0.3 is open; with AST (-0.5 - 3) / 2.12 = -1.7
    table = "48 | 49 | 7400 | 92 | - | - |\n48 | 58 | - | - | 288 | - |"
    assert "steroid_nonresponse" not in flags_of(judged(START + table, as_of=57))
    assert raised(table, as_of=59) == at(58)


def test_a_non_response_that_a_later_value_unsaid_is_dated_by_the_one_that_said_it_again() -> None:
    # (-1.6 - 2.7) / 1.94 = -2.2; AST makes it (-4.3 + 3) / 2.24 = -0.6, LDH (-1.3 - 3) / 2.40 = -1.8
    table = "48 | 49 | 7400 | 460 | - | - |\n48 | 52 | - | - | 38.4 | - |\n48 | 56 | - | - | - | 1200 |"
    assert raised(table, as_of=57) == at(56)
