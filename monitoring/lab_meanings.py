"""What a lab row means: which analyte, in which unit, of which specimen. Asked once for every combination in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from monitoring import lookup
from monitoring.cells import Cells
from monitoring.sieve import Fault, OwnName, quoted
from monitoring.terms import Analyte, Catalog

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

NO_NAME = "The row names neither an analyte nor a LOINC code."
UNKNOWN_NAME = "The analyte {} is not in the catalog."
UNKNOWN_LOINC = "The LOINC code {} is not in the catalog, and a name alone does not say what it measures."
TWO_OWN = "The site's map gives {} and {} two different meanings."
CONFLICT = "The LOINC code {} is {} in the catalog, which the name {} is not."
UNIT = "The unit {} is not one that {} is known in ({})."
SPECIMEN = "The specimen {} is not what {} is measured in here ({})."
UNKNOWN_SPECIMEN = "The specimen {} is not in the catalog."
IMPLAUSIBLE = "The value is outside what can exist for {} ({:g} to {:g} {})."


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
    """The catalog's names, gathered once for a file, and before them the source's own."""

    catalog: Catalog
    names: dict[str, tuple[str, ...]]
    loincs: dict[str, str]
    own: Mapping[str, OwnName] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog, own: Mapping[str, OwnName] | None = None) -> Names:
        return cls(catalog, lookup.analyte_names(catalog), lookup.loinc_codes(catalog), own or {})

    def meaning(self, loinc: str, name: str, unit: str, specimen: str, status: str) -> Meaning:
        candidates, fault = self.candidates(loinc.strip(), name.strip())
        if fault:
            return Meaning(fault)
        withdrawn = status_of(status) in WITHDRAWN
        unit = unit if unit.strip() else self._own_unit(loinc, name)
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
        """
        Analytes that may be meant: what the site says this source means, else what the catalog knows.

        A LOINC code says more than a name: one we do not know is not overruled.
        """
        own = tuple(dict.fromkeys(said.analyte for said in self._own(loinc, name)))
        if len(own) > 1:
            return (), ("conflicting_codes", TWO_OWN.format(quoted(name), quoted(loinc)), name)
        if own:
            return own, None
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

    def _own(self, *told: str) -> list[OwnName]:
        return [self.own[plain] for text in told if (plain := lookup.plain_name(text)) in self.own] if self.own else []

    def _own_unit(self, loinc: str, name: str) -> str:
        return next((said.unit for said in self._own(name, loinc) if said.unit), "")

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


def status_of(text: str) -> str:
    """The status, "final" where none is told, "" where it is none."""
    told = text.strip().casefold()
    return told if told in STATUSES else "" if told else "final"


def meanings(asked: Sequence[Cells], names: Names) -> Meanings:
    """`asked`: LOINC, name, unit, specimen, status. Files hold few combinations, however long they are."""
    key = np.zeros(len(asked[0].codes), dtype="int64")
    for column in asked:
        key = pd.factorize(key * len(column.texts) + column.codes)[0]
    first = np.flatnonzero(~pd.Series(key).duplicated().to_numpy())  # in the order of the keys' numbers
    return Meanings([names.meaning(*(column.texts[column.codes[place]] for column in asked)) for place in first], key)


def _unit_fault(analytes: list[Analyte], unit: str) -> Fault:
    known = list(dict.fromkeys(text for analyte in analytes for text in (analyte.unit, *analyte.units) if text))
    more = f" and {len(known) - UNITS_NAMED} more" if len(known) > UNITS_NAMED else ""
    label = " or ".join(dict.fromkeys(analyte.label for analyte in analytes))
    told = quoted(unit) if unit.strip() else "is blank, which"
    sentence = UNIT.format(told, label, ", ".join(known[:UNITS_NAMED]) + more)
    return "unknown_unit", sentence, f"{analytes[0].code} {unit.strip()}".strip()
