"""Tables of some patients, made ready to be written. Reaches no store, and judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring.exports.early import shown
from monitoring.exports.fields import Table, as_arrow, layout
from monitoring.exports.fields import cast as typed
from monitoring.exports.hiding import hidden, plain
from monitoring.exports.reading import ARROW, LINES
from monitoring.exports.tables import Frames
from monitoring.exports.wanted import FLAG, Wanted
from monitoring.terms import Catalog

FRAMES = ""
MEASURED = {"patients", "labs", "treatments", "findings", "panel"}  # what rests on no flag, verdict or score
UNTOLD = ("origin",)  # of a value: in no table, and another text in each row


@dataclass(frozen=True)
class Order:
    """`only`: these tables beside the patients, none named: all. `form`: LINES of CSV, ARROW tables or FRAMES."""

    catalog: Catalog
    wanted: Wanted
    only: tuple[str, ...] = ()
    form: str = FRAMES


@dataclass(frozen=True)
class Part:
    """Some patients in the order of the export; `leads`: the first of them, see monitoring.exports.leading."""

    patients: list[str]
    leads: bool


def formed(frames: Frames, order: Order, part: Part) -> dict[str, Any]:
    """As nobody is known by them, and as the order says."""
    wanted, laid = order.wanted, layout(order.catalog)
    told = plain(frames, laid) if wanted.key is None else hidden(frames, laid, wanted.key, wanted.as_of)
    return {name: _formed(typed(told.pop(name), laid.tables[name]), laid.tables[name], order, part) for name in [*told]}


def _formed(frame: Any, table: Table, order: Order, part: Part) -> Any:
    """Patients are counted by who writes, and stay as they are."""
    if table.name == "patients":
        return frame
    if order.form == LINES:
        return shown(frame, table, leads=part.leads).whole()
    return as_arrow(frame, table) if order.form == ARROW else frame


def asks_no_judgement(order: Order) -> bool:
    return bool(order.only) and MEASURED.issuperset(order.only) and not order.wanted.align.startswith(FLAG)
