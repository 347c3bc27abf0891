"""The CAR-T form: no improvement 48 to 72 h after steroid leads to the HLH-directed path; and other cautions."""

from __future__ import annotations

from typing import Any

from tests.spec.drawing import flag, flags_of, judged

PULSE = "methylprednisolone 1000 mg"
FLAT = f"""
    hour | ferritin | fibrinogen | platelets | ast | ldh | given
      -1 | 21000    | 1.9        | 40        | 300 | 900 |
       0 |          |            |           |     |     | {PULSE}
      24 | 21500    | 1.8        | 39        | 310 | 910 |
      48 | 22000    | 1.8        | 38        | 305 | 905 |
"""
BETTER = f"""
    hour | ferritin | fibrinogen | platelets | ast | ldh | given
      -1 | 21000    | 1.9        | 40        | 300 | 900 |
       0 |          |            |           |     |     | {PULSE}
      24 | 14000    | 1.9        | 41        | 200 | 800 |
      48 | 8000     | 2.0        | 44        | 120 | 600 |
"""


def codes(course: str, **patient: Any) -> list[str]:
    windows = judged(course, as_of=49, **patient).responses.iloc[0]["windows"]
    return [one["code"] for one in next(w for w in windows if w["hours"] == 48)["cautions"]]


def test_no_improvement_at_48_h_after_car_t_points_to_the_hlh_path() -> None:
    row = flag(judged(FLAT, as_of=49, context="CAR-T"), "cart_no_improvement")
    assert (row["severity"], row["sentence"]) == ("urgent", "CAR-T, no improvement at 48 h: HLH path")


def test_in_another_context_it_is_not_said() -> None:
    assert "cart_no_improvement" not in flags_of(judged(FLAT, as_of=49, context="sJIA"))


def test_before_48_h_it_is_not_said() -> None:
    assert "cart_no_improvement" not in flags_of(judged(FLAT, as_of=25, context="CAR-T"))


def test_an_improvement_after_car_t_is_a_response() -> None:
    assert "cart_no_improvement" not in flags_of(judged(BETTER, as_of=49, context="CAR-T"))


def test_the_cautions_follow_the_context() -> None:
    assert codes(FLAT, context="CAR-T") == ["cart"]
    assert codes(FLAT, context="infection") == ["infection"]
    assert codes(FLAT, context="sJIA") == []


def test_a_biologic_with_the_first_steroid_dose_gets_its_caution_and_its_source() -> None:
    early = FLAT.replace(f"|     |     | {PULSE}", f"|     |     | {PULSE} ; tocilizumab 560 mg", 1)
    assert codes(early, context="sJIA") == ["early_biologic"]
    windows = judged(early, as_of=49).responses.iloc[0]["windows"]
    caution = next(w for w in windows if w["hours"] == 48)["cautions"][0]
    assert caution["text"].startswith("Tocilizumab began without enough immunosuppression")
    assert caution["source"] == ["S1", "S2"]


def test_a_biologic_a_day_after_the_steroid_does_not() -> None:
    late = FLAT.replace("900 |\n       0", "900 |\n       0", 1).replace(
        "310 | 910 |", "310 | 910 | tocilizumab 560 mg", 1
    )
    assert codes(late, context="sJIA") == []
