"""What was given and when, in words: every drug and product of a patient, alike doses as one. Imports no streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row
from monitoring.terms import Catalog

MOST: Final = 8  # what stands open; the rest is one click away
NOT_TOLD: Final = "dose not recorded"


@dataclass(frozen=True)
class GivenRow:
    """`times`: each administration, the newest first; `when`: the first and the last of them; `how`: 3 times."""

    label: str
    amount: str
    how: str
    when: str
    product: bool
    times: tuple[str, ...]


def given_rows(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> tuple[GivenRow, ...]:
    """One row a drug or product and amount, what was given last first."""
    alike: dict[tuple[str, str, bool], list[Row]] = {}
    for row in sorted(side.spans, key=lambda row: row["started_at"], reverse=True):
        lasts = bool(row["open"]) or not pd.isna(row["ended_at"])
        alike.setdefault((str(row["given"]), str(row["amount_text"]), lasts), []).append(row)
    return tuple(_row(rows, lasts, catalog, zone) for (_, _, lasts), rows in alike.items())


def _row(rows: list[Row], lasts: bool, catalog: Catalog, zone: tzinfo) -> GivenRow:
    last = rows[0]
    times = tuple(_moment(row, lasts, zone) for row in rows)
    first = f"{wording.stamp(rows[-1]['started_at'], zone)} to " if len(rows) > 1 and not lasts else ""
    return GivenRow(
        label=given_label(last, catalog),
        amount=str(last["amount_text"]) or NOT_TOLD,
        how=f"{len(rows)} times" if len(rows) > 1 else "",
        when=times[0] if lasts or not first else first + wording.stamp(last["started_at"], zone),
        product=last["kind"] == "product",
        times=times if len(rows) > 2 - lasts else (),
    )


def _moment(row: Row, lasts: bool, zone: tzinfo) -> str:
    began = wording.stamp(row["started_at"], zone)
    if not lasts:
        return began
    return f"since {began}, running" if row["open"] else f"{began} to {wording.stamp(row['ended_at'], zone)}"


def given_label(span: Row, catalog: Catalog) -> str:
    """By its whole name, where the catalog knows it."""
    known = catalog.drugs.get(span["given"]) or catalog.products.get(span["given"])
    return known.label if known is not None else str(span["label"])
