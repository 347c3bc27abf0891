"""Golden courses: all hold for the shipped rules, and a number that spoils one is told in words."""

from __future__ import annotations

import shutil
import tomllib
from functools import cache
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.drawn_courses import MIDNIGHT, at, course_of
from monitoring.errors import CatalogError
from monitoring.golden import FOLDER, Tried, golden_courses, tried
from tests.monitoring.command_line import CommandLine
from tests.spec.drawing import catalog

NAMES = [
    f"{file.stem}: {course['title']}"
    for file in sorted(FOLDER.glob("*.toml"))
    for course in tomllib.loads(file.read_text(encoding="utf-8"))["course"]
]
LATE = "[ferritin_extreme]\nabove = 50000\nclear_below = 40000\n"  # 25,000 is then extreme no longer
COURSE = """
[[course]]
title = "a title"
why = "a reason"
drawn = '''
{drawn}
'''
said = [{{ at = 0, {said} }}]
"""


@cache
def all_tried() -> dict[str, Tried]:
    return dict(zip(NAMES, tried(golden_courses(catalog()), catalog()), strict=True))


def own(folder: Path, drawn: str, said: str, rule: str = "ferritin_extreme") -> Path:
    """A folder with one golden course of a site's own."""
    (folder / f"{rule}.toml").write_text(COURSE.format(drawn=drawn, said=said), encoding="utf-8")
    return folder


def only_fault(folder: Path) -> str:
    (one,) = tried(golden_courses(catalog(), folder), catalog())
    (fault,) = one.faults
    return fault


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_rules_say_what_they_must_of_their_golden_courses(name: str) -> None:
    assert all_tried()[name].faults == ()


def test_no_two_golden_courses_of_a_rule_share_a_title() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_the_files_are_named_after_their_rules() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(catalog().rules)


def test_a_site_number_that_spoils_a_course_is_told_with_its_reason(maswatch: CommandLine) -> None:
    (maswatch.folder / "site.toml").write_text(LATE, encoding="utf-8")
    (maswatch.folder / "courses").mkdir()
    shutil.copy(FOLDER / "ferritin_extreme.toml", maswatch.folder / "courses")  # those of this rule, and no others
    done = maswatch.run("golden", "--rules", maswatch.folder / "site.toml", "--courses", maswatch.folder / "courses")
    assert done.code == 1
    assert "ferritin_extreme: ferritin of 25,000: at 0 h active is wanted, found silent." in done.out
    assert "highly suspicious of MAS" in done.out


def test_the_active_rules_pass_and_each_has_a_line(maswatch: CommandLine) -> None:
    told = maswatch.told("golden")
    assert {row["rule"] for row in told} == set(catalog().rules)
    assert {row["state"] for row in told} == {"passes"}


def test_the_doctor_says_which_golden_course_a_site_setting_makes_fail(maswatch: CommandLine) -> None:
    (maswatch.folder / "site.toml").write_text(LATE, encoding="utf-8")
    told = maswatch.told("doctor", config='site_catalog = "site.toml"\n')
    (one,) = [row for row in told if row["checked"] == "golden courses" and "25,000" in row["sentence"]]
    assert one["state"] == "look here"
    assert "found silent" in one["sentence"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('flag = "active", severity = "urgent"', "at 0 h active (urgent) is wanted, found active (watch)"),
        ('flag = "silent"', "at 0 h silent is wanted, found active"),
        ('flag = "active", raised_by = -2', "at 0 h raised by -2 h is wanted, found raised at 0 h"),
        ('window = 48, verdict = "responding"', "at 0 h responding is wanted, found no such window"),
        ('label_rule = "met"', "at 0 h met is wanted, found nothing"),
    ],
)
def test_what_was_found_stands_beside_what_is_wanted(tmp_path: Path, said: str, fault: str) -> None:
    assert only_fault(own(tmp_path, "hour | ferritin\n0 | 25000", said)) == fault


@pytest.mark.parametrize(
    ("drawn", "said", "told"),
    [
        ("hour | ferritine\n0 | 5", 'flag = "active"', "'ferritine' is neither a column known here nor an analyte"),
        ("hour | ferritin\n0 | high", 'flag = "active"', "'high' is no number"),
        ("hour | ferritin\n0 | 5 | 6", 'flag = "active"', "the line of hour 0 has 3 cells"),
        ("hour | given\n0 | water", 'flag = "active"', "'water' is no drug or product"),
        ("hour | ferritin\n0 | 5", 'flag = "raised"', "should be one of"),
        ("hour | ferritin\n0 | 5", 'flags = "active"', "is not a field known here"),
    ],
)
def test_a_course_that_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, drawn: str, said: str, told: str
) -> None:
    with pytest.raises(CatalogError) as refused:
        golden_courses(catalog(), own(tmp_path, drawn, said))
    assert told in str(refused.value)
    assert "ferritin_extreme.toml, [golden.course 1" in str(refused.value)


def test_a_file_of_no_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="'ferritin_odd' is not a rule"):
        golden_courses(catalog(), own(tmp_path, "hour | ferritin\n0 | 5", 'flag = "silent"', "ferritin_odd"))


def test_a_site_runs_golden_courses_of_its_own(maswatch: CommandLine) -> None:
    own(maswatch.folder, "hour | ferritin\n0 | 9000", 'flag = "silent"')
    assert maswatch.run("golden", "--courses", maswatch.folder).code == 0


def test_a_drawn_course_holds_bounds_times_of_arrival_doses_and_findings() -> None:
    table = """
hour | received | ferritin | splenomegaly | given                                         | until
   0 | 1.5      | >40000   | yes          | methylprednisolone 1000 mg; plasma_exchange 3 L | 2
"""
    course = course_of(table, {"context": "sJIA"}, load_catalog())
    value = course.observations.iloc[0]
    assert (value["value"], value["comparator"], value["collected_at"]) == (40000.0, ">", MIDNIGHT)
    assert value["received_at"] == at(1.5)
    assert course.doses["given"].tolist() == ["methylprednisolone", "plasma_exchange"]
    assert course.doses["amount"].tolist() == [1000.0, 3.0]
    assert (course.doses["ended_at"] == at(2)).all()
    assert course.findings["finding"].tolist() == ["splenomegaly"]
    assert course.patients["context"].tolist() == ["sJIA"]
