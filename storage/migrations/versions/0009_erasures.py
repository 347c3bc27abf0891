"""
Erasures: that a patient's rows were removed, without saying whose.

Revision 0009, after 0007. The types are written out: a migration must mean the same in years, whatever the tables say
by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.String()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("token", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False, autoincrement=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("by", "reason")),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token", "at", name=op.f("pk_erasure")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("erasure")
