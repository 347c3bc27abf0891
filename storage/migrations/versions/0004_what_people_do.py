"""
Comments on flags and whose they are, rounds, people's roles, and messages sent.

Revision 0004, after 0003. The types are written out: a migration must mean the same in years, whatever the tables say
by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.String()
WHOLE = sa.Integer()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    _table(
        "flag_comment", "patient_id flag seq at",
        *_flag(), _must("at", MOMENT), _must("by", TEXT), _must("text", TEXT),
    )  # fmt: skip
    _table(
        "flag_assignment", "patient_id flag seq at",
        *_flag(), _must("at", MOMENT), _must("to", TEXT), _must("by", TEXT),
    )  # fmt: skip
    _table(
        "round", "patient_id at",
        _must("patient_id", TEXT), _must("at", MOMENT), _must("by", TEXT), _must("done", WHOLE),
        _must("note", sa.Text()), sa.Column("ends", MOMENT, nullable=True),
    )  # fmt: skip
    _table(
        "person", "subject at",
        _must("subject", TEXT), _must("at", MOMENT), _must("name", TEXT), _must("role", TEXT), _must("by", TEXT),
    )  # fmt: skip
    _table(
        "message", "channel patient_id flag seq step",
        _must("channel", TEXT), *_flag(), _must("step", WHOLE), _must("due_at", MOMENT),
        sa.Column("sent_at", MOMENT, nullable=True), _must("tries", WHOLE), _must("error", TEXT),
    )  # fmt: skip


def downgrade() -> None:
    for name in ("message", "person", "round", "flag_assignment", "flag_comment"):
        op.drop_table(name)


def _must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _flag() -> tuple[sa.Column, ...]:
    return _must("patient_id", TEXT), _must("flag", TEXT), _must("seq", WHOLE)


def _table(name: str, key: str, *columns: sa.Column) -> None:
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    op.create_table(name, *columns, primary, sqlite_with_rowid=False)
