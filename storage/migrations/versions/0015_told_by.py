"""
What was said of a patient has the name of what said it and the moment when that was written down, where its source
gives them: a diagnosis that made the context can take its word back.

Revision 0015, after 0014. Two columns, empty for what was told before: by what that was told nobody knows any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
# as all texts since 0013
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TOLD_BY_NAME = sa.text("source_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("patient", sa.Column("source_id", NAME, nullable=True))
    op.add_column("patient", sa.Column("told_at", MOMENT, nullable=True))
    op.create_index(
        "ix_patient_source", "patient", ["source_id"], sqlite_where=TOLD_BY_NAME, postgresql_where=TOLD_BY_NAME
    )


def downgrade() -> None:
    op.drop_index("ix_patient_source", "patient")
    op.execute("ALTER TABLE patient DROP COLUMN told_at")
    op.execute("ALTER TABLE patient DROP COLUMN source_id")
