"""
Corrected doses and findings, and doses that ran on, are found without looking through all that was ever told.

Revision 0010, after 0009. Nothing but three indexes over few rows: what was written down stays as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CORRECTIONS = sa.text("version > 1")
COURSES = sa.text("ended_at IS NOT NULL OR unit LIKE '%/day'")
TABLES = ("dose", "finding")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(
            f"ix_{table}_corrected", table, ["patient_id", "ref"],
            sqlite_where=CORRECTIONS, postgresql_where=CORRECTIONS,
        )  # fmt: skip
    op.create_index(
        "ix_dose_course", "dose", ["patient_id", "started_at"], sqlite_where=COURSES, postgresql_where=COURSES
    )


def downgrade() -> None:
    op.drop_index("ix_dose_course", "dose")
    for table in TABLES:
        op.drop_index(f"ix_{table}_corrected", table)
