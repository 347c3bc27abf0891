"""Cohorts: what a file may ask, who is in it, and that what is saved stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitoring import cohorts
from monitoring.catalog import load_catalog
from monitoring.cohort_file import Cohort, read_cohort
from monitoring.errors import CohortError
from monitoring.exporting import exported
from monitoring.exports.wanted import Wanted
from tests.monitoring.command_line import CommandLine
from tests.monitoring.export_ward import AS_OF, PEOPLE, TAKEN_IN, ExportWard

CHILD, OLD, HINZ, ADULT = PEOPLE  # 11, 95, 13 and 35 years at their first result
HEAD = '[cohort]\nname = "try"\nversion = "1"\n[where]\n'


def asked(where: str) -> Cohort:
    return read_cohort(HEAD + where, load_catalog())


def inside(ward: ExportWard, where: str, as_of: datetime = AS_OF) -> set[str]:
    return set(cohorts.members(ward.site.store, ward.site.catalog, asked(where), as_of=as_of).patients)


# Ferritin of the child: drawn at 0, 10, 24 and 48 h, steps 0, 2 and 4 of the five 12-hour steps: 3 / 5. Its platelets:
# at 0 and 48 h, 2 / 5. The others were drawn once: one step, and it is there.
@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("", {*PEOPLE}),
        ('context = ["sJIA", "SLE"]', {CHILD, ADULT}),
        ('sex = "male"', {OLD, HINZ}),
        ("age = { least = 12, most = 35 }", {HINZ, ADULT}),
        ('age_group = ["90 and over"]', {OLD}),
        ('drug = ["anakinra"]', {CHILD}),
        ('drug = ["prednisone", "fibrinogen_concentrate"]', {CHILD, ADULT}),
        ('line = ["second"]', {CHILD}),
        ('line = ["none"]', {OLD, HINZ, ADULT}),
        ("first_steroid = { from = 2026-06-01 }", {CHILD}),
        ("first_steroid = { to = 2026-05-31 }", set()),
        ("first_result = { from = 2026-06-02, to = 2026-06-02 }", {ADULT}),
        ("admitted = { from = 2026-05-31T10:15:00Z }", {CHILD, HINZ, ADULT}),
        ("completeness = { ferritin = 0.6 }", {*PEOPLE}),
        ("completeness = { ferritin = 0.61 }", {OLD, HINZ, ADULT}),
        ("completeness = { platelets = 0.4 }", {CHILD}),
        ("completeness = { ferritin = 0.7, every_hours = 24 }", {*PEOPLE}),
        ('score = { hscore = "> 337" }', set()),  # 337 is the most that it can be
        ('score = { hscore = "<= 337" }', {*PEOPLE}),
        ('sex = "female"\ncontext = ["sJIA"]', {CHILD}),
    ],
)
def test_those_for_whom_every_criterion_holds_are_in_the_cohort(
    export_ward: ExportWard, where: str, names: set[str]
) -> None:
    assert inside(export_ward, where) == names


def test_flags_and_responses_are_those_that_the_export_tells(export_ward: ExportWard) -> None:
    site = export_ward.site
    (frames,) = exported(site.store, site.catalog, Wanted(as_of=AS_OF))
    told = frames["responses"].query("course_no == 1 and hours == 48")
    for verdict, rows in told.groupby("verdict"):
        assert inside(export_ward, f'response = {{ verdict = ["{verdict}"] }}') == set(rows["patient_id"])
    flags = frames["flags"][frames["flags"]["state"].ne("retracted")]
    assert len(flags)
    for flag, rows in flags.groupby("flag"):
        assert inside(export_ward, f'flag = ["{flag}"]') == set(rows["patient_id"])


def test_nothing_received_later_plays_a_part(export_ward: ExportWard) -> None:
    assert inside(export_ward, 'context = ["sJIA"]', datetime(2026, 6, 5, 9, tzinfo=UTC)) == set()


def test_steps_count_who_is_left_after_each_criterion(export_ward: ExportWard) -> None:
    told = cohorts.members(
        export_ward.site.store, export_ward.site.catalog, asked('sex = "male"\nage = { least = 90 }'), as_of=AS_OF
    )
    assert [(step.words, step.left) for step in told.steps] == [
        ("all patients", 4),
        ("sex male", 2),
        ("aged 90 or over", 1),
    ]


def test_a_few_are_told_as_a_few_and_more_to_the_nearest_five() -> None:
    catalog = load_catalog()
    assert [cohorts.few(count, catalog) for count in (0, 1, 4, 5, 7, 8, 12, 13)] == [
        "0", "fewer than 5", "fewer than 5", "5", "5", "10", "10", "15",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[cohort", "no TOML"),
        ("[where]\nsex = 'male'", "needs a name"),
        ('[cohort]\nname = "a b"\nversion = "1"', "it has 'a b'"),
        ('[cohort]\nname = "a"', "needs a version"),
        (HEAD + "colour = 1", "'colour' is nothing that a cohort can ask for"),
        (HEAD + 'sex = "woman"', "'woman' is no sex"),
        (HEAD + "sex = 3", "sex needs a list of texts"),
        (HEAD + 'drug = ["wonder"]', "'wonder' is no drug"),
        (HEAD + 'flag = ["wonder"]', "'wonder' is no flag"),
        (HEAD + "age = { from = 3 }", "age takes least and most"),
        (HEAD + 'age = { least = "three" }', "in completed years"),
        (HEAD + 'admitted = { from = "2019" }', "days like 2019-01-01"),
        (HEAD + "admitted = { from = 2020-01-01, to = 2019-01-01 }", "from lies after to"),
        (HEAD + "response = { hours = 36 }", "24, 48 or 72"),
        (HEAD + 'score = { hscore = "about 100" }', "needs a comparison"),
        (HEAD + 'score = { wonder = ">= 1" }', "'wonder' is no score"),
        (HEAD + "completeness = { ferritin = 80 }", "a share from 0 to 1, not 80"),
        (HEAD + "completeness = { wonder = 0.8 }", "'wonder' is no analyte"),
    ],
)
def test_a_file_that_asks_wrongly_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(CohortError) as refused:
        read_cohort(text, load_catalog())
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_saved_is_found_by_name_and_never_changed(export_ward: ExportWard) -> None:
    site = export_ward.site
    one, other = asked('sex = "male"'), asked('sex = "female"')
    assert cohorts.save(site.store, one, at=TAKEN_IN, by="Dr Abel")
    assert not cohorts.save(site.store, one, at=AS_OF, by="Dr Abel")
    with pytest.raises(CohortError, match="saved with another question"):
        cohorts.save(site.store, other, at=AS_OF, by="Dr Abel")
    second = read_cohort(other.question.replace('"1"', '"2"'), site.catalog)
    assert cohorts.save(site.store, second, at=AS_OF, by="Dr Abel")

    def found(called: str, as_of: datetime = AS_OF) -> Cohort:
        return cohorts.find(site.store, site.catalog, called, as_of=as_of, zone=UTC)

    assert found("try").called == "try@2"
    assert found("try@1").question == one.question
    assert found("try", TAKEN_IN).called == "try@1"
    with pytest.raises(CohortError, match="No cohort is saved as 'try@3'"):
        found("try@3")


def test_a_cohort_is_saved_listed_counted_and_exported_by_command(small_ward: CommandLine) -> None:
    file = small_ward.folder / "all.toml"
    file.write_text(HEAD + 'sex = ["male", "female", "unknown", "other"]\n', encoding="utf-8")
    assert small_ward.run("cohort", "save", file).code == 0
    assert [row["name"] for row in small_ward.told("cohort", "list")] == ["try"]
    assert small_ward.told("cohort", "show", "try")["question"] == file.read_text(encoding="utf-8")
    assert {row["patients"] for row in small_ward.told("cohort", "count", "try@1")} <= {"0", "fewer than 5", "5"}
    assert small_ward.run("export", small_ward.folder / "out", "--cohort", "try", "--facts").code == 0
    told = json.loads((small_ward.folder / "out" / "about.json").read_text(encoding="utf-8"))["filters"]["cohort"]
    assert told["called"] == "try@1"
    assert "question" not in told  # its days and words are nobody's business in a pseudonymous export
    refused = small_ward.run("cohort", "count", "nobody")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
