"""
A finding has the moment when its source wrote it down, as results and doses have: an older version that arrives late
no longer stands before a newer one. Changes of flags have an index by which every page sees whether there is a new one.

Revision 0014, after 0013. One column, empty for what was told before: by when that was written nobody knows any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.add_column("finding", sa.Column("told_at", MOMENT, nullable=True))
    op.create_index("ix_flag_change_recorded_at", "flag_change", ["recorded_at"])


def downgrade() -> None:
    op.drop_index("ix_flag_change_recorded_at", "flag_change")
    op.execute("ALTER TABLE finding DROP COLUMN told_at")
