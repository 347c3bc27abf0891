"""
When everybody was judged, and indexes of few rows: a cycle finds what came late, and what patients weigh, without
reading all of history.

Revision 0003, after 0002. The conditions are written out: a migration must mean the same in years, whatever tables.py
says by then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LATE_SQLITE = sa.text("received_at - collected_at > 86400000000")
LATE_SERVER = sa.text("received_at - collected_at > interval '24 hours'")
SIZES = sa.text("analyte IN ('weight', 'height')")


def upgrade() -> None:
    moment = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
    op.create_table(
        "judgement",
        sa.Column("as_of", moment, nullable=False, autoincrement=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "rules", name="pk_judgement"),
    )
    op.create_index(
        "ix_observation_late", "observation", ["received_at", "collected_at", "patient_id"],
        sqlite_where=LATE_SQLITE, postgresql_where=LATE_SERVER,
    )  # fmt: skip
    op.create_index(
        "ix_observation_size", "observation", ["patient_id", "collected_at"],
        sqlite_where=SIZES, postgresql_where=SIZES,
    )  # fmt: skip


def downgrade() -> None:
    for index in ("ix_observation_late", "ix_observation_size"):
        op.drop_index(index, "observation")
    op.drop_table("judgement")
