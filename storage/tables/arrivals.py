"""What arrived, when and from where: runs, files, deliveries as they came, and what could not be used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from storage.instants import Instant
from storage.tables.shared import CLUSTERED


class Run(SQLModel, table=True):
    """One source in one cycle, or one `ingest`. `outcome` is "ok" or "failed", `error` the reason in words."""

    __tablename__ = "run"

    run_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    kind: str
    started_at: datetime = Field(sa_column=Column(Instant, nullable=False, index=True))
    finished_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    read: int = 0
    new: int = 0
    unchanged: int = 0
    corrected: int = 0
    set_aside: int = 0
    assessed: int = 0
    outcome: str = "ok"
    error: str = ""


class Arrival(SQLModel, table=True):
    """A moment at which something was added, from where, and how many rows: how old the store's news is."""

    __tablename__ = "arrival"

    received_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    source: str = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    added: int


class Heard(SQLModel, table=True):
    """
    When anything new of a patient was last received, or will happen by what was told: a dose that ends, a discharge.

    Overwritten, since it is no fact: whom a judgement may pass over is known by it without reading what was told.
    """

    __tablename__ = "heard"
    __table_args__ = (CLUSTERED,)

    patient_id: str = Field(primary_key=True)
    last_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class TakenFile(SQLModel, table=True):
    """A file that was taken in, by its content: the same delivery a second time corrects nothing."""

    __tablename__ = "taken_file"

    source: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    name: str
    taken_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    run_id: str


class Delivery(SQLModel, table=True):
    """
    What a source sent, byte for byte, committed before anybody reads it; the same bytes again are the same delivery.

    `content` is compressed, and None once it was let go after its time; that it came stays known. `place` orders what
    was kept at one moment.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_source_received_at", "source", "received_at"),)

    id: str = Field(primary_key=True)
    source: str
    name: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    place: int = 0


class DeliveryWaiting(SQLModel, table=True):
    """A delivery that nobody has read yet: looked through every second, so only those that wait stand here."""

    __tablename__ = "delivery_waiting"
    __table_args__ = (CLUSTERED,)

    source: str = Field(primary_key=True)
    received_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    place: int = Field(primary_key=True)
    id: str = Field(primary_key=True, index=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))


class DeliveryReading(SQLModel, table=True):
    """A delivery was read, and what it holds is kept: written with its facts, in one transaction."""

    __tablename__ = "delivery_reading"

    id: str = Field(primary_key=True)
    read_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    run_id: str


class Mark(SQLModel, table=True):
    """How far a source was read, or when it was last heard of: what `name` says. Overwritten, since it is no fact."""

    __tablename__ = "mark"
    __table_args__ = (CLUSTERED,)

    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class SetAside(SQLModel, table=True):
    """
    Received and not usable: kept whole. `raw` is the text as it came, `fields` the same as JSON where it had any.

    `delivery`: the one it came in, where that was kept.
    """

    __tablename__ = "set_aside"

    id: str = Field(primary_key=True)
    source: str = Field(index=True)
    kind: str
    origin: str
    patient_id: str = ""
    code: str = ""
    reason: str = Field(index=True)
    sentence: str
    raw: str = Field(sa_column=Column(Text, nullable=False))
    fields: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    run_id: str
    delivery: str = ""


class SetAsideEnd(SQLModel, table=True):
    """A set-aside item that could be read after all, and when."""

    __tablename__ = "set_aside_end"

    id: str = Field(primary_key=True)
    ended_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    run_id: str
