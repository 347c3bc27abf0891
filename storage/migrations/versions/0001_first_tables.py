"""
First tables.

Revision 0001. The types are written out: a migration must mean the same in years, whatever the tables say by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.String()
LONG_TEXT = sa.Text()
WHOLE = sa.Integer()
WIDE = sa.BigInteger()
NUMBER = sa.Float()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
CORRECTIONS = sa.text("version > 1")


def upgrade() -> None:
    _facts()
    _patients()
    _intake()
    _judgements()
    _people()


def downgrade() -> None:
    for table in (
        "lease", "access", "acknowledgement", "flag_change", "set_aside_end", "set_aside", "taken_file", "arrival",
        "run", "patient", "finding", "dose", "observation",
    ):  # fmt: skip
        op.drop_table(table)


def _facts() -> None:
    _table(
        "observation", "patient_id collected_at ref version",
        _must("patient_id", TEXT), _must("collected_at", MOMENT), _must("ref", WIDE), _must("version", WHOLE),
        _must("analyte", TEXT), _may("value", NUMBER), _must("comparator", TEXT), _must("unit", TEXT),
        _must("value_text", TEXT), _must("unit_text", TEXT), _must("loinc", TEXT), _must("method", TEXT),
        _must("specimen", TEXT), _may("reference_low", NUMBER), _may("reference_high", NUMBER),
        _may("resulted_at", MOMENT), *_told(), clustered=True,
    )  # fmt: skip
    op.create_index(
        "ix_observation_corrected", "observation", ["patient_id", "ref"],
        sqlite_where=CORRECTIONS, postgresql_where=CORRECTIONS,
    )  # fmt: skip
    _table(
        "dose", "patient_id started_at ref version",
        _must("patient_id", TEXT), _must("started_at", MOMENT), _must("ref", WIDE), _must("version", WHOLE),
        _must("given", TEXT), _must("name_text", TEXT), _may("amount", NUMBER), _must("unit", TEXT),
        _must("amount_text", TEXT), _must("unit_text", TEXT), _must("route", TEXT), _may("ended_at", MOMENT),
        *_told(), clustered=True,
    )  # fmt: skip
    _table(
        "finding", "patient_id observed_at ref version",
        _must("patient_id", TEXT), _must("observed_at", MOMENT), _must("ref", WIDE), _must("version", WHOLE),
        _must("finding", TEXT), _must("value", TEXT), _must("by", TEXT), *_told(), clustered=True,
    )  # fmt: skip
    for table in ("observation", "dose", "finding"):
        op.create_index(f"ix_{table}_ref", table, ["patient_id", "ref"])


def _patients() -> None:
    _table(
        "patient", "patient_id version",
        _must("patient_id", TEXT), _must("version", WHOLE), _may("birth_date", TEXT), _may("sex", TEXT),
        _may("weight_kg", NUMBER), _may("height_cm", NUMBER), _may("context", TEXT), _may("ward", TEXT),
        _may("bed", TEXT), _may("admitted_at", MOMENT), _may("discharged_at", MOMENT), _must("received_at", MOMENT),
        _must("source", TEXT), _must("origin", TEXT), _must("digest", WIDE), _must("run_id", TEXT), clustered=True,
    )  # fmt: skip


def _intake() -> None:
    counts = [_must(name, WHOLE) for name in ("read", "new", "unchanged", "corrected", "set_aside", "assessed")]
    _table(
        "run", "run_id source",
        _must("run_id", TEXT), _must("source", TEXT), _must("kind", TEXT), _must("started_at", MOMENT),
        _may("finished_at", MOMENT), *counts, _must("outcome", TEXT), _must("error", TEXT),
    )  # fmt: skip
    op.create_index("ix_run_started_at", "run", ["started_at"])
    _table(
        "arrival", "received_at source run_id",
        _must("received_at", MOMENT), _must("source", TEXT), _must("run_id", TEXT), _must("added", WHOLE),
    )  # fmt: skip
    _table(
        "taken_file", "source digest",
        _must("source", TEXT), _must("digest", TEXT), _must("name", TEXT), _must("taken_at", MOMENT),
        _must("run_id", TEXT),
    )  # fmt: skip
    _table(
        "set_aside", "id",
        _must("id", TEXT), _must("source", TEXT), _must("kind", TEXT), _must("origin", TEXT), _must("patient_id", TEXT),
        _must("code", TEXT), _must("reason", TEXT), _must("sentence", TEXT), _must("raw", LONG_TEXT),
        _must("fields", LONG_TEXT), _must("received_at", MOMENT), _must("run_id", TEXT),
    )  # fmt: skip
    op.create_index("ix_set_aside_source", "set_aside", ["source"])
    op.create_index("ix_set_aside_reason", "set_aside", ["reason"])
    _table("set_aside_end", "id", _must("id", TEXT), _must("ended_at", MOMENT), _must("run_id", TEXT))


def _judgements() -> None:
    _table(
        "flag_change", "patient_id flag seq",
        _must("patient_id", TEXT), _must("flag", TEXT), _must("seq", WHOLE), _must("change", TEXT),
        _must("severity", TEXT), _must("began_at", MOMENT), _must("changed_at", MOMENT), _must("recorded_at", MOMENT),
        _must("rule_version", TEXT), _must("sentence", TEXT), _must("reason", TEXT), _must("evidence", LONG_TEXT),
        _must("confounders", LONG_TEXT), _must("run_id", TEXT), clustered=True,
    )  # fmt: skip


def _people() -> None:
    _table(
        "acknowledgement", "patient_id flag seq at",
        _must("patient_id", TEXT), _must("flag", TEXT), _must("seq", WHOLE), _must("at", MOMENT), _must("by", TEXT),
        _must("reason", TEXT), clustered=True,
    )  # fmt: skip
    _table(
        "access", "id",
        _must("id", TEXT), _must("at", MOMENT), _must("who", TEXT), _must("what", TEXT), _must("patient_id", TEXT),
    )  # fmt: skip
    op.create_index("ix_access_at", "access", ["at"])
    _table("lease", "name", _must("name", TEXT), _must("holder", TEXT), _must("until", MOMENT))


def _told() -> list[sa.Column]:
    """What every fact says of its telling."""
    texts = [_must(name, TEXT) for name in ("status", "source", "source_id", "origin")]
    return [_must("received_at", MOMENT), *texts, _must("digest", WIDE), _must("run_id", TEXT)]


def _must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _may(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def _table(name: str, key: str, *columns: sa.Column, clustered: bool = False) -> None:
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    op.create_table(name, *columns, primary, sqlite_with_rowid=not clustered)
