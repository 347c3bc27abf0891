"""Who may act alone for a while: one holder a name, until it frees it or its time has run out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from storage.engine import Store
from storage.inserting import insert_into
from storage.tables import Lease


def take_lease(store: Store, name: str, holder: str, *, now: datetime, seconds: float) -> bool:
    """Whether `holder` has the lease until `now` + `seconds`: it was free, had run out, or was the holder's already."""
    with store.writing() as connection:
        wanted = insert_into(connection, Lease).values(name=name, holder=holder, until=now + timedelta(seconds=seconds))
        free = (Lease.holder == holder) | (Lease.until <= now)
        taken = {"holder": wanted.excluded.holder, "until": wanted.excluded.until}
        won = wanted.on_conflict_do_update(index_elements=["name"], set_=taken, where=free)
        return connection.execute(won, execution_options={"preserve_rowcount": True}).rowcount == 1


def release_lease(store: Store, name: str, holder: str) -> None:
    """Frees the lease if `holder` has it."""
    with store.writing() as connection:
        connection.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))  # type: ignore[arg-type]
