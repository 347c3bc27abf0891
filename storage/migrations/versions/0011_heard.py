"""
When each patient was last heard of, so that a cycle need not judge everybody who ever was there.

Revision 0011, after 0010. Filled from what is kept: when it was received, and ends told before they happen.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
TOLD = (
    ("observation", "received_at"),
    ("dose", "received_at"),
    ("dose", "ended_at"),
    ("finding", "received_at"),
    ("patient", "received_at"),
    ("patient", "discharged_at"),
)
EACH = "SELECT patient_id, max({1}) AS last_at FROM {0} WHERE {1} IS NOT NULL GROUP BY patient_id"


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_heard")),
        sqlite_with_rowid=False,
    )
    told = " UNION ALL ".join(EACH.format(*each) for each in TOLD)
    op.execute(
        "INSERT INTO heard (patient_id, last_at) "
        f"SELECT patient_id, max(last_at) FROM ({told}) AS told GROUP BY patient_id"
    )


def downgrade() -> None:
    op.drop_table("heard")
