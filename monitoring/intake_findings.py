"""findings: rows of text -> what an examiner saw, or set aside with the reason."""

from __future__ import annotations

import pandas as pd

from monitoring import lookup, numbers
from monitoring.sieve import Circumstances, Fault, Rows, Sieve, hashed, joined, number_text, quoted, refs, whole_moments
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
    finding, told = rows.cells("finding"), rows.cells("value")
    status, source_id = rows.cells("status"), rows.cells("source_id")
    code = finding.each(lambda text: codes.get(lookup.plain_name(text), ""))
    unknown = finding.each(lambda text: UNKNOWN.format(quoted(text)))
    sieve.refuse(code == "", "unknown_finding", unknown, finding.trimmed)
    observed = sieve.moments(rows, "observed_at", at, needed=True, past=True)
    meant = [_meaning(one, text, rows.decimal, at.catalog) for one, text in zip(code, told.trimmed, strict=True)]
    taken_back = status.mask(lambda text: _status(text) in TAKEN_BACK)
    faults = [None if back else fault for (_, fault), back in zip(meant, taken_back, strict=True)]
    sieve.refuse_each(faults)
    value = ["" if back else text for (text, _), back in zip(meant, taken_back, strict=True)]
    ref = refs(
        source_id,
        named=("findings", at.source, source_id.trimmed, code),
        placed=("findings", code, whole_moments(observed)),
    )
    frame = pd.DataFrame(
        {
            "patient_id": sieve.patient.column(str.strip),
            "observed_at": observed,
            "ref": ref,
            "finding": pd.array(code, dtype="str"),
            "value": pd.array(value, dtype="str"),
            "status": status.column(_status),
            "source_id": source_id.column(str.strip),
            "origin": pd.array(rows.origins, dtype="str"),
            "digest": hashed(joined(code, value, whole_moments(observed), status.each(_status))),
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
        return "not_a_number", numbers.sentence(fault), code
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
