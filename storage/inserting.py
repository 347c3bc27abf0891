"""INSERT with ON CONFLICT, which SQLAlchemy has for each kind of store apart."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection


def insert_into(connection: Connection, model: Any) -> Any:
    """Imports what this store's kind needs alone: the other one's would be felt in every command."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(model)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(model)
