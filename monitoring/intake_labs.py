"""labs: rows of text -> observations in our units, or set aside with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring import numbers
from monitoring.cells import Cells, cells_of, hashed, mixed, origin_column
from monitoring.csv_columns import COLUMNS
from monitoring.lab_meanings import WITHDRAWN, Meanings, Names, meanings, status_of
from monitoring.sieve import Circumstances, Rows, Sieve, number_text, quoted, refs, told_moments, whole_moments
from monitoring.units import normal_unit

SIGNIFICANT_DIGITS = 12

STATUS = "The status {} is none of the FHIR observation statuses."
NEGATIVE = "The value is negative."
NO_VALUE = "The row has no value."


@dataclass(frozen=True)
class Values:
    """Row by row: the number as reported and in our unit. `told`: its hash. `fault`: why it is none."""

    reported: np.ndarray
    value: np.ndarray
    comparator: Cells
    told: np.ndarray
    fault: np.ndarray


@dataclass(frozen=True)
class Read:
    """The columns of a file as they were understood."""

    cells: dict[str, Cells]
    meant: Meanings
    values: Values
    collected: pd.DatetimeIndex
    resulted: pd.DatetimeIndex


def sift_labs(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """Observations of the rows that pass, in the order of the rows, and what became of each row."""
    sieve = Sieve(rows)
    cells = {name: rows.cells(name) for name in COLUMNS["labs"]}
    cells["value"] = _compared(cells["value"], cells["comparator"])
    names = Names.of(at.catalog, at.own)
    meant = meanings([cells[name] for name in ("loinc", "analyte", "unit", "specimen", "status")], names)
    sieve.refuse_each(meant.each("fault"))
    unknown = cells["status"].each(lambda text: STATUS.format(quoted(text)))
    sieve.refuse(cells["status"].mask(lambda text: not status_of(text)), "unknown_status", unknown)
    withdrawn = cells["status"].mask(lambda text: status_of(text) in WITHDRAWN)
    values = _values(cells["value"], rows.decimal, meant, withdrawn)
    _check_values(sieve, values, meant)
    collected = sieve.moments(cells["collected_at"], "collected_at", at, needed=True, past=True)
    resulted = sieve.moments(cells["resulted_at"], "resulted_at", at, needed=False, past=True)
    read = Read(cells, meant, values, collected, resulted)
    ref, digest = _identity(read, at.source)
    frame = _observations(rows, read).assign(ref=ref, digest=digest, told_at=told_moments(rows, at))
    return frame if sieve.passed.all() else frame[sieve.passed], sieve


def _compared(value: Cells, comparator: Cells) -> Cells:
    """Values with the sign of a column beside them, as exports write it: overlooked, >100000 would become 100000."""
    if comparator.mask(lambda text: text.strip() in ("", "=")).all():
        return value
    pairs = zip(comparator.trimmed, value.each(str), strict=True)
    told = [text if sign in ("", "=") or text.strip().startswith(sign) else sign + text for sign, text in pairs]
    return cells_of(told)


def _observations(rows: Rows, read: Read) -> pd.DataFrame:
    cells, meant = read.cells, read.meant
    trimmed = {name: cells[name].column(str.strip) for name in ("patient_id", "loinc", "method", "source_id")}
    return pd.DataFrame(
        {
            **trimmed,
            "collected_at": read.collected,
            "analyte": meant.column("analyte"),
            "value": read.values.value,
            "comparator": read.values.comparator.column(),
            "unit": meant.column("unit"),
            "value_text": cells["value"].column(),
            "unit_text": cells["unit"].column(),
            "specimen": meant.column("specimen"),
            "reference_low": _limit(cells["reference_low"], rows.decimal, meant),
            "reference_high": _limit(cells["reference_high"], rows.decimal, meant),
            "resulted_at": read.resulted,
            "status": cells["status"].column(status_of),
            "origin": origin_column(rows.origins),
        }
    )


def _identity(read: Read, source: str) -> tuple[np.ndarray, np.ndarray]:
    """
    (ref, digest): which fact it is, and what is said of it.

    The analyte is part of the fact also where the source names it: some feeds give one number to a whole panel.
    """
    cells, analyte = read.cells, read.meant.hashes("analyte")
    method, when = cells["method"].hashes(_folded), whole_moments(read.collected)
    named = ("labs", source, cells["source_id"].hashes(), analyte)
    ref = refs(cells["source_id"], named=named, placed=("labs", analyte, method, when))
    unit, status = cells["unit"].hashes(normal_unit), cells["status"].hashes(status_of)
    issued, specimen = whole_moments(read.resulted), read.meant.hashes("specimen")
    return ref, mixed(analyte, read.values.told, unit, status, when, issued, method, specimen)


def converted_number(value: np.ndarray, factor: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """value * factor + offset without the dust of binary fractions: 70 mg/dL is 0.7 g/L, not 0.7000000000000001."""
    result = value * factor + offset
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(result))))
        rounded = np.round(result * scale) / scale
    moved = ((factor != 1) | (offset != 0)) & np.isfinite(rounded)
    return np.where(moved, rounded, result)


def _folded(text: str) -> str:
    return text.strip().casefold()


def _values(cells: Cells, decimal: str, meant: Meanings, withdrawn: np.ndarray) -> Values:
    """A withdrawal keeps no value, whatever it repeats of the one it takes back."""
    read = numbers.numbers(cells.texts, decimal)
    told = [sign + number_text(value) for sign, value in zip(read.comparator, read.value, strict=True)]
    reported = np.where(withdrawn, np.nan, read.value[cells.codes])
    return Values(
        reported=reported,
        value=converted_number(reported, meant.number("factor"), meant.number("offset")),
        comparator=cells_of(np.where(withdrawn, "", read.comparator[cells.codes])),
        told=np.where(withdrawn, 0, hashed(told)[cells.codes]),
        fault=np.where(withdrawn, "", read.fault[cells.codes]),
    )


def _check_values(sieve: Sieve, read: Values, meant: Meanings) -> None:
    """ "< 0.5" is plausible however low: it says what was not seen."""
    sieve.refuse(read.fault == numbers.BLANK, "no_value", NO_VALUE)
    sieve.refuse(read.fault != "", "not_a_number", read.fault)
    sieve.refuse(read.reported < 0, "implausible", NEGATIVE)
    below = (read.value < meant.number("low")) & ~read.comparator.mask(lambda sign: sign.startswith("<"))
    sieve.refuse(below | (read.value > meant.number("high")), "implausible", meant.each("implausible"))


def _limit(cells: Cells, decimal: str, meant: Meanings) -> np.ndarray:
    """The laboratory's own limit in our unit; one that is no number is left out, the result stands without it."""
    limits = numbers.numbers(cells.texts, decimal).value[cells.codes]
    return converted_number(limits, meant.number("factor"), meant.number("offset"))
