"""
Cohorts: a question to the store, kept under a name and a version.

Revision 0007, after 0006. The types are written out: a migration must mean the same in years, whatever the tables say
by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.String()
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cohort",
        *(sa.Column(name, TEXT, nullable=False) for name in ("name", "version", "title", "by")),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_cohort")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("cohort")
