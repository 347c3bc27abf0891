"""
Snoozes, and answers to a flag that were taken back.

Revision 0002, after 0001. The types are written out: a migration must mean the same in years, whatever the tables say
by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.String()
WHOLE = sa.Integer()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    _table(
        "snooze", "patient_id flag seq at",
        _must("patient_id", TEXT), _must("flag", TEXT), _must("seq", WHOLE), _must("at", MOMENT),
        _must("until", MOMENT), _must("by", TEXT), _must("reason", TEXT),
    )  # fmt: skip
    _table(
        "answer_end", "patient_id flag seq answer at",
        _must("patient_id", TEXT), _must("flag", TEXT), _must("seq", WHOLE), _must("answer", TEXT),
        _must("at", MOMENT), _must("by", TEXT), _must("reason", TEXT),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("answer_end", "snooze"):
        op.drop_table(table)


def _must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _table(name: str, key: str, *columns: sa.Column) -> None:
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    op.create_table(name, *columns, primary, sqlite_with_rowid=False)
