"""
A result has a number for the words that it shares with very many others, by which an export reads them (storage.kinds).

Revision 0016, after 0015. One column, empty for what was told before: such rows are read by their words, as ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("observation", sa.Column("kind", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE observation DROP COLUMN kind")
