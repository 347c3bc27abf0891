"""
Observation -> labs rows: one for its own value, one for every component.

A result is known by the resource's id (and the component's code), so a later version is a correction and a withdrawn
one takes the value back. A period stands for its start, when the specimen began to be drawn. Only a LOINC code says
by itself what was measured; a local code is told with its system ("http://lab|20005") and text alone as "text|…",
and both wait until the site maps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from monitoring import lookup, numbers
from monitoring.fhir.nodes import Node, child, children, text, wording, wordings
from monitoring.fhir.outcomes import Aside, Outcome, Row, Surroundings
from monitoring.fhir.quantities import Measured, limits, measured, unit_of_ranges
from monitoring.fhir.resources import Found
from monitoring.fhir.versions import is_later
from monitoring.lab_meanings import WITHDRAWN
from monitoring.other_codes import beside

REVISED = frozenset(("amended", "corrected"))
EARLY = frozenset(("registered", "preliminary"))

ONLY_GROUPS = "This panel only names other results, which come by themselves."
NO_STATUS = "unknown"


def observation(found: Found, near: Surroundings) -> list[Outcome]:
    node = found.node
    patient, fault = near.directory.patient(node)
    if fault:
        return [Aside("no_patient", fault)]
    parts = _parts(found)
    if not parts:
        return [Aside("only_groups", ONLY_GROUPS, wording(child(node, "code")), patient)]
    shared = _shared(node, near) | {"patient_id": patient}
    return [_result(part, shared | {"source_id": name}, found, near) for part, name in parts]


def _parts(found: Found) -> list[tuple[Node, str]]:
    """What is measured, each with its identity. A panel may hold one code twice, as two results."""
    node = found.node
    name = found.id or next(filter(None, (text(one, "value") for one in children(node, "identifier"))), "")
    components = children(node, "component")
    has_own = any(key.startswith("value") or key == "dataAbsentReason" for key in node)
    own = [(node, name)] if has_own or not (components or node.get("hasMember")) else []
    return own + list(_components(components, name))


def _components(components: list[Node], name: str) -> Iterator[tuple[Node, str]]:
    seen: Counter[str] = Counter()
    for part in components:
        code = next(filter(None, wordings(child(part, "code"))), "")
        seen[code] += 1
        again = f"#{seen[code]}" if seen[code] > 1 else ""
        yield part, f"{name}#{code}{again}" if name else ""


def _shared(node: Node, near: Surroundings) -> dict[str, str]:
    specimen = near.directory.resolved(node, child(node, "specimen"))
    return {
        "status": text(node, "status") or NO_STATUS,
        "collected_at": _collected(node, specimen),
        "resulted_at": text(node, "issued"),
        "told_at": text(child(node, "meta"), "lastUpdated"),
        "method": wording(child(node, "method")),
        "specimen": _specimen(child(node, "specimen"), specimen, near),
    }


def _collected(node: Node, specimen: Node) -> str:
    """The first that has a time of day: when it was effective, else when the specimen was drawn."""
    collection = child(specimen, "collection")
    told = [
        text(node, "effectiveDateTime"),
        text(node, "effectiveInstant"),
        _begun(child(node, "effectivePeriod")),
        text(collection, "collectedDateTime"),
        _begun(child(collection, "collectedPeriod")),
    ]
    return next((one for one in told if "T" in one), next(filter(None, told), ""))


def _begun(period: Node) -> str:
    return text(period, "start") or text(period, "end")


def _specimen(reference: Node, specimen: Node, near: Surroundings) -> str:
    """A kind of specimen that is known here, else what its type is called; free words beside it may be anything."""
    known = near.catalog.specimen_aliases
    kinds = [kind for kind in wordings(child(specimen, "type")) if kind]
    shown = text(reference, "display")
    words = lookup.plain_name(shown).replace(",", " ").split()
    named = [*kinds, shown, *(word for word in words if len(word) > 1)]
    return next((name for name in named if lookup.plain_name(name) in known), kinds[0] if kinds else "")


def _result(part: Node, shared: dict[str, str], found: Found, near: Surroundings) -> Outcome:
    named = _named(child(part, "code"), near)
    own = near.own.get(lookup.plain_name(named["analyte"]))
    analyte = own.analyte if own else near.analytes.loincs.get(named["loinc"], "")
    told = measured(part, analyte, near)
    status = shared["status"].casefold()
    unit = told.unit or unit_of_ranges(part, near)
    low, high = limits(part, unit, near)
    cells = shared | named | {"reference_low": low, "reference_high": high}
    cells |= {"value": told.value, "comparator": told.comparator, "unit": unit}
    if status in WITHDRAWN or not _wordless(told):
        return Row("labs", cells)
    if status in REVISED or (is_later(found) and status not in EARLY):
        return Row("labs", cells | {"status": "cancelled"})  # the number told before is no longer what the lab says
    if not told.fault and not analyte:
        return Row("labs", cells)  # of what is not known here the code matters, not that it was told in words
    code = named["loinc"] or named["analyte"]
    return Aside(told.reason or "not_a_number", told.fault or numbers.WORDS, code, shared["patient_id"])


def _wordless(told: Measured) -> bool:
    """Whether no number is told at all."""
    return bool(told.fault) or not any(sign.isdigit() for sign in told.value)


def _named(code: Node, near: Surroundings) -> dict[str, str]:
    """The cells that say what was measured; where LOINC codes contradict each other, the first two that do."""
    loincs = near.words.coded(code, "loinc")
    if own := _own(code, near):
        return {"name": wording(code), "loinc": next(iter(loincs), ""), "analyte": own}
    meant = {near.analytes.loincs[one]: one for one in reversed(loincs) if one in near.analytes.loincs}
    told = {"name": wording(code), "loinc": "", "analyte": _local(code, near)}
    if loincs:
        first, *others = [*reversed(meant.values()), *loincs]
        told |= {"loinc": first, "analyte": others[0] if len(meant) > 1 else text(code, "text")}
    return told | _others(code, told)


def _others(code: Node, told: dict[str, str]) -> dict[str, str]:
    """Every further name by which the site may map this result later."""
    here = {told["loinc"], told["analyte"]}
    return beside(name for name in (*_tokens(code), *_bare(code)) if name not in here)


def _local(code: Node, near: Surroundings) -> str:
    """A local code that the site has mapped, else the first, else the text, each saying whose it is."""
    tokens = _tokens(code)
    mapped = (token for token in tokens if lookup.plain_name(token) in near.analytes.names)
    return next(mapped, tokens[0] if tokens else "")


def _tokens(code: Node) -> list[str]:
    told = [(text(one, "system"), text(one, "code")) for one in children(code, "coding")]
    tokens = [f"{system}|{local}" for system, local in told if local]
    return tokens or [f"text|{words}" for words in [wording(code)] if words]


def _own(code: Node, near: Surroundings) -> str:
    """The code that the site maps for this source, with its system or, since the source is known, without; else ""."""
    if not near.own:
        return ""
    told = (token for token in (*_tokens(code), *_bare(code)) if token)
    return next((token for token in told if lookup.plain_name(token) in near.own), "")


def _bare(code: Node) -> list[str]:
    """Its codes without their systems, and its words."""
    return [name for name in (*(text(one, "code") for one in children(code, "coding")), wording(code)) if name]
