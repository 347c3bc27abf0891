"""Whom a number means, and what a source means by a code of its own: the newest word counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from storage.instants import Instant
from storage.tables.shared import CLUSTERED


class CodeMeaning(SQLModel, table=True):
    """
    A person said what a source means by a code or name of its own. The newest counts; without analyte it is taken back.

    `unit`: what to read where the source sends none.
    """

    __tablename__ = "code_meaning"
    __table_args__ = (CLUSTERED,)

    source: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    analyte: str = ""
    unit: str = ""
    by: str


class PatientIdentifier(SQLModel, table=True):
    """
    Which patient a number means where `authority` assigned it; "" is the authority of those who name none.

    The number leads the key: whoever names no authority is looked for by it alone.
    """

    __tablename__ = "patient_identifier"
    __table_args__ = (Index("ix_patient_identifier_patient_id", "patient_id"), CLUSTERED)

    number: str = Field(primary_key=True)
    authority: str = Field(primary_key=True)
    patient_id: str
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    source: str
    run_id: str


class PatientMerge(SQLModel, table=True):
    """Two identifiers turned out to be one person's. The newest word on `patient_id` counts; "" takes it back."""

    __tablename__ = "patient_merge"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    received_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    into: str
    by: str = ""
    reason: str = ""
    source: str
    run_id: str
