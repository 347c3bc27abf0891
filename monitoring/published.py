"""Published patients, carried in as figures with their citation; re-dated so that they stand on the ward today."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from monitoring.simulation.writing import HEADERS, birth_date, write_csv

COURSES = Path(__file__).parent / "demo" / "courses"
WARD = "Published courses"
CALLS = ("responding", "not_responding", "mixed", "not said", "no steroids")
# Newest results are of different age from course to course, as on a ward: (course number x 97) minutes within 5 hours.
AGE_STEP, AGE_SPAN, AGE_LEAST = timedelta(minutes=97), timedelta(hours=5), timedelta(minutes=20)
LAST_BIRTHDAY = timedelta(days=60)  # before admission: no course is so long that another one passes

Row = Mapping[str, str]


@dataclass(frozen=True)
class PublishedCourse:
    """
    One patient in print. Rows are as the files give them: `day` (1 is the first) and `hour` instead of a time.

    All texts are ours; `odd` says what in the print a reader should know, `authors_call` what its authors say of the
    response to steroids, `left_out` what they report and cannot be placed or does not matter here.
    """

    slug: str
    number: int
    citation: str
    pmcid: str
    doi: str
    url: str
    licence: str
    age_years: int | None
    sex: str
    weight_kg: float | None
    underlying: str
    context: str
    outcome: str
    treatment_said: str
    authors_call: str
    odd: str
    hours_assumed: str
    left_out: tuple[str, ...]
    patient: Row
    labs: tuple[Row, ...]
    treatments: tuple[Row, ...]
    findings: tuple[Row, ...]

    @property
    def patient_id(self) -> str:
        return f"PUB-{self.number:02d}"

    @property
    def newest(self) -> timedelta:
        """When the last result was drawn or the last treatment begun, counted from the beginning of day 1."""
        return max(since_day_1(row) for row in (*self.labs, *self.treatments, *self.findings))


def published_courses() -> list[PublishedCourse]:
    """All courses that come with the package, in the order of their numbers."""
    found = [course(folder) for folder in COURSES.iterdir() if (folder / "about.toml").exists()]
    return sorted(found, key=lambda one: one.number)


@cache
def known_course(patient_id: str, ward: str) -> PublishedCourse | None:
    """The published course that stands on the ward under this name; None for everybody else."""
    if ward != WARD:
        return None
    return next((one for one in published_courses() if one.patient_id == patient_id), None)


def course(folder: Path) -> PublishedCourse:
    about = tomllib.loads((folder / "about.toml").read_text(encoding="utf-8"))
    about.setdefault("age_years", None)
    about.setdefault("weight_kg", None)
    about["left_out"] = tuple(about["left_out"])
    return PublishedCourse(
        **about,
        patient=rows(folder, "patients")[0],
        labs=rows(folder, "labs"),
        treatments=rows(folder, "treatments"),
        findings=rows(folder, "findings"),
    )


def rows(folder: Path, kind: str) -> tuple[Row, ...]:
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def since_day_1(row: Row, day: str = "day", hour: str = "hour") -> timedelta:
    return timedelta(days=int(row[day]) - 1, hours=float(row[hour]))


def write_published(folder: Path, *, newest_at: datetime) -> None:
    """
    All courses as patients, treatments, findings and labs of the CSV contract in `folder`.

    Each course's newest result, or the treatment that the print begins after it, lies a little before `newest_at`.
    A treatment that ends later than that has no end yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    placed = [(one, day_1(one, newest_at)) for one in published_courses()]
    write(folder, "patients", [patient_row(one, begin) for one, begin in placed])
    write(folder, "treatments", [row for one, begin in placed for row in treatment_rows(one, begin, newest_at)])
    write(folder, "findings", [row for one, begin in placed for row in finding_rows(one, begin)])
    write(folder, "labs", [row for one, begin in placed for row in lab_rows(one, begin)])


def day_1(course: PublishedCourse, newest_at: datetime) -> datetime:
    age = AGE_LEAST + (course.number * AGE_STEP) % AGE_SPAN
    return newest_at.astimezone(UTC).replace(microsecond=0) - age - course.newest


def write(folder: Path, kind: str, lines: Sequence[Row]) -> None:
    write_csv(folder, kind, [[line.get(column, "") for line in lines] for column in HEADERS[kind]])


def patient_row(course: PublishedCourse, begin: datetime) -> Row:
    return {
        **course.patient,
        "patient_id": course.patient_id,
        "birth_date": "" if course.age_years is None else birth_date(course.age_years, begin - LAST_BIRTHDAY),
        "ward": WARD,
        "bed": f"P{course.number}",
        "admitted_at": begin.isoformat(),
    }


def _end_told(ended: datetime | None, newest_at: datetime) -> str:
    """An end on the last day stands at the newest moment, since 24:00 is our convention; a later one is not told."""
    if ended is None or ended - newest_at >= timedelta(days=1):
        return ""
    return min(ended, newest_at.astimezone(UTC).replace(microsecond=0)).isoformat()


def treatment_rows(course: PublishedCourse, begin: datetime, newest_at: datetime) -> list[Row]:
    found: list[Row] = []
    for number, row in enumerate(course.treatments, start=1):
        started = begin + since_day_1(row)
        ended = begin + since_day_1(row, "end_day", "end_hour") if row["end_day"] else None
        told = _end_told(ended, newest_at)
        found.append({
            **row, "patient_id": course.patient_id, "started_at": started.isoformat(), "ended_at": told,
            "source_id": f"{course.slug}-t{number}",
        })  # fmt: skip
    return found


def finding_rows(course: PublishedCourse, begin: datetime) -> list[Row]:
    return [
        {
            **row, "patient_id": course.patient_id, "observed_at": (begin + since_day_1(row)).isoformat(),
            "source_id": f"{course.slug}-f{number}",
        }
        for number, row in enumerate(course.findings, start=1)
    ]  # fmt: skip


def lab_rows(course: PublishedCourse, begin: datetime) -> list[Row]:
    return [
        {
            **row, "patient_id": course.patient_id, "collected_at": (begin + since_day_1(row)).isoformat(),
            "status": "final", "source_id": f"{course.slug}-l{number}",
        }
        for number, row in enumerate(course.labs, start=1)
    ]  # fmt: skip
