"""
On a server texts are compared byte by byte, as SQLite and this program do, and not by the rules of a language.

Revision 0013, after 0012. Keys are compared faster, rows come out of an index in the order in which they are wanted,
and no index depends on an operating system's table of letters, which may be another after the next upgrade of that.
Indexes are built anew; what was written down stays as it is and where it is. Statistics of the columns are gone: who
runs the migrations takes them anew (storage.schema).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = (
    "access", "acknowledgement", "answer_end", "arrival", "code_meaning", "cohort", "delivery", "delivery_reading",
    "delivery_waiting", "dose", "erasure", "finding", "flag_assignment", "flag_change", "flag_comment", "heard",
    "lease", "mark", "message", "observation", "patient", "patient_identifier", "patient_merge", "person", "round",
    "run", "set_aside", "set_aside_end", "snooze", "taken_file",
)  # fmt: skip
FACTS = ("observation", "dose", "finding")
BYTEWISE, OF_THE_DATABASE = 'pg_catalog."C"', 'pg_catalog."default"'
TEXTS = sa.text("""
    SELECT c.relname, string_agg(format('ALTER COLUMN %I TYPE %s COLLATE ' || :collation, a.attname,
      format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:tables) AND c.relkind IN ('r', 'p')
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation NOT IN (0, CAST(:collation AS regcollation))
    GROUP BY c.relname ORDER BY c.relname""")
# an index of twenty million rows is sorted in a few pieces; who gives a server more has it
ROOM = """
    SELECT set_config('maintenance_work_mem', greatest(setting::bigint, 262144) || 'kB', true)
    FROM pg_settings WHERE name = 'maintenance_work_mem'"""
SOURCE = """CREATE INDEX ix_{0}_source ON {0} (patient_id, source_id COLLATE "C", ref) WHERE source_id <> ''"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(ROOM)
        _compare(BYTEWISE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _compare(OF_THE_DATABASE)
        for table in FACTS:  # which had an order of its own before, and would now follow its column
            op.drop_index(f"ix_{table}_source", table)
            op.execute(SOURCE.format(table))


def _compare(collation: str) -> None:
    shared_out = _shared_out_by_patient()
    wanted = [name for name in TABLES if name not in shared_out]
    for table, columns in op.get_bind().execute(TEXTS, {"collation": collation, "tables": wanted}).all():
        op.execute(sa.text(f'ALTER TABLE "{table}" {columns}'))


def _shared_out_by_patient() -> set[str]:
    """Citus lets nobody change the column by which it shares a table out: those stay as they are, all alike."""
    bind = op.get_bind()
    if bind.execute(sa.text("SELECT to_regclass('pg_dist_partition')")).scalar() is None:
        return set()
    return {str(name) for (name,) in bind.execute(sa.text("SELECT logicalrelid::text FROM pg_dist_partition"))}
