"""
The further codes of a result that waits for a meaning.

A FHIR result may carry several codes, and a row has place for one LOINC code and one name. The others stand beside
them in one cell, so that a word on any of them reads the row as it would have read the resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitoring import lookup
from monitoring.sieve import OwnName

OTHER = "codes"
BETWEEN = "\n"


def beside(codes: Iterable[str]) -> dict[str, str]:
    """The cell; none where there is no further code."""
    told = BETWEEN.join(dict.fromkeys(" ".join(code.split()) for code in codes))
    return {OTHER: told} if told else {}


def names(fields: Mapping[str, str], code: str) -> set[str]:
    """Everything that a set-aside row may be mapped by, in plain form."""
    told = (code, fields.get("analyte", ""), fields.get("loinc", ""), *fields.get(OTHER, "").split(BETWEEN))
    return {lookup.plain_name(text) for text in told if text}


def by_own(fields: Mapping[str, str], own: Mapping[str, OwnName]) -> Mapping[str, str]:
    """The row under the first of its further codes that the site maps, unless it maps what stands in the row itself."""
    told = fields.get(OTHER, "")
    if not told or any(lookup.plain_name(fields.get(name, "")) in own for name in ("loinc", "analyte")):
        return fields
    mapped = next((code for code in told.split(BETWEEN) if lookup.plain_name(code) in own), "")
    return {**fields, "analyte": mapped} if mapped else fields
