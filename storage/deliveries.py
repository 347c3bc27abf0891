"""
What sources sent, as it came: kept before it is read, so that nothing read wrongly is lost.

A delivery is known by its source and its bytes: sent again it is the same one, whatever it is called by then. It is
read once its reading stands beside it, which is written with the facts in one transaction (`writes.Batch.deliveries`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import accumulate
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import Connection, case, delete, exists, func, select, update

from storage import bulk, frames
from storage.columns import rows_of
from storage.engine import Store
from storage.inserting import insert_into
from storage.reading import among, frame_of, plain
from storage.tables import Delivery, DeliveryReading, DeliveryWaiting

CODEC = "zstd"
AT_ONCE = 500
DELIVERY: Any = Delivery.__table__  # type: ignore[attr-defined]
READING: Any = DeliveryReading.__table__  # type: ignore[attr-defined]
WAITING: Any = DeliveryWaiting.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Sent:
    """`name`: what origins show, a file, a page or a message's control id."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Kept:
    """`content` None: it was let go after its time."""

    id: str
    source: str
    name: str
    received_at: datetime
    content: bytes | None


def delivery_id(source: str, content: bytes) -> str:
    return sha256(source.encode() + b"\0" + content).hexdigest()


def keep(store: Store, source: str, sent: Iterable[Sent], *, at: datetime) -> list[str]:
    """The ids, in the order sent, all of them safely stored: one transaction. What was kept before stays as it is."""
    told = list(sent)
    names = [delivery_id(source, one.content) for one in told]
    rows = [
        {"id": name, "source": source, "name": one.name, "size": len(one.content), "content": _packed(one.content),
         "received_at": at, "place": place}
        for place, (name, one) in enumerate(zip(names, told, strict=True))
    ]  # fmt: skip
    if rows:
        with store.writing() as connection:
            connection.execute(insert_into(connection, Delivery).on_conflict_do_nothing(), rows)
            _await(connection, names)
    return names


def unread(store: Store, source: str, *, limit: int = AT_ONCE, megabytes: float = 32) -> list[Kept]:
    """Those of a source that nobody has read yet, in the order in which they came; at least one, while there is one."""
    with store.reading() as connection:
        order = (WAITING.c.received_at, WAITING.c.place, WAITING.c.id)
        first = select(WAITING.c.id, WAITING.c.size).where(WAITING.c.source == source).order_by(*order).limit(limit)
        sizes = connection.execute(first).all()
        sums = accumulate(size for _, size in sizes)
        wanted = [name for (name, _), total in zip(sizes, sums, strict=True) if total <= megabytes * 2**20]
        those = DELIVERY.c.id.in_(wanted or [name for name, _ in sizes[:1]])
        order = (DELIVERY.c.received_at, DELIVERY.c.place, DELIVERY.c.id)
        return [_kept(row) for row in connection.execute(select(*DELIVERY.c).where(those).order_by(*order))]


def newest_read(store: Store, source: str) -> datetime | None:
    """When the last of what was read of a source had come. What waits and came before it is read again, or late."""
    read = exists().where(READING.c.id == DELIVERY.c.id)
    newest = select(DELIVERY.c.received_at).where(DELIVERY.c.source == source, read)
    with store.reading() as connection:
        return connection.execute(newest.order_by(DELIVERY.c.received_at.desc()).limit(1)).scalar()


def delivery(store: Store, name: str) -> list[Kept]:
    """Those whose id begins so."""
    with store.reading() as connection:
        rows = connection.execute(select(*DELIVERY.c).where(DELIVERY.c.id.startswith(name, autoescape=True)).limit(2))
        return [_kept(row) for row in rows]


def listed(store: Store, *, limit: int = 100) -> pd.DataFrame:
    """The last deliveries, newest first, without their content. Shape DELIVERIES; read_at missing: not read yet."""
    columns = [column for column in DELIVERY.c if column.name != "content"]
    joined = DELIVERY.outerjoin(READING, READING.c.id == DELIVERY.c.id)
    with store.reading() as connection:
        there = case((DELIVERY.c.content.is_not(None), 1), else_=0).label("there")
        wanted = [*(plain(connection, column) for column in columns), plain(connection, READING.c.read_at), there]
        statement = select(*wanted).select_from(joined)
        newest = statement.order_by(DELIVERY.c.received_at.desc(), DELIVERY.c.id).limit(limit)
        return frame_of(connection, newest, frames.DELIVERIES)


def waiting(store: Store) -> dict[str, int]:
    """Source -> how many deliveries nobody has read yet."""
    with store.reading() as connection:
        counted = select(WAITING.c.source, func.count()).group_by(WAITING.c.source)
        return {str(source): int(count) for source, count in connection.execute(counted)}


def read_again(store: Store, names: Collection[str]) -> int:
    """Lets the next reading of their source read these once more; how many that are. Those let go stay as they are."""
    with store.writing() as connection:
        there = select(DELIVERY.c.id).where(
            among(connection, DELIVERY.c.id, list(names)), DELIVERY.c.content.is_not(None)
        )
        again = int(connection.execute(delete(READING).where(READING.c.id.in_(there))).rowcount)
        _await(connection, names)
        return again


def let_go(store: Store, before: datetime) -> int:
    """Forgets the content of what was read and came before then; how many those were. Unread ones are kept."""
    with store.writing() as connection:
        old = (DELIVERY.c.received_at < before) & DELIVERY.c.content.is_not(None)
        read = exists().where(READING.c.id == DELIVERY.c.id)
        return int(connection.execute(update(DELIVERY).where(old, read).values(content=None)).rowcount)


def note_read(connection: Connection, names: Iterable[str], stamp: Mapping[str, Any]) -> None:
    """Inside the transaction that keeps what they hold."""
    told = pd.DataFrame({"id": list(names)}, dtype="str")
    bulk.insert(
        connection, rows_of(told, DeliveryReading, {"read_at": stamp["received_at"], "run_id": stamp["run_id"]})
    )
    connection.execute(delete(WAITING).where(among(connection, WAITING.c.id, list(told["id"]))))


def still_waiting(connection: Connection, names: Collection[str]) -> bool:
    """Whether nobody has read any of them in the meantime."""
    there = select(func.count()).select_from(WAITING).where(among(connection, WAITING.c.id, list(names)))
    return int(connection.execute(there).scalar_one()) == len(set(names))


def _await(connection: Connection, names: Collection[str]) -> None:
    """Those that are there whole and were not read stand among those that wait."""
    unread = DELIVERY.c.content.is_not(None) & ~exists().where(READING.c.id == DELIVERY.c.id)
    columns = [column.name for column in WAITING.c]
    those = select(*(DELIVERY.c[name] for name in columns)).where(among(connection, DELIVERY.c.id, list(names)), unread)
    connection.execute(insert_into(connection, DeliveryWaiting).from_select(columns, those).on_conflict_do_nothing())


def _kept(row: Any) -> Kept:
    content = None if row.content is None else unpacked(row.content, row.size)
    return Kept(row.id, row.source, row.name, row.received_at, content)


def _packed(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec=CODEC, asbytes=True)) if content else b""


def unpacked(content: bytes, size: int) -> bytes:
    """The bytes as they came, `size` of them."""
    return bytes(pa.decompress(bytes(content), decompressed_size=size, codec=CODEC, asbytes=True)) if size else b""
