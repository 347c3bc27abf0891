"""
Weights and heights are found without reading all that was measured between them.

Revision 0005, after 0004. Nothing but an index over few rows: what was written down stays as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SIZES = sa.text("analyte IN ('weight', 'height')")


def upgrade() -> None:
    op.create_index(
        "ix_observation_size", "observation", ["patient_id", "collected_at"], sqlite_where=SIZES, postgresql_where=SIZES
    )


def downgrade() -> None:
    op.drop_index("ix_observation_size", "observation")
