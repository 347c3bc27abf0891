"""The tables of the store, room by room; importing any of them knows all, so that METADATA is whole."""

from storage.tables.arrivals import (
    Arrival,
    Delivery,
    DeliveryReading,
    DeliveryWaiting,
    Heard,
    Mark,
    Run,
    SetAside,
    SetAsideEnd,
    TakenFile,
)
from storage.tables.facts import RAN, SHARED, SIZED, SIZES, Dose, Finding, Observation, Patient
from storage.tables.flags import Acknowledgement, AnswerEnd, FlagAssignment, FlagChange, FlagComment, Round, Snooze
from storage.tables.meanings import CodeMeaning, PatientIdentifier, PatientMerge
from storage.tables.people import Access, Cohort, Erasure, Lease, Message, Person
from storage.tables.shared import METADATA

__all__ = [
    "METADATA",
    "RAN",
    "SHARED",
    "SIZED",
    "SIZES",
    "Access",
    "Acknowledgement",
    "AnswerEnd",
    "Arrival",
    "CodeMeaning",
    "Cohort",
    "Delivery",
    "DeliveryReading",
    "DeliveryWaiting",
    "Dose",
    "Erasure",
    "Finding",
    "FlagAssignment",
    "FlagChange",
    "FlagComment",
    "Heard",
    "Lease",
    "Mark",
    "Message",
    "Observation",
    "Patient",
    "PatientIdentifier",
    "PatientMerge",
    "Person",
    "Round",
    "Run",
    "SetAside",
    "SetAsideEnd",
    "Snooze",
    "TakenFile",
]
