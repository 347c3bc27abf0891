"""The CSV contract's columns, and what kind of file a header line makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

Slots = tuple[tuple[str, ...], ...]

# In the order in which a folder is taken in: who they are before what was found in them.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": (
        "patient_id", "birth_date", "sex", "weight_kg", "height_cm", "context", "ward", "bed", "admitted_at",
        "discharged_at",
    ),
    "treatments": ("patient_id", "drug", "dose", "unit", "route", "started_at", "ended_at", "source_id", "status"),
    "findings": ("patient_id", "finding", "value", "observed_at", "source_id", "status"),
    "labs": (
        "patient_id", "analyte", "loinc", "value", "unit", "collected_at", "resulted_at", "status", "source_id",
        "method", "specimen", "reference_low", "reference_high", "comparator",
    ),
}  # fmt: skip
KINDS = tuple(COLUMNS)
# Beside any of them: who assigned the number in patient_id. The same number of another is another patient.
AUTHORITY = "assigning_authority"

# Each slot is filled by any one of its columns.
REQUIRED: Mapping[str, Slots] = {
    "patients": (("patient_id",),),
    "treatments": (("patient_id",), ("drug",), ("started_at",)),
    "findings": (("patient_id",), ("finding",), ("value",), ("observed_at",)),
    "labs": (("patient_id",), ("analyte", "loinc"), ("value",), ("unit",), ("collected_at",)),
}
# What tells the kind. A unit or a patient stands in several kinds and tells nothing.
TELLING: Mapping[str, Slots] = {
    "labs": (("value",), ("collected_at",), ("analyte", "loinc")),
    "treatments": (("drug",), ("started_at",)),
    "findings": (("finding",), ("value",), ("observed_at",)),
}
ALIASES: Mapping[str, Mapping[str, str]] = {"labs": {"observed_at": "collected_at"}}

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "patients": ("weight_kg", "height_cm"),
    "treatments": ("dose",),
    "findings": ("value",),
    "labs": ("value", "reference_low", "reference_high"),
}
# Columns in which a value that was cut short still looks like one.
CUT_SHORT: Mapping[str, tuple[str, ...]] = {
    kind: (
        *NUMBERS[kind],
        *(name for name in names if name.endswith("_at") or name in ("birth_date", "patient_id", "source_id")),
    )
    for kind, names in COLUMNS.items()
}

KNOWN = frozenset(name for names in COLUMNS.values() for name in names)


def kind_of(header: Sequence[str]) -> str:
    """The kind of file with this (trimmed, casefolded) header, complete or not; "" when it is none of ours."""
    shares = {kind: _share(slots, named(header, kind)) for kind, slots in TELLING.items()}
    best = max(shares, key=lambda kind: shares[kind])
    if shares[best] > 0:
        return best
    others = [name for name in header if name and name != "patient_id"]
    known = not others or any(name in COLUMNS["patients"] for name in others)
    return "patients" if "patient_id" in header and known else ""


def named(header: Sequence[str], kind: str) -> list[str]:
    """The header with aliases replaced, where the column they stand for is not there itself."""
    aliases = {alias: name for alias, name in ALIASES.get(kind, {}).items() if name not in header}
    return [aliases.get(name, name) for name in header]


def missing(columns: Collection[str], kind: str) -> list[str]:
    """Required columns that are not there, each as it may be named."""
    return [" or ".join(slot) for slot in REQUIRED.get(kind, ()) if not any(name in columns for name in slot)]


def twice(header: Sequence[str], kind: str) -> list[str]:
    """Columns of the contract that stand there more than once, so that nobody can say which one counts."""
    return [name for name in COLUMNS[kind] if list(header).count(name) > 1]


def _share(slots: Slots, header: Sequence[str]) -> float:
    return sum(any(name in header for name in slot) for slot in slots) / len(slots)
