"""
The access log can be asked about one patient, or one person, without reading all of it.

Revision 0006, after 0005. Nothing but indexes: what was written down stays as it is.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = {"ix_access_patient": ["patient_id", "at"], "ix_access_who": ["who", "at"]}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "access", columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "access")
