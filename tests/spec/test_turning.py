"""
How probable a rise or a fall is: the same numbers as full covariance matrices give, and laws that hold for any course.

The reference (change_points.py) shares no step with the code: no running sums, no slopes solved for, no company told
as extra information on two slopes, but one Gaussian over all logs for every line there could be.
"""

from __future__ import annotations

import math
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from monitoring.analysis.remembered import Remembered
from monitoring.analysis.turning import REMEMBERED, turning
from tests.spec.change_points import Course, Value, as_points, belief, expected, numbers, worked
from tests.spec.drawing import at, flag, flags_of, judged

FEW = settings(max_examples=15, derandomize=True, deadline=None, database=None)
EXACT = 1e-9
RISE, FALL, COUNTS = "ferritin_rising", "fibrinogen_falling", "platelets_falling"
FERRITIN, LDH, CRP, FIBRINOGEN, PLATELETS = 0.137, 0.08, 0.42, 0.11, 0.076  # noise of one value, on the log scale
LDH_EXACT, AST = 0.06, 0.1


def course(**markers: tuple[str, float]) -> Course:
    """ferritin=("0 5000, 12 6000", 0.137): hours with values, and the noise of each."""
    told = {name: [pair.split() for pair in text.split(",")] for name, (text, _) in markers.items()}
    return {name: [(float(h), float(v), markers[name][1]) for h, v in pairs] for name, pairs in told.items()}


LATE = "8 310, 31.5 420, 44.2 560"  # LDH that was not drawn every time, some minutes off the ferritin
UNEQUAL = [(0.0, 4.1, 0.11), (7.5, 3.9, 0.11), (26.0, 3.3, 0.19), (39.0, 2.9, 0.23), (47.0, 2.2, 0.11)]
COURSES = {
    "one value": (RISE, "ferritin", course(ferritin=("5 5000", FERRITIN))),
    "two values": (RISE, "ferritin", course(ferritin=("0 5000, 12 6600", FERRITIN))),
    "irregular hours": (
        RISE, "ferritin", course(ferritin=("0 5000, 9.5 5200, 31 5100, 44 7700, 51.25 9900", FERRITIN))
    ),
    "values beyond the span": (
        RISE, "ferritin", course(ferritin=("0 900, 88 5000, 112 4700, 147 4400, 184 5000, 197 6600", FERRITIN))
    ),
    "one more marker, some draws without it": (
        RISE, "ferritin", course(ferritin=("0 5000, 8 5100, 20 5600, 31 6100, 44 7200", FERRITIN), ldh=(LATE, LDH))
    ),
    "two more markers that go against it": (
        RISE,
        "ferritin",
        course(
            ferritin=("0 5000, 12 5900, 25 6100, 37 7400", FERRITIN),
            ldh=("0.5 800, 12.2 640, 37.6 410", LDH),
            crp=("0 210, 25 120, 37 60", CRP),
        ),
    ),
    "a company of one value": (
        RISE, "ferritin", course(ferritin=("0 5000, 12 5900, 25 8100", FERRITIN), ldh=("12 640", LDH))
    ),
    "unequal noise": (FALL, "fibrinogen", {"fibrinogen": UNEQUAL}),
    "three markers, unequal noise": (
        FALL,
        "fibrinogen",
        {"fibrinogen": UNEQUAL,
         **course(platelets=("0 180, 26.3 160, 39 131, 46.6 99", PLATELETS), d_dimer_feu=("7.4 900, 47.1 4100", 0.28))},
    ),
    "a fall that ended": (
        COUNTS,
        "platelets",
        course(
            platelets=("0 180, 12 150, 24 118, 36 121, 49 119, 60 124", PLATELETS),
            ferritin=("0 3000, 24 9000, 36 8100, 60 5000", FERRITIN),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "analyte", "told"), COURSES.values(), ids=list(COURSES))
def test_it_is_what_full_covariance_matrices_give(rule: str, analyte: str, told: Course) -> None:
    assert worked(told, analyte, rule) == pytest.approx(expected(told, analyte, rule), abs=EXACT)


def test_two_values_are_weighed_as_by_hand() -> None:
    # 5000 -> 6600 in 12 h: d = ln 1.32 = 0.2776, with 2 * 0.137^2 = 0.03754 of noise. Still: the change in 12 h has the
    # standard deviation 12 * ln(1.08) / 24 = 0.03848, so d is of variance 0.03754 + 0.00148; moving: ln(2.2) / 2 =
    # 0.39423, variance 0.19296. Shares 0.7 and 0.3; a rise is more than ln(1.06) / 2 = 0.02913 in 12 h.
    d, noise, least, weights, beyond = math.log(1.32), 2 * 0.137**2, math.log(1.06) / 2, [], []
    for share, percent in ((0.7, 8), (0.3, 120)):
        prior = (math.log(1 + percent / 100) / 2) ** 2
        whole = prior + noise
        weights.append(share * math.exp(-(d**2) / whole / 2) / math.sqrt(whole))
        mean, spread = prior / whole * d, math.sqrt(prior * noise / whole)
        beyond.append(0.5 * math.erfc((least - mean) / spread / math.sqrt(2)))
    by_hand = sum(w * p for w, p in zip(weights, beyond, strict=True)) / sum(weights)
    told = course(ferritin=("0 5000, 12 6600", FERRITIN))
    assert worked(told, "ferritin", RISE)[0] == pytest.approx(by_hand, abs=EXACT)


@st.composite
def drawn_courses(draw: st.DrawFn) -> Course:
    """Two to seven draws of ferritin at irregular hours, with LDH and platelets in most of them."""
    gaps = draw(st.lists(st.integers(60 * 4, 60 * 30), min_size=1, max_size=6))  # minutes
    hours = np.cumsum([0, *gaps]) / 60.0
    found: dict[str, list[Value]] = {}
    for name, level, noise in (("ferritin", 5000.0, FERRITIN), ("ldh", 400.0, LDH), ("platelets", 150.0, PLATELETS)):
        steps = draw(st.lists(st.floats(-0.6, 0.6), min_size=len(hours), max_size=len(hours)))
        there = draw(st.lists(st.booleans(), min_size=len(hours), max_size=len(hours)))
        values = level * np.exp(np.cumsum(steps))
        kept = [name == "ferritin" or seen for seen in there]
        found[name] = [(float(h), float(v), noise) for h, v, keep in zip(hours, values, kept, strict=True) if keep]
    return {name: values for name, values in found.items() if values}


def every(points: pd.DataFrame, analyte: str = "ferritin", rule: str = RISE) -> np.ndarray:
    REMEMBERED.forget()
    return numbers(turning(points, analyte, belief(rule)))


@FEW
@given(drawn_courses())
def test_any_course_is_weighed_as_full_covariance_matrices_do(told: Course) -> None:
    assert worked(told, "ferritin", RISE) == pytest.approx(expected(told, "ferritin", RISE), abs=EXACT)


@FEW
@given(drawn_courses(), st.floats(0.001, 1000))
def test_another_unit_changes_nothing(told: Course, factor: float) -> None:
    other = {name: [(h, v * factor, noise) for h, v, noise in values] for name, values in told.items()}
    assert every(as_points(other)) == pytest.approx(every(as_points(told)), abs=EXACT)


@FEW
@given(drawn_courses(), st.floats(-5000, 500_000))
def test_another_midnight_changes_nothing(told: Course, hours: float) -> None:
    other = {name: [(h + hours, v, noise) for h, v, noise in values] for name, values in told.items()}
    assert every(as_points(other)) == pytest.approx(
        every(as_points(told)), abs=1e-7
    )  # 1e-10 h are lost in so large a sum


@FEW
@given(drawn_courses(), st.floats(1.001, 3.0))
def test_a_higher_last_value_never_makes_a_rise_less_probable(told: Course, factor: float) -> None:
    hour, value, noise = told["ferritin"][-1]
    higher = {**told, "ferritin": [*told["ferritin"][:-1], (hour, value * factor, noise)]}
    plain, more = worked(told, "ferritin", RISE), worked(higher, "ferritin", RISE)
    assert (more[:4] >= plain[:4] - EXACT).all()


@FEW
@given(drawn_courses(), drawn_courses(), drawn_courses())
def test_other_patients_change_nothing_to_the_last_bit(mine: Course, one: Course, other: Course) -> None:
    alone = every(as_points(mine, "M"))
    ward = pd.concat([as_points(one, "A"), as_points(mine, "M"), as_points(other, "Z")], ignore_index=True)
    REMEMBERED.forget()
    told = turning(ward, "ferritin", belief(RISE))
    among = numbers(told)[ward["patient_id"].eq("M").to_numpy()[told.place]]
    assert among.tobytes() == alone.tobytes()


@FEW
@given(drawn_courses(), drawn_courses())
def test_what_is_remembered_is_what_would_be_worked_out_anew(one: Course, other: Course) -> None:
    ward = pd.concat([as_points(one, "A"), as_points(other, "B")], ignore_index=True)
    anew = every(ward)
    again = numbers(turning(ward, "ferritin", belief(RISE)))
    assert again.tobytes() == anew.tobytes()
    for rule, analyte in ((COUNTS, "platelets"), (RISE, "ferritin")):  # what another rule left behind is not taken
        mixed = numbers(turning(ward, analyte, belief(rule)))
    assert mixed.tobytes() == anew.tobytes()


def test_what_is_remembered_holds_together_while_others_ask_and_add() -> None:
    # every row is its own key: a session that asks while another adds must never be given another patient's row
    held, keys, wrong, done = Remembered(columns=1, limit=100_000), np.arange(1, 4001, dtype=np.uint64), [], Event()
    held.add(keys[::4], keys[::4, None].astype(float))

    def asks() -> None:
        while not done.is_set():
            known, rows = held.find(keys)
            wrong.append(int((rows[known, 0] != keys[known]).sum()))

    asking = [Thread(target=asks) for _ in range(2)]
    for one in asking:
        one.start()
    for key in keys[keys % 4 == 2]:
        held.add(np.array([key]), np.array([[float(key)]]))
    done.set()
    for one in asking:
        one.join()
    assert wrong
    assert sum(wrong) == 0


def test_what_is_too_much_is_forgotten_and_worked_out_again() -> None:
    held = Remembered(columns=1, limit=3)
    held.add(np.array([1, 2, 3], dtype=np.uint64), np.array([[1.0], [2.0], [3.0]]))
    held.add(np.array([4], dtype=np.uint64), np.array([[4.0]]))
    known, rows = held.find(np.array([1, 4], dtype=np.uint64))
    assert known.tolist() == [False, True]
    assert rows[1] == 4.0


@FEW
@given(drawn_courses(), st.data())
def test_asking_for_some_values_gives_what_asking_for_all_gives(told: Course, choice: st.DataObject) -> None:
    points = as_points(told)
    places = np.flatnonzero(points["analyte"].eq("ferritin"))
    wanted = np.array(sorted(choice.draw(st.sets(st.sampled_from(list(places)), min_size=1))))
    REMEMBERED.forget()
    some = turning(points, "ferritin", belief(RISE), at=wanted)
    assert some.place.tolist() == wanted.tolist()
    assert numbers(some).tobytes() == every(points)[np.searchsorted(places, wanted)].tobytes()


@FEW
@given(drawn_courses())
def test_what_comes_after_a_value_has_no_say_in_it(told: Course) -> None:
    now = told["ferritin"][-2][0]
    before = {name: [value for value in values if value[0] <= now] for name, values in told.items()}
    assert every(as_points(told))[-2] == pytest.approx(every(as_points({n: v for n, v in before.items() if v}))[-1])


def test_a_value_left_out_is_as_one_never_drawn() -> None:
    told = COURSES["irregular hours"][2]
    points = as_points(told)
    without = points.drop(index=2).reset_index(drop=True)
    left_out = points.assign(counts=points.index != 2)
    assert every(left_out).tobytes() == every(without).tobytes()


def test_without_company_it_is_the_series_alone() -> None:
    _, analyte, told = COURSES["irregular hours"]
    found = worked(told, analyte, RISE)
    assert found[0] == found[2]
    nobody = replace(belief(RISE), company=())
    REMEMBERED.forget()
    assert numbers(turning(as_points(told), analyte, nobody))[-1] == pytest.approx(found, abs=EXACT)


def test_company_that_moves_along_helps_and_company_that_does_not_holds_back() -> None:
    ferritin = {"ferritin": ("0 5000, 12 6200, 24 7200", FERRITIN)}
    along = worked(course(**ferritin, ldh=("0 300, 12 340, 24 390", LDH)), "ferritin", RISE)
    against = worked(course(**ferritin, ldh=("0 390, 12 340, 24 300", LDH)), "ferritin", RISE)
    assert along[2] == pytest.approx(against[2])
    assert against[0] < against[2]
    assert along[2] < along[0]


def begun(points: pd.DataFrame, since: float, known: str = "1") -> pd.DataFrame:
    """The same values, the last of them drawn `since` hours after a high-dose steroid was begun."""
    hours = since + points["hour"] - points["hour"].max()
    told = at(0) + pd.Timedelta(hours=float(known))
    return points.assign(since_start=hours.where(hours >= 0), start_known_at=pd.Series(told, index=points.index))


def test_a_high_dose_steroid_begun_makes_a_rise_twice_as_likely_and_no_faster() -> None:
    points = as_points(course(ferritin=("0 5000, 12 5900, 25 6600", FERRITIN), ldh=("0 300, 25 340", LDH)))
    plain, treated = every(points)[-1], every(begun(points, 20))[-1]
    assert logit(treated[:2]) - logit(plain[:2]) == pytest.approx([0.7, 0.7])  # 2 to 1
    assert treated[2:].tolist() == plain[2:].tolist()  # alone, rate and its error


@pytest.mark.parametrize(("since", "counts"), [(0.0, True), (72.0, True), (72.02, False)])
def test_a_steroid_counts_for_three_days_from_its_first_dose_on(since: float, counts: bool) -> None:
    points = as_points(course(ferritin=("0 5000, 12 6200", FERRITIN)))
    assert bool(every(begun(points, since))[-1, 0] > every(points)[-1, 0]) is counts


def test_a_start_that_is_told_late_is_known_late() -> None:
    points = as_points(course(ferritin=("0 5000, 12 6200", FERRITIN)))
    assert turning(begun(points, 6, "20"), "ferritin", belief(RISE)).known_at[-1] == np.datetime64("2026-03-02T20:00")
    assert turning(begun(points, 80, "20"), "ferritin", belief(RISE)).known_at[-1] == np.datetime64("2026-03-02T12:00")


def test_a_rule_that_says_nothing_of_steroids_does_not_mind_them() -> None:
    told = course(fibrinogen=("0 4.0, 12 3.4", 0.11))
    points = as_points(told)
    assert every(begun(points, 6), "fibrinogen", FALL).tobytes() == every(points, "fibrinogen", FALL).tobytes()


def test_company_adds_no_more_than_its_bound() -> None:
    # alone 0.49; with LDH and AST that rise by a quarter and more it would be 0.88, and is 0.81: 4.5 times the odds
    ferritin = {"ferritin": ("0 5000, 12 5600, 24 6600", FERRITIN)}
    rising = course(**ferritin, ldh=("0 300, 12 330, 24 370", LDH_EXACT), ast=("0 60, 12 70, 24 85", AST))
    falling = course(**ferritin, ldh=("0 370, 12 330, 24 300", LDH_EXACT), ast=("0 85, 12 70, 24 60", AST))
    along, against = (worked(told, "ferritin", RISE) for told in (rising, falling))
    assert along[2] == pytest.approx(against[2])
    assert logit(along[0]) - logit(along[2]) == pytest.approx(belief(RISE).most)
    assert expected(rising, "ferritin", RISE, most=math.inf)[0] > along[0]
    assert against[0] < against[2]


def company_came_at_20(ferritin: int) -> str:
    """LDH 300 -> 380 and AST 60 -> 90 within 12 h, told seven hours after the ferritin."""
    return f"""
        hour | received | ferritin   | ldh | ast
           0 |        1 | 5000       | 300 | 60
          12 |       13 | {ferritin} |     |
          12 |       20 |            | 380 | 90
    """


def test_a_value_received_after_the_moment_of_judging_plays_no_part() -> None:
    assert RISE not in flags_of(judged(company_came_at_20(6200), as_of="19:59"))
    assert RISE in flags_of(judged(company_came_at_20(6200), as_of=20))


def test_a_rise_that_only_its_company_makes_probable_is_raised_when_the_company_came_in() -> None:
    # 5000 -> 6200 alone: 0.41, with LDH and AST 0.76, all they may add; raised from p_raise, about seven in ten
    row = flag(judged(company_came_at_20(6200), as_of=30), RISE)
    assert row["raised_at"] == at(20)


def test_a_rise_that_speaks_for_itself_is_not_delayed_by_company_that_came_in_later() -> None:
    # 5000 -> 9000 alone: 0.92
    row = flag(judged(company_came_at_20(9000), as_of=30), RISE)
    assert row["raised_at"] == at(13)


def test_a_flag_is_over_when_a_rise_is_no_longer_probable_and_stays_in_between() -> None:
    # 4000, 9000, 8800, 8500, 8000 every 12 h: 0.30, 1.00, 0.54, 0.27, 0.16; over below 0.2, not yet at 0.27
    table = "hour | ferritin\n0 | 4000\n12 | 9000\n24 | 8800\n36 | 8500\n48 | 8000"
    assert flag(judged(table, as_of=36), RISE)["state"] == "active"
    assert flag(judged(table, as_of=48), RISE)["cleared_at"] == at(48)
