"""
Results as FHIR tells them: number, comparator and unit as written, or why there is no number.

Unit text and UCUM code may differ. The code counts, since the standard gives the meaning to it and the text is only
for showing; where the catalog gives the two different meanings, the text stays visible behind the code as a UCUM
annotation, which says nothing to the conversion: "mg/L{written as ng/mL}".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitoring import lookup
from monitoring.fhir.nodes import Node, child, children, codes, text, wording
from monitoring.fhir.outcomes import Surroundings
from monitoring.units import normal_unit, without_basis

COMPARATOR_SPELLINGS = {"": "", "=": ""}
WITH_UNIT = re.compile(r"([<>≤≥]?=?\s*-?[0-9][0-9.,]*)\s*([^0-9\s].*)", re.DOTALL)
PLAIN_TEXTS = ("valueString", "valueDateTime", "valueTime")

SEVERAL = "The result has several values: {}."
NO_NUMBER = "The result is a {}, not one number."
ABSENT = "The result has no value: {}."
MISSING = "The result has no value."


@dataclass(frozen=True)
class Measured:
    """`value` and `comparator` as written. `fault`: why there is no single number here, with its `reason`."""

    value: str = ""
    comparator: str = ""
    unit: str = ""
    reason: str = ""
    fault: str = ""


def measured(part: Node, analyte: str, near: Surroundings) -> Measured:
    """The value of an Observation or of one of its components. `analyte`: the catalog's code, where it is known."""
    told = [name for name in part if name.startswith("value") and name[5:6].isupper()]
    if len(told) > 1:
        return Measured(reason="bad_message", fault=SEVERAL.format(", ".join(sorted(told))))
    if not told:
        return _absent(part)
    name = told[0]
    if name == "valueQuantity":
        return _quantity(child(part, name), analyte, near)
    if name == "valueCodeableConcept":
        return Measured(wording(child(part, name)))
    if name == "valueInteger":
        return Measured(text(part, name))
    if name in PLAIN_TEXTS:
        return _from_text(text(part, name))
    return Measured(reason="not_a_number", fault=NO_NUMBER.format(name.removeprefix("value")))


def unit_of_ranges(part: Node, near: Surroundings) -> str:
    """For a number told without a unit: the one in which its limits are told, marked as such; "" for several."""
    ends = [child(one, end) for one in children(part, "referenceRange") for end in ("low", "high")]
    units = {unit for end in ends if (unit := unit_of(end, "", near))}
    return f"{units.pop()}{{of the reference range}}" if len(units) == 1 else ""


def limits(part: Node, unit: str, near: Surroundings) -> tuple[str, str]:
    """The laboratory's limits of normal; blank where several ranges are told, or another unit than the value's."""
    ranges = part.get("referenceRange")
    plain = [one for one in ranges if _is_normal(one)] if isinstance(ranges, list) else []
    if len(plain) != 1:
        return "", ""
    low, high = (_limit(child(plain[0], end), normal_unit(unit), near) for end in ("low", "high"))
    return low, high


def unit_of(quantity: Node, analyte: str, near: Surroundings) -> str:
    code, written = text(quantity, "code"), text(quantity, "unit")
    if written == code or not written or not code or near.words.system(quantity) != "ucum":
        return written or code
    if without_basis(normal_unit(written)) == normal_unit(code):
        return written  # the basis of a D-dimer often stands in the text alone
    return code if _same(near, analyte, code, written) else f"{code}{{written as {re.sub('[{}]', '', written)}}}"


def _same(near: Surroundings, analyte: str, code: str, written: str) -> bool:
    """Whether code and text are one unit, as far as is known here."""
    known = near.catalog.analytes.get(analyte)
    meanings = [lookup.conversion(known, unit) for unit in (code, written)] if known else [None]
    return None in meanings or meanings[0] == meanings[1]


def _quantity(told: Node, analyte: str, near: Surroundings) -> Measured:
    value, comparator = text(told, "value"), text(told, "comparator")
    if not value:
        return _absent(told)
    return Measured(value, COMPARATOR_SPELLINGS.get(comparator, comparator), unit_of(told, analyte, near))


def _from_text(told: str) -> Measured:
    found = WITH_UNIT.fullmatch(told)
    return Measured(found[1], unit=found[2]) if found else Measured(told)


def _absent(part: Node) -> Measured:
    reason = child(part, "dataAbsentReason")
    why = next(iter(codes(reason)), "") or text(reason, "text")
    return Measured(reason="no_value", fault=ABSENT.format(why) if why else MISSING)


def _is_normal(told: object) -> bool:
    if not isinstance(told, dict) or told.get("appliesTo") or told.get("age"):
        return False
    kind = child(told, "type")
    return not kind or "normal" in codes(kind)


def _limit(told: Node, own: str, near: Surroundings) -> str:
    unit = normal_unit(unit_of(told, "", near))
    return text(told, "value") if unit in ("", own) else ""
