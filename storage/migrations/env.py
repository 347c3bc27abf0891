"""How Alembic meets the store: on a connection that schema.py opened, inside its transaction."""

from __future__ import annotations

from alembic import context

from storage.tables import METADATA


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
