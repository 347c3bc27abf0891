"""
How probable a rise or a fall is: the same numbers as full covariance matrices give, and laws that hold for any course.

The reference (change_points.py) shares no step with the code: no running sums, no slopes solved for, no company told
as extra information on two slopes, but one Gaussian over all logs for every line there could be.
"""

from __future__ import annotations

import math
from threading import Event, Thread

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.remembered import Remembered
from monitoring.analysis.turning import REMEMBERED, turning
from tests.spec.change_points import Course, Value, as_points, belief, expected, numbers, worked
from tests.spec.turning_drawn import (
    COUNTS,
    CRP,
    EXACT,
    FALL,
    FERRITIN,
    IRREGULAR,
    LDH,
    PLATELETS,
    RISE,
    course,
    every,
)

FEW = settings(max_examples=15, derandomize=True, deadline=None, database=None)
LATE = "8 310, 31.5 420, 44.2 560"  # LDH that was not drawn every time, some minutes off the ferritin
UNEQUAL = [(0.0, 4.1, 0.11), (7.5, 3.9, 0.11), (26.0, 3.3, 0.19), (39.0, 2.9, 0.23), (47.0, 2.2, 0.11)]
COURSES = {
    "one value": (RISE, "ferritin", course(ferritin=("5 5000", FERRITIN))),
    "two values": (RISE, "ferritin", course(ferritin=("0 5000, 12 6600", FERRITIN))),
    "irregular hours": (RISE, "ferritin", IRREGULAR),
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
    told = IRREGULAR
    points = as_points(told)
    without = points.drop(index=2).reset_index(drop=True)
    left_out = points.assign(counts=points.index != 2)
    assert every(left_out).tobytes() == every(without).tobytes()
