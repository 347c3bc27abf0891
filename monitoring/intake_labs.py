"""labs: rows of text -> observations in our units, or set aside with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring import lookup, numbers
from monitoring.sieve import (
    Cells,
    Circumstances,
    Fault,
    Rows,
    Sieve,
    cells_of,
    hashed,
    mixed,
    number_text,
    quoted,
    refs,
    whole_moments,
)
from monitoring.terms import Analyte, Catalog
from monitoring.units import normal_unit

STATUSES = frozenset(
    (
        "registered",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "appended",
        "unknown",
        "cancelled",
        "entered-in-error",
    )
)
WITHDRAWN = frozenset(("cancelled", "entered-in-error"))
UNITS_NAMED = 12
SIGNIFICANT_DIGITS = 12

STATUS = "The status {} is none of the FHIR observation statuses."
NO_NAME = "The row names neither an analyte nor a LOINC code."
UNKNOWN_NAME = "The analyte {} is not in the catalog."
UNKNOWN_LOINC = "The LOINC code {} is not in the catalog, and a name alone does not say what it measures."
CONFLICT = "The LOINC code {} is {} in the catalog, which the name {} is not."
UNIT = "The unit {} is not one that {} is known in ({})."
SPECIMEN = "The specimen {} is not what {} is measured in here ({})."
UNKNOWN_SPECIMEN = "The specimen {} is not in the catalog."
IMPLAUSIBLE = "The value is outside what can exist for {} ({:g} to {:g} {})."
NEGATIVE = "The value is negative."
NO_VALUE = "The row has no value."


@dataclass(frozen=True)
class Meaning:
    """What one combination of LOINC, name, unit, specimen and status says; `fault` where it says nothing usable."""

    fault: Fault | None
    analyte: str = ""
    unit: str = ""
    specimen: str = ""
    factor: float = 1
    offset: float = 0
    low: float = -np.inf
    high: float = np.inf
    implausible: str = ""


@dataclass(frozen=True)
class Meanings:
    """Every combination once, and which of them each row has."""

    distinct: list[Meaning]
    codes: np.ndarray

    def each(self, field: str) -> np.ndarray:
        return self._cells(field).texts[self.codes]

    def number(self, field: str) -> np.ndarray:
        return np.array([getattr(meaning, field) for meaning in self.distinct], dtype="float64")[self.codes]

    def column(self, field: str) -> pd.api.extensions.ExtensionArray:
        return self._cells(field).column()

    def hashes(self, field: str) -> np.ndarray:
        return self._cells(field).hashes()

    def _cells(self, field: str) -> Cells:
        texts = np.empty(len(self.distinct), dtype=object)
        texts[:] = [getattr(meaning, field) for meaning in self.distinct]
        return Cells(texts, self.codes)


@dataclass(frozen=True)
class Names:
    """The catalog's names, gathered once for a file."""

    catalog: Catalog
    names: dict[str, tuple[str, ...]]
    loincs: dict[str, str]

    @classmethod
    def of(cls, catalog: Catalog) -> Names:
        return cls(catalog, lookup.analyte_names(catalog), lookup.loinc_codes(catalog))

    def meaning(self, loinc: str, name: str, unit: str, specimen: str, status: str) -> Meaning:
        candidates, fault = self.candidates(loinc.strip(), name.strip())
        if fault:
            return Meaning(fault)
        withdrawn = _status(status) in WITHDRAWN
        found = lookup.identify(self.catalog, candidates, unit)
        if found is None and not (withdrawn and len(candidates) == 1):
            return Meaning(_unit_fault([self.catalog.analytes[code] for code in candidates], unit))
        code, (factor, offset) = found or (candidates[0], (1.0, 0.0))
        analyte = self.catalog.analytes[code]
        drawn, fault = self.specimen(specimen, analyte)
        low, high = analyte.plausible
        return Meaning(
            fault=None if withdrawn else fault,
            analyte=code,
            unit=analyte.unit,
            specimen=drawn,
            factor=factor,
            offset=offset,
            low=low,
            high=high,
            implausible=IMPLAUSIBLE.format(analyte.label, low, high, analyte.unit),
        )

    def candidates(self, loinc: str, name: str) -> tuple[tuple[str, ...], Fault | None]:
        """Analytes that may be meant. A LOINC code says more than a name: one we do not know is not overruled."""
        named = self.names.get(lookup.plain_name(name), ()) or tuple(filter(None, [self.loincs.get(name)]))
        coded = self.loincs.get(loinc)
        if not loinc and not name:
            return (), ("unknown_analyte", NO_NAME, "")
        if not loinc:
            return named, None if named else ("unknown_analyte", UNKNOWN_NAME.format(quoted(name)), name)
        if coded is None:
            return (), ("unknown_analyte", UNKNOWN_LOINC.format(quoted(loinc)), loinc)
        if named and coded not in named:
            label = self.catalog.analytes[coded].label
            return (), ("conflicting_codes", CONFLICT.format(quoted(loinc), label, quoted(name)), loinc)
        return (coded,), None

    def specimen(self, text: str, analyte: Analyte) -> tuple[str, Fault | None]:
        if not text.strip():
            return "", None
        found = lookup.specimen(self.catalog, text)
        if found is None:
            return "", ("wrong_specimen", UNKNOWN_SPECIMEN.format(quoted(text)), text.strip())
        if found not in analyte.specimens:
            sentence = SPECIMEN.format(quoted(text), analyte.label, ", ".join(analyte.specimens))
            return found, ("wrong_specimen", sentence, f"{analyte.code} {found}")
        return found, None


@dataclass(frozen=True)
class Values:
    """Row by row: the number as reported and in our unit. `told`: its hash. `fault`: why it is none."""

    reported: np.ndarray
    value: np.ndarray
    comparator: Cells
    told: np.ndarray
    fault: np.ndarray


def sift_labs(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """Observations of the rows that pass, in the order of the rows, and what became of each row."""
    sieve = Sieve(rows)
    cells = {name: rows.cells(name) for name in ("loinc", "analyte", "unit", "specimen", "status", "value")}
    meant = _meanings(cells, Names.of(at.catalog))
    sieve.refuse_each(meant.each("fault"))
    unknown = cells["status"].each(lambda text: STATUS.format(quoted(text)))
    sieve.refuse(cells["status"].mask(lambda text: not _status(text)), "unknown_status", unknown)
    withdrawn = cells["status"].mask(lambda text: _status(text) in WITHDRAWN)
    values = _values(cells["value"], rows.decimal, meant, withdrawn)
    _check_values(sieve, values, meant)
    collected = sieve.moments(rows, "collected_at", at, needed=True, past=True)
    resulted = sieve.moments(rows, "resulted_at", at, needed=False, past=True)
    method, source_id = rows.cells("method"), rows.cells("source_id")
    analyte, way, when = meant.hashes("analyte"), method.hashes(_folded), whole_moments(collected)
    ref = refs(source_id, named=("labs", at.source, source_id.hashes(), analyte), placed=("labs", analyte, way, when))
    said = mixed(
        analyte, values.told, cells["unit"].hashes(normal_unit), cells["status"].hashes(_status), when,
        whole_moments(resulted), way, meant.hashes("specimen"),
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "patient_id": sieve.patient.column(str.strip),
            "collected_at": collected,
            "ref": ref,
            "analyte": meant.column("analyte"),
            "value": values.value,
            "comparator": values.comparator.column(),
            "unit": meant.column("unit"),
            "value_text": cells["value"].column(),
            "unit_text": cells["unit"].column(),
            "loinc": cells["loinc"].column(str.strip),
            "method": method.column(str.strip),
            "specimen": meant.column("specimen"),
            "reference_low": _reference(rows, "reference_low", meant),
            "reference_high": _reference(rows, "reference_high", meant),
            "resulted_at": resulted,
            "status": cells["status"].column(_status),
            "source_id": source_id.column(str.strip),
            "origin": pd.array(rows.origins, dtype="str"),
            "digest": said,
        }
    )
    return frame[sieve.passed], sieve


def converted_number(value: np.ndarray, factor: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """value * factor + offset without the dust of binary fractions: 70 mg/dL is 0.7 g/L, not 0.7000000000000001."""
    result = value * factor + offset
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(result))))
        rounded = np.round(result * scale) / scale
    moved = ((factor != 1) | (offset != 0)) & np.isfinite(rounded)
    return np.where(moved, rounded, result)


def _status(text: str) -> str:
    """The status, "final" where none is told, "" where it is none."""
    told = text.strip().casefold()
    return told if told in STATUSES else "" if told else "final"


def _folded(text: str) -> str:
    return text.strip().casefold()


def _meanings(cells: dict[str, Cells], names: Names) -> Meanings:
    """Every combination once: files hold few, however long they are."""
    asked = [cells[name] for name in ("loinc", "analyte", "unit", "specimen", "status")]
    key = np.zeros(len(asked[0].codes), dtype="int64")
    for column in asked:
        key = pd.factorize(key * len(column.texts) + column.codes)[0]
    first = np.unique(key, return_index=True)[1]
    return Meanings([names.meaning(*(column.texts[column.codes[place]] for column in asked)) for place in first], key)


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


def _reference(rows: Rows, name: str, meant: Meanings) -> np.ndarray:
    """The laboratory's own limit in our unit; one that is no number is left out, the result stands without it."""
    cells = rows.cells(name)
    limits = numbers.numbers(cells.texts, rows.decimal).value[cells.codes]
    return converted_number(limits, meant.number("factor"), meant.number("offset"))


def _unit_fault(analytes: list[Analyte], unit: str) -> Fault:
    known = list(dict.fromkeys(text for analyte in analytes for text in (analyte.unit, *analyte.units) if text))
    more = f" and {len(known) - UNITS_NAMED} more" if len(known) > UNITS_NAMED else ""
    label = " or ".join(dict.fromkeys(analyte.label for analyte in analytes))
    told = quoted(unit) if unit.strip() else "is blank, which"
    sentence = UNIT.format(told, label, ", ".join(known[:UNITS_NAMED]) + more)
    return "unknown_unit", sentence, f"{analytes[0].code} {unit.strip()}".strip()
