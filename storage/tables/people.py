"""Who may do what, what was sent and shown to whom, and what keeps several programs out of each other's way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from storage.instants import Instant
from storage.tables.shared import CLUSTERED


class Person(SQLModel, table=True):
    """Who may do what: `role` is viewer, clinician, researcher or admin. The newest counts; "" takes it away."""

    __tablename__ = "person"
    __table_args__ = (CLUSTERED,)

    subject: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    name: str = ""
    role: str = ""
    by: str


class Message(SQLModel, table=True):
    """One message about one flag change to one channel, and what became of it. No patient detail stands in it."""

    __tablename__ = "message"
    __table_args__ = (CLUSTERED,)

    channel: str = Field(primary_key=True)
    patient_id: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    step: int = Field(primary_key=True)
    due_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    tries: int = 0
    error: str = ""


class Access(SQLModel, table=True):
    """Who saw or exported which patient. `patient_id` "*" stands for a list or a whole export."""

    __tablename__ = "access"
    __table_args__ = (Index("ix_access_patient", "patient_id", "at"), Index("ix_access_who", "who", "at"))

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, nullable=False, index=True))
    who: str
    what: str
    patient_id: str


class Lease(SQLModel, table=True):
    """Who may run the cycle now. The only row here that is overwritten: it is no fact, it is a key on a hook."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_column=Column(Instant, nullable=False))


class Cohort(SQLModel, table=True):
    """A question to the store, kept word for word under a name and a version; neither is ever given another one."""

    __tablename__ = "cohort"
    __table_args__ = (CLUSTERED,)

    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    title: str = ""
    question: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    by: str


class Erasure(SQLModel, table=True):
    """
    A patient's rows were removed for good. `token` is a keyed hash of the identifier: who holds the key and the
    identifier can tell that it was done, and nobody can tell whose it was from this row.
    """

    __tablename__ = "erasure"
    __table_args__ = (CLUSTERED,)

    token: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    by: str
    reason: str = ""
    counts: str = Field(default="{}", sa_column=Column(Text, nullable=False))
