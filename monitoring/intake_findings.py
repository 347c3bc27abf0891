"""findings: rows of text -> what an examiner saw, or set aside with the reason."""

from __future__ import annotations

import pandas as pd

from monitoring import lookup, numbers
from monitoring.cells import cells_of, mixed, origin_column
from monitoring.sieve import (
    Circumstances,
    Fault,
    Rows,
    Sieve,
    number_text,
    quoted,
    refs,
    told_moments,
    whole_moments,
)
from monitoring.terms import Analyte, Catalog

MEASURED = {"temperature_c": "temperature"}  # the contract's one finding that is a number, and whose limits hold for it
YES = frozenset(("yes", "y", "true", "1", "present"))
NO = frozenset(("no", "n", "false", "0", "absent"))
TAKEN_BACK = frozenset(("entered-in-error", "cancelled"))

UNKNOWN = "The finding {} is not in the catalog."
NO_VALUE = "The row has no value."
NOT_YES_OR_NO = "The value of {} is neither yes nor no nor a number."
IMPLAUSIBLE = "The value is outside what can exist for {} ({:g} to {:g} {})."


def sift_findings(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """Findings of the rows that pass, in the order of the rows, and what became of each row."""
    sieve = Sieve(rows)
    codes = _codes(at.catalog)
    finding, status, source_id = rows.cells("finding"), rows.cells("status"), rows.cells("source_id")
    unknown = finding.each(lambda text: UNKNOWN.format(quoted(text)))
    sieve.refuse(
        finding.mask(lambda text: lookup.plain_name(text) not in codes), "unknown_finding", unknown, finding.trimmed
    )
    code = finding.each(lambda text: codes.get(lookup.plain_name(text), ""))
    observed = sieve.moments(rows.cells("observed_at"), "observed_at", at, needed=True, past=True)
    told = rows.cells("value").trimmed
    meant = [_meaning(one, text, rows.decimal, at.catalog) for one, text in zip(code, told, strict=True)]
    back = status.mask(lambda text: _status(text) in TAKEN_BACK)
    sieve.refuse_each([None if taken else fault for (_, fault), taken in zip(meant, back, strict=True)])
    value = cells_of(["" if taken else text for (text, _), taken in zip(meant, back, strict=True)])
    what, when = cells_of(code).hashes(), whole_moments(observed)
    frame = pd.DataFrame(
        {
            "patient_id": sieve.patient.column(str.strip),
            "observed_at": observed,
            "ref": refs(
                source_id,
                named=("findings", at.source, source_id.hashes(), what),
                placed=("findings", what, when),
            ),
            "finding": cells_of(code).column(),
            "value": value.column(),
            "status": status.column(_status),
            "source_id": source_id.column(str.strip),
            "told_at": told_moments(rows, at),
            "origin": origin_column(rows.origins),
            "digest": mixed(what, value.hashes(), when, status.hashes(_status)),
        }
    )
    return frame[sieve.passed], sieve


def _codes(catalog: Catalog) -> dict[str, str]:
    labels = {lookup.plain_name(label): code for code, label in catalog.findings.items()}
    return labels | {lookup.plain_name(code): code for code in catalog.findings}


def _meaning(code: str, text: str, decimal: str, catalog: Catalog) -> tuple[str, Fault | None]:
    """(yes, no or a number as text, what is wrong)."""
    word = text.casefold()
    if not word:
        return "", ("no_value", NO_VALUE, code)
    if code not in MEASURED and word in YES | NO:
        return "yes" if word in YES else "no", None
    value, comparator, fault = numbers.number(text, decimal)
    if fault or comparator:
        return "", _no_number(code, fault or numbers.MORE, catalog)
    outside = value < 0 if code not in MEASURED else _outside(value, catalog.analytes[MEASURED[code]])
    return number_text(value), _implausible(code, catalog) if outside else None


def _no_number(code: str, fault: str, catalog: Catalog) -> Fault:
    if code in MEASURED:
        return "not_a_number", fault, code
    return "not_yes_or_no", NOT_YES_OR_NO.format(catalog.findings.get(code, code)), code


def _outside(value: float, analyte: Analyte) -> bool:
    return not analyte.plausible[0] <= value <= analyte.plausible[1]


def _implausible(code: str, catalog: Catalog) -> Fault:
    if code not in MEASURED:
        return "implausible", "The value is negative.", code
    analyte = catalog.analytes[MEASURED[code]]
    return "implausible", IMPLAUSIBLE.format(analyte.label, *analyte.plausible, analyte.unit), code


def _status(text: str) -> str:
    word = text.strip().casefold()
    return word if word in TAKEN_BACK else "final"
