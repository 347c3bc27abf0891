"""
Facts are found by the name that their source gave them, or by their time; no longer by `ref` alone.

Revision 0012, after 0011. Other indexes, nothing else: what was written down stays as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("observation", "dose", "finding")
NAMED = sa.text("source_id <> ''")
# names in the order of their bytes, whatever the server sorts words by
ON_SERVER = """CREATE INDEX ix_{0}_source ON {0} (patient_id, source_id COLLATE "C", ref) WHERE source_id <> ''"""


def upgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_ref", table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(ON_SERVER.format(table))
        else:
            op.create_index(f"ix_{table}_source", table, ["patient_id", "source_id", "ref"], sqlite_where=NAMED)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_source", table)
        op.create_index(f"ix_{table}_ref", table, ["patient_id", "ref"])
