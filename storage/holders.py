"""Who has facts that a source calls by a certain name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select

from storage.engine import Store
from storage.tables import Dose, Finding, Observation

MODELS: dict[str, Any] = {"observations": Observation, "doses": Dose, "findings": Finding}
TABLES = {name: model.__table__ for name, model in MODELS.items()}
AT_ONCE = 100
PARTED = ("observations", "doses")
PART = "#"  # between the name of a result and that of one of its components


def held(store: Store, name: str, source: str, ids: Collection[str]) -> set[str]:
    """Those of `ids` by which the source calls any such fact, or a part of it."""
    found = _facts(store, name, source, ids, TABLES[name].c.source_id)
    return {one.partition(PART)[0] for one in found} & set(ids)


def holders(store: Store, name: str, source: str, ids: Collection[str]) -> list[str]:
    """Ids of patients with facts of the kind `name` whose `source_id` is one of `ids`, or a part of one."""
    return sorted(_facts(store, name, source, ids, TABLES[name].c.patient_id))


def _facts(store: Store, name: str, source: str, ids: Collection[str], wanted: Any) -> set[str]:
    table, ordered, found = TABLES[name], sorted(ids), set[str]()
    with store.reading() as connection:
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            parts = [table.c.source_id.startswith(one + PART, autoescape=True) for one in some if name in PARTED]
            meant = or_(table.c.source_id.in_(some), *parts)
            found |= set(connection.execute(select(wanted).where(table.c.source == source, meant).distinct()).scalars())
    return found
