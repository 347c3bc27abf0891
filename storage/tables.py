"""
The stored facts. Added to, never edited: a correction or a withdrawal is another version of the same `ref`.

Every large table's primary key begins with the patient and, where the fact has a time of its own, that time: a
patient's window is one range of the tree, and the same schema can be distributed by patient or split by time.
`ref` is a 64-bit hash of what the source calls the fact; `digest` is one of what it says, so that a second telling
is known to be the same.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Text, text
from sqlmodel import Field, SQLModel

from storage.instants import Instant

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata
CLUSTERED = {"sqlite_with_rowid": False}
CORRECTIONS = text("version > 1")
SIZES = text("analyte IN ('weight', 'height')")
SIZED = text("observation.analyte IN ('weight', 'height')")


class Observation(SQLModel, table=True):
    """
    One value of one analyte, as one source reported it. `value` is in our unit; what was withdrawn may lack it.

    `told_at`: when the source wrote this version down, by its own clock, where it says so; it orders versions.
    """

    __tablename__ = "observation"
    __table_args__ = (
        Index("ix_observation_ref", "patient_id", "ref"),
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


class Dose(SQLModel, table=True):
    """One administration, or one running course, of a drug or product. `given` is the catalog's code."""

    __tablename__ = "dose"
    __table_args__ = (Index("ix_dose_ref", "patient_id", "ref"), CLUSTERED)

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
    __table_args__ = (Index("ix_finding_ref", "patient_id", "ref"), CLUSTERED)

    patient_id: str = Field(primary_key=True)
    observed_at: datetime = Field(sa_column=Column(Instant, primary_key=True, nullable=False))
    ref: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False, autoincrement=False))
    version: int = Field(primary_key=True)
    finding: str
    value: str
    by: str = ""
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    status: str = "final"
    source: str
    source_id: str = ""
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str


class Patient(SQLModel, table=True):
    """What was said of a person, version by version. Version 0 means: only the identifier is known yet."""

    __tablename__ = "patient"
    __table_args__ = (CLUSTERED,)

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
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    source: str
    origin: str = ""
    digest: int = Field(sa_column=Column(BigInteger, nullable=False))
    run_id: str


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
    recorded_at: datetime = Field(sa_column=Column(Instant, nullable=False))
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
