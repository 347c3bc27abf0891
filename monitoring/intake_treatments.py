"""treatments: rows of text -> doses, or set aside with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring import lookup, numbers
from monitoring.cells import Cells, cells_of, mixed, origin_column
from monitoring.dose_units import dose_unit
from monitoring.sieve import Circumstances, Fault, Rows, Sieve, number_text, quoted, refs, told_moments, whole_moments

# An administration that was written down and then taken back, or never made. Any other status is the feed's own word.
TAKEN_BACK = {
    "entered-in-error": "entered-in-error",
    "cancelled": "cancelled",
    "not-done": "cancelled",
}
GIVEN = "completed"

NO_NAME = "The row names nothing that was given."
UNKNOWN = "{} is not in the catalog."
NEGATIVE = "The dose is negative."
BACKWARDS = "It ended before it started."


def sift_treatments(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """Doses of the rows that pass, in the order of the rows, and what became of each row."""
    sieve = Sieve(rows)
    names = lookup.given_names(at.catalog)
    drug, dose, unit, route = _named(rows, names), *(rows.cells(name) for name in ("dose", "unit", "route"))
    sieve.refuse_each(drug.each(lambda text: _fault(names, text)))
    started = sieve.moments(rows.cells("started_at"), "started_at", at, needed=True, past=True)
    ended = sieve.moments(
        rows.cells("ended_at"), "ended_at", at, needed=False, past=False
    )  # a running course may have its end planned
    sieve.refuse(np.asarray(ended < started), "implausible", BACKWARDS)
    amounts = [_amount(text, rows.decimal) for text in dose.texts]
    sieve.refuse(dose.mask(lambda text: _amount(text, rows.decimal) < 0), "implausible", NEGATIVE)
    status, source_id = rows.cells("status"), rows.cells("source_id")
    given = drug.hashes(lambda text: names.get(lookup.plain_name(text), ""))
    way, when = route.hashes(lookup.plain_name), whole_moments(started)
    ref = refs(
        source_id,
        named=("treatments", at.source, source_id.hashes(), given),
        placed=("treatments", given, when, way),
    )
    said = mixed(
        given, drug.hashes(lookup.plain_name), dose.hashes(lambda text: _amount_told(text, rows.decimal)),
        unit.hashes(_unit_told), way, when, whole_moments(ended), status.hashes(_status),
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "patient_id": sieve.patient.column(str.strip),
            "started_at": started,
            "ref": ref,
            "given": drug.column(lambda text: names.get(lookup.plain_name(text), "")),
            "name_text": drug.column(),
            "amount": np.array(amounts, dtype="float64")[dose.codes],
            "unit": unit.column(dose_unit),
            "amount_text": dose.column(),
            "unit_text": unit.column(),
            "route": route.column(str.strip),
            "ended_at": ended,
            "told_at": told_moments(rows, at),
            "status": status.column(_status),
            "source_id": source_id.column(str.strip),
            "origin": origin_column(rows.origins),
            "digest": said,
        }
    )
    return frame[sieve.passed], sieve


def _named(rows: Rows, names: dict[str, str]) -> Cells:
    """What the source called it, where an export says so beside the code: a "pulse" is in the name, not in the code."""
    drug, reported = rows.cells("drug"), rows.cells("drug_reported")
    if reported.blank.all():
        return drug
    pairs = zip(drug.each(str), reported.each(str), strict=True)
    meant = [(code, text, names.get(lookup.plain_name(text), "")) for code, text in pairs]
    return cells_of(
        [text if known and known == names.get(lookup.plain_name(code)) else code for code, text, known in meant]
    )


def _fault(names: dict[str, str], text: str) -> Fault | None:
    if not text.strip():
        return "unknown_drug", NO_NAME, ""
    if lookup.plain_name(text) not in names:
        return "unknown_drug", UNKNOWN.format(quoted(text)), text.strip()
    return None


def _amount(text: str, decimal: str) -> float:
    """The number, NaN where the dose is blank or in words: that it was given is still known."""
    value, comparator, _ = numbers.number(text, decimal)
    return float("nan") if comparator else value


def _amount_told(text: str, decimal: str) -> str:
    return number_text(_amount(text, decimal)) or lookup.plain_name(text)


def _unit_told(text: str) -> str:
    return dose_unit(text) or lookup.plain_name(text)


def _status(text: str) -> str:
    return TAKEN_BACK.get(text.strip().casefold(), GIVEN)
