"""Which revisions of the store there are, without what brings a store from one to the next. Imports nothing large."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"  # Alembic's own, of one row
_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def head() -> str:
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """Oldest first: they are numbered, and each rests on the one before, which a test holds beside Alembic's own."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))]
    return tuple(found[1] for found in map(_REVISION.search, texts) if found)
