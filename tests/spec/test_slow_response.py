"""A response that comes too slowly, told apart from none: something improves, and it is not enough."""

from __future__ import annotations

from tests.spec.drawing import flag, flags_of, judged, verdicts_of

PULSE = "methylprednisolone 1000 mg"
LATE = f"""
    hour | ferritin | platelets | crp | ast | ldh | given
     -13 | 8600     | 100       | 190 | 118 | 790 |
      -1 | 9000     | 98        | 200 | 120 | 800 |
       0 |          |           |     |     |     | {PULSE}
      12 | 9100     | 97        | 200 | 122 | 800 |
      24 | 9300     | 96        | 205 | 121 | 810 |
      36 | 9200     | 97        | 200 | 120 | 800 |
      48 | 9100     | 96        | 195 | 119 | 795 |
      72 | 5900     | 98        | 110 | 78  | 680 |
"""
SLOW = f"""
    hour | ferritin | platelets | crp | ast | given
      -1 | 9000     | 98        | 200 | 120 |
       0 |          |           |     |     | {PULSE}
      24 | 8800     | 96        | 190 | 118 |
      48 | 8500     | 97        | 90  | 112 |
"""


def test_nothing_better_at_48_h_is_no_response() -> None:
    assert "steroid_nonresponse" in flags_of(judged(LATE, as_of=49))


def test_a_late_improvement_ends_the_non_response_and_is_never_both() -> None:
    assessment = judged(LATE, as_of=73)
    assert verdicts_of(assessment)[72] in ("responding", "indeterminate", "mixed")
    assert "steroid_nonresponse" not in flags_of(assessment)
    assert flag(assessment, "steroid_nonresponse")["why"] == "a later window was judged"


def test_one_marker_better_and_none_worse_is_slow_and_not_a_non_response() -> None:
    assessment = judged(SLOW, as_of=49)
    assert verdicts_of(assessment)[48] == "indeterminate"
    assert flags_of(assessment)["steroid_slow_response"] == "watch"
    assert "steroid_nonresponse" not in flags_of(assessment)


def test_the_slow_response_says_so_in_few_words() -> None:
    row = flag(judged(SLOW, as_of=49), "steroid_slow_response")
    assert row["sentence"] == "Improving too slowly 48 h after steroid start"


def test_slow_is_never_said_at_24_h() -> None:
    assert "steroid_slow_response" not in flags_of(judged(SLOW, as_of=25))


def test_a_response_at_72_h_ends_the_slow_one() -> None:
    later = SLOW + "      72 | 4000     | 110       | 30  | 60  |\n"
    assessment = judged(later, as_of=73)
    assert verdicts_of(assessment)[72] == "responding"
    assert "steroid_slow_response" not in flags_of(assessment)


def test_no_response_at_72_h_takes_the_place_of_the_slow_one() -> None:
    later = SLOW + "      72 | 21000    | 50        | 260 | 310 |\n"
    on = flags_of(judged(later, as_of=73))
    assert "steroid_nonresponse" in on
    assert "steroid_slow_response" not in on
