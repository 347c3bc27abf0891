"""Published patients: carried in as printed, with their source, and placed on the ward today."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.lookup import analyte_names, given_names, identify, plain_name
from monitoring.published import CALLS, PublishedCourse, known_course, published_courses, write_published

NEWEST = datetime(2026, 3, 3, 14, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def courses() -> dict[str, PublishedCourse]:
    return {course.slug: course for course in published_courses()}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write_published(folder, newest_at=NEWEST)
    return folder


def rows(folder: Path, kind: str) -> list[dict[str, str]]:
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def printed(course: PublishedCourse, analyte: str) -> list[tuple[int, str, str]]:
    return [(int(row["day"]), row["value"], row["unit"]) for row in course.labs if row["analyte"] == analyte]


def test_fifteen_courses_are_carried_each_with_its_source(courses: dict[str, PublishedCourse]) -> None:
    assert len(courses) == 15
    assert sorted(course.number for course in courses.values()) == list(range(1, 16))
    for course in courses.values():
        assert course.citation
        assert course.url.startswith("https://")
        assert course.labs
        assert all((course.underlying, course.outcome, course.treatment_said, course.odd, course.hours_assumed))


def test_what_the_authors_say_of_steroids_is_one_of_five(courses: dict[str, PublishedCourse]) -> None:
    assert {course.authors_call for course in courses.values()} == set(CALLS)
    assert courses["sle-pulse-responder"].authors_call == "responding"
    assert courses["mis-a-fatal"].authors_call == "not_responding"
    assert courses["child-hlh-organ-failure"].authors_call == "not_responding"


def test_figures_stand_as_they_are_printed(courses: dict[str, PublishedCourse]) -> None:
    assert printed(courses["child-hlh-organ-failure"], "ferritin") == [
        (1, ">50000", "μg/L"), (2, "25937", "μg/L"), (3, "19010", "μg/L"), (4, "5865.6", "μg/L"),
        (5, "3888.2", "μg/L"), (6, "1899.2", "μg/L"), (7, "1305", "μg/L"),
    ]  # fmt: skip
    assert printed(courses["mis-a-fatal"], "ferritin") == [
        (1, "962", "ng/mL"), (5, "1993", "ng/mL"), (8, ">100000", "ng/mL"),
    ]  # fmt: skip


def test_errors_of_the_print_are_kept_and_told(courses: dict[str, PublishedCourse]) -> None:
    assert printed(courses["sle-pulse-responder"], "ferritin") == [(15, "3099", "mg/l")]
    assert "mg/l" in courses["sle-pulse-responder"].odd
    assert {unit for _, _, unit in printed(courses["hiv-hbv-hlh"], "LDH")} == {"mmol/L"}
    assert "mmol/L" in courses["hiv-hbv-hlh"].odd
    assert printed(courses["tuberculosis-hlh"], "ferritin")[0] == (7, "34.08", "nmol/L")


def test_what_cannot_be_placed_in_time_is_named_and_not_carried(courses: dict[str, PublishedCourse]) -> None:
    course = courses["ebv-covid-hlh"]
    assert not course.treatments
    assert any("rituximab" in text for text in course.left_out)


def test_every_analyte_that_the_catalog_knows_is_printed_in_a_unit_it_knows_but_for_the_errors_of_the_print(
    courses: dict[str, PublishedCourse],
) -> None:
    catalog = load_catalog()
    names = analyte_names(catalog)
    known = [
        (course.slug, row["analyte"], row["unit"], names[plain_name(row["analyte"])])
        for course in courses.values()
        for row in course.labs
        if plain_name(row["analyte"]) in names
    ]
    wrong = Counter((slug, name, unit) for slug, name, unit, codes in known if not identify(catalog, codes, unit))
    assert len(known) > 750
    assert wrong == {("hiv-hbv-hlh", "LDH", "mmol/L"): 4, ("lymphoma-hlh-tumour-lysis", "fibrinogen", "U/L"): 2}


def test_what_was_given_is_in_the_catalog(courses: dict[str, PublishedCourse]) -> None:
    given = given_names(load_catalog())
    strange = {
        row["drug"] for course in courses.values() for row in course.treatments if plain_name(row["drug"]) not in given
    }
    assert strange <= {"hydroxychloroquine"}


def test_findings_and_contexts_are_words_of_the_contract(courses: dict[str, PublishedCourse]) -> None:
    catalog = load_catalog()
    assert {course.context for course in courses.values()} <= set(catalog.contexts)
    assert {row["finding"] for course in courses.values() for row in course.findings} <= set(catalog.findings)


def test_nothing_is_lost_when_courses_are_placed_on_the_ward(ward: Path, courses: dict[str, PublishedCourse]) -> None:
    for kind in ("labs", "treatments", "findings"):
        found = Counter(row["patient_id"] for row in rows(ward, kind))
        assert found == Counter({c.patient_id: len(getattr(c, kind)) for c in courses.values() if getattr(c, kind)})
    assert [row["patient_id"] for row in rows(ward, "patients")] == [f"PUB-{number:02d}" for number in range(1, 16)]


def test_each_course_ends_a_little_before_now_and_not_all_at_once(ward: Path) -> None:
    newest: dict[str, datetime] = {}
    columns = (("labs", "collected_at"), ("treatments", "started_at"), ("findings", "observed_at"))
    for kind, column in columns:
        for row in rows(ward, kind):
            moment = datetime.fromisoformat(row[column])
            newest[row["patient_id"]] = max(newest.get(row["patient_id"], moment), moment)
    ages = [NEWEST - moment for moment in newest.values()]
    assert all(timedelta(minutes=20) <= age <= timedelta(hours=5, minutes=20) for age in ages)
    assert len(set(ages)) > 10


def test_the_days_between_results_are_those_of_the_print(ward: Path, courses: dict[str, PublishedCourse]) -> None:
    mine = [row for row in rows(ward, "labs") if row["patient_id"] == courses["tuberculosis-hlh"].patient_id]
    ferritin = [datetime.fromisoformat(row["collected_at"]) for row in mine if row["analyte"] == "ferritin"]
    assert [(later - ferritin[0]).days for later in ferritin] == [0, 5, 17]  # days 7, 12 and 24
    admitted = next(row for row in rows(ward, "patients") if row["patient_id"] == mine[0]["patient_id"])["admitted_at"]
    assert ferritin[0] - datetime.fromisoformat(admitted) == timedelta(days=6, hours=6)


def test_the_steroid_begins_two_hours_after_the_results_of_its_day(
    ward: Path, courses: dict[str, PublishedCourse]
) -> None:
    who = courses["hiv-hbv-hlh"].patient_id
    steroid = next(row for row in rows(ward, "treatments") if row["patient_id"] == who)
    at = {
        row["value"]: datetime.fromisoformat(row["collected_at"])
        for row in rows(ward, "labs")
        if row["patient_id"] == who
    }
    assert (steroid["drug"], steroid["dose"], steroid["unit"]) == ("dexamethasone", "20", "mg/day")
    assert datetime.fromisoformat(steroid["started_at"]) - at["12932.7"] == timedelta(hours=2)


def test_the_improvement_printed_as_of_72_hours_stands_72_hours_after_the_start(
    courses: dict[str, PublishedCourse],
) -> None:
    course = courses["pneumococcal-hlh"]
    starts = {(row["day"], row["hour"]) for row in course.treatments}
    assert starts == {("8", "8")}
    assert {row["hour"] for row in course.labs if row["day"] == "11"} == {"8"}


def test_a_treatment_that_ends_after_now_has_no_end_yet(ward: Path) -> None:
    for row in rows(ward, "treatments"):
        assert not row["ended_at"] or datetime.fromisoformat(row["ended_at"]) <= NEWEST


def test_the_birth_date_gives_the_printed_age_on_every_day_of_the_course(
    ward: Path, courses: dict[str, PublishedCourse]
) -> None:
    by_id = {course.patient_id: course for course in courses.values()}
    for row in rows(ward, "patients"):
        age = by_id[row["patient_id"]].age_years
        if age is None:
            assert row["birth_date"] == ""
            continue
        born = date.fromisoformat(row["birth_date"])
        for day in (datetime.fromisoformat(row["admitted_at"]).date(), NEWEST.date()):
            assert day.year - born.year - ((day.month, day.day) < (born.month, born.day)) == age


def test_placing_them_again_at_the_same_moment_gives_the_same_bytes(tmp_path: Path, ward: Path) -> None:
    write_published(tmp_path, newest_at=NEWEST.astimezone(timezone(timedelta(hours=2))))
    for kind in ("patients", "labs", "treatments", "findings"):
        assert (tmp_path / f"{kind}.csv").read_bytes() == (ward / f"{kind}.csv").read_bytes()


def test_each_row_has_an_identity_of_its_own(ward: Path) -> None:
    for kind in ("labs", "treatments", "findings"):
        ids = [row["source_id"] for row in rows(ward, kind)]
        assert len(set(ids)) == len(ids)


def test_a_course_on_the_ward_is_known_by_its_name_and_nobody_else_is() -> None:
    first = published_courses()[0]
    assert known_course(first.patient_id, "Published courses") == first
    assert known_course(first.patient_id, "ICU A") is None
    assert known_course("MAS-1001", "Published courses") is None
