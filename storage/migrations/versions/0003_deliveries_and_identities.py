"""
What sources sent as it came, how far they were read, what their codes mean, and whose the numbers of patients are.

Revision 0003, after 0002. The types are written out: a migration must mean the same in years, whatever the tables say
by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.String()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")

VERSIONED = ("observation", "dose")


def upgrade() -> None:
    _table(
        "delivery", "id",
        _must("id", TEXT), _must("source", TEXT), _must("name", TEXT), _must("size", sa.BigInteger()),
        sa.Column("content", sa.LargeBinary(), nullable=True), _must("received_at", MOMENT),
        _must("place", sa.Integer()), clustered=False,
    )  # fmt: skip
    op.create_index("ix_delivery_source_received_at", "delivery", ["source", "received_at"])
    _table(
        "delivery_reading", "id", _must("id", TEXT), _must("read_at", MOMENT), _must("run_id", TEXT), clustered=False
    )
    _table(
        "delivery_waiting", "source received_at place id",
        _must("source", TEXT), _must("received_at", MOMENT), _must("place", sa.Integer()), _must("id", TEXT),
        _must("size", sa.BigInteger()),
    )  # fmt: skip
    op.create_index("ix_delivery_waiting_id", "delivery_waiting", ["id"])
    _table(
        "mark", "source name",
        _must("source", TEXT), _must("name", TEXT), _must("value", TEXT), _must("at", MOMENT),
    )  # fmt: skip
    _table(
        "code_meaning", "source code at",
        _must("source", TEXT), _must("code", TEXT), _must("at", MOMENT), _must("analyte", TEXT), _must("unit", TEXT),
        _must("by", TEXT),
    )  # fmt: skip
    _table(
        "patient_identifier", "number authority",
        _must("number", TEXT), _must("authority", TEXT), _must("patient_id", TEXT), _must("received_at", MOMENT),
        _must("source", TEXT), _must("run_id", TEXT),
    )  # fmt: skip
    op.create_index("ix_patient_identifier_patient_id", "patient_identifier", ["patient_id"])
    _table(
        "patient_merge", "patient_id received_at",
        _must("patient_id", TEXT), _must("received_at", MOMENT), _must("into", TEXT), _must("by", TEXT),
        _must("reason", TEXT), _must("source", TEXT), _must("run_id", TEXT),
    )  # fmt: skip
    for name in VERSIONED:
        op.add_column(name, sa.Column("told_at", MOMENT, nullable=True))
    op.add_column("set_aside", sa.Column("delivery", TEXT, nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("set_aside") as table:
        table.drop_column("delivery")
    for name in VERSIONED:
        op.execute(f'ALTER TABLE "{name}" DROP COLUMN told_at')
    for name in ("patient_merge", "patient_identifier", "code_meaning", "mark"):
        op.drop_table(name)
    for name in ("delivery_waiting", "delivery_reading", "delivery"):
        op.drop_table(name)


def _must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _table(name: str, key: str, *columns: sa.Column, clustered: bool = True) -> None:
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    op.create_table(name, *columns, primary, **({"sqlite_with_rowid": False} if clustered else {}))
