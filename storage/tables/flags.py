"""The history of the flags, and what people answered to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from storage.instants import Instant
from storage.tables.shared import CLUSTERED


class FlagChange(SQLModel, table=True):
    """
    Raised, worsened, cleared, retracted: what was said of a patient, when, and on what evidence.

    `seq` counts a patient's changes of one flag from 0; two judges that reach the same change write one row.
    `evidence` and `confounders` are JSON lists. `recorded_at` is the judgement's as_of.
    """

    __tablename__ = "flag_change"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    change: str
    severity: str
    began_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    changed_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(Instant, nullable=False, index=True))
    rule_version: str
    sentence: str
    reason: str = ""
    evidence: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    confounders: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    run_id: str = ""


class Acknowledgement(SQLModel, table=True):
    """A person took notice of a flag. `seq` is the flag change it answers: a later worsening is not answered by it."""

    __tablename__ = "acknowledgement"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    by: str
    reason: str


class Snooze(SQLModel, table=True):
    """A person asked not to be reminded of a flag before `until`. `seq` is the flag change it answers, as above."""

    __tablename__ = "snooze"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    until: datetime = Field(sa_column=Column(Instant, nullable=False))
    by: str
    reason: str


class AnswerEnd(SQLModel, table=True):
    """A person took an answer to a flag back. `answer` is "acknowledged" or "snoozed"; what was said stays said."""

    __tablename__ = "answer_end"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    answer: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    by: str
    reason: str = ""


class FlagComment(SQLModel, table=True):
    """What a person said about a flag change, beside taking notice of it."""

    __tablename__ = "flag_comment"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    by: str
    text: str


class FlagAssignment(SQLModel, table=True):
    """Who is to look after a flag. The newest counts; to "" it is nobody's."""

    __tablename__ = "flag_assignment"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    to: str
    by: str


class Round(SQLModel, table=True):
    """
    The patient was seen on rounds (`done` 1), with a note or without; a note between rounds has `done` 0.

    One that was taken back stands again with the same `at` of what it takes back in `ends`, and says nothing else.
    """

    __tablename__ = "round"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    by: str
    done: int = 0
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    ends: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
