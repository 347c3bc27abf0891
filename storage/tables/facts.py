"""The stored facts of a patient: added to, never edited; a correction or withdrawal is another version of its `ref`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from storage.instants import Instant
from storage.tables.shared import CLUSTERED, NUMBER_OF

CORRECTIONS = text("version > 1")
NAMED = text("source_id <> ''")
SIZES = text("analyte IN ('weight', 'height')")
COURSES = text("ended_at IS NOT NULL OR unit LIKE '%/day'")
RAN = text("(dose.ended_at IS NOT NULL OR dose.unit LIKE '%/day')")
SIZED = text("observation.analyte IN ('weight', 'height')")
TOLD_BY_NAME = text("source_id IS NOT NULL")
# what a result is called and how it was measured: the same in very many others
SHARED = (
    "analyte", "comparator", "unit", "unit_text", "loinc", "method", "specimen", "status", "source", "version",
)  # fmt: skip


def named(table: str) -> Index:
    """
    By the name that the source gave. What it gave none is known by its time, which the key begins with.

    An index in the order of `ref` alone would be as good as random: a day's results of a patient who has been known for
    long would touch all of its pages (storage.known).
    """
    return Index(
        f"ix_{table}_source", "patient_id", "source_id", "ref", sqlite_where=NAMED, postgresql_where=NAMED
    )  # fmt: skip


class Observation(SQLModel, table=True):
    """
    One value of one analyte, as one source reported it. `value` is in our unit; what was withdrawn may lack it.

    `told_at`: when the source wrote this version down, by its own clock, where it says so; it orders versions. `kind`:
    a number for the words SHARED, nothing in rows of before there was one (storage.kinds).
    """

    __tablename__ = "observation"
    __table_args__ = (
        named("observation"),
        # few rows: lets a read from some day on see that a value's time was corrected to before that day
        Index("ix_observation_corrected", "patient_id", "ref", sqlite_where=CORRECTIONS, postgresql_where=CORRECTIONS),
        # few rows: what doses are counted by is looked for further back than anything else that was measured
        Index("ix_observation_size", "patient_id", "collected_at", sqlite_where=SIZES, postgresql_where=SIZES),
        CLUSTERED,
    )

    patient_id: str = Field(primary_key=True)
    collected_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    ref: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False, autoincrement=False))
    version: int = Field(primary_key=True)
    analyte: str
    value: float | None = None
    comparator: str = ""
    unit: str = ""
    value_text: str = ""
    unit_text: str = ""
    loinc: str = ""
    method: str = ""
    specimen: str = ""
    reference_low: float | None = None
    reference_high: float | None = None
    resulted_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    status: str = "final"
    source: str
    source_id: str = ""
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str
    kind: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, info={NUMBER_OF: SHARED}))


class Dose(SQLModel, table=True):
    """One administration, or one running course, of a drug or product. `given` is the catalog's code."""

    __tablename__ = "dose"
    __table_args__ = (
        named("dose"),
        # few rows: what may have ended, or still run, long after it began
        Index("ix_dose_course", "patient_id", "started_at", sqlite_where=COURSES, postgresql_where=COURSES),
        Index("ix_dose_corrected", "patient_id", "ref", sqlite_where=CORRECTIONS, postgresql_where=CORRECTIONS),
        CLUSTERED,
    )

    patient_id: str = Field(primary_key=True)
    started_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    ref: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False, autoincrement=False))
    version: int = Field(primary_key=True)
    given: str
    name_text: str = ""
    amount: float | None = None
    unit: str = ""
    amount_text: str = ""
    unit_text: str = ""
    route: str = ""
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    status: str = "completed"
    source: str
    source_id: str = ""
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str


class Finding(SQLModel, table=True):
    """What an examiner saw. `value` is "yes", "no" or a number as text."""

    __tablename__ = "finding"
    __table_args__ = (
        named("finding"),
        Index("ix_finding_corrected", "patient_id", "ref", sqlite_where=CORRECTIONS, postgresql_where=CORRECTIONS),
        CLUSTERED,
    )

    patient_id: str = Field(primary_key=True)
    observed_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    ref: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False, autoincrement=False))
    version: int = Field(primary_key=True)
    finding: str
    value: str
    by: str = ""
    told_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    status: str = "final"
    source: str
    source_id: str = ""
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str


class Patient(SQLModel, table=True):
    """
    What was said of a person, version by version. Version 0 means: only the identifier is known yet.

    `source_id`: the source's own name of what says it, where it has one that may take its word back. The newest version
    under such a name is all that is still said by it; where it has no context, the one told before is withdrawn.
    `told_at`: when the source wrote this down, by its own clock, where it says so.
    """

    __tablename__ = "patient"
    __table_args__ = (
        # few rows: a source that takes its word back does not always say of whom it was
        Index("ix_patient_source", "source_id", sqlite_where=TOLD_BY_NAME, postgresql_where=TOLD_BY_NAME),
        CLUSTERED,
    )

    patient_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    birth_date: str | None = None
    sex: str | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    context: str | None = None
    ward: str | None = None
    bed: str | None = None
    admitted_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    discharged_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    source: str
    source_id: str | None = None
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str
