"""
MedicationAdministration and Procedure -> treatments rows. An order is no dose, whatever its status.

What was not done or entered in error takes an earlier telling back. A stopped administration has ended. What is on
hold, in preparation or of unknown status may or may not have been given: it is set aside and never counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitoring import lookup
from monitoring.dose_units import dose_unit
from monitoring.fhir.names import known_substance
from monitoring.fhir.nodes import Node, child, children, text, wording
from monitoring.fhir.outcomes import Aside, Outcome, Row, Surroundings
from monitoring.fhir.resources import Found

ORDER = "{} is no dose: only an administration says that something was given. Named here: {}."
FORBIDDEN = "This is an order not to give it, and no order is a dose. Named here: {}."
UNSURE = "Whether it was given cannot be told from the status {}."
NOT_FOLLOWED = "Procedures other than those that move a lab by themselves are not followed."
NAMELESS = "nothing"


def administration(found: Found, near: Surroundings) -> list[Outcome]:
    node = found.node
    dosage = child(node, "dosage")
    amount, unit = _amount(dosage)
    named = _medication(node, near)
    cells = {"drug": named, "dose": amount, "unit": unit, "route": wording(child(dosage, "route"))}
    return [_given(found, near, cells, _times(node, "effective"))]


def procedure(found: Found, near: Surroundings) -> list[Outcome]:
    """Only those that are among the catalog's products, such as a plasma exchange."""
    named = _substance(child(found.node, "code"), near)
    if not named:
        return [Aside("not_followed", NOT_FOLLOWED, "Procedure", near.directory.patient(found.node)[0])]
    return [_given(found, near, {"drug": named}, _times(found.node, "performed"))]


def order(found: Found, near: Surroundings) -> list[Outcome]:
    named = _medication(found.node, near) or NAMELESS
    forbidden = found.node.get("doNotPerform") is True
    sentence = FORBIDDEN.format(named) if forbidden else ORDER.format(found.kind, named)
    return [Aside("not_given", sentence, f"{found.kind} {named}", near.directory.patient(found.node)[0])]


def _given(found: Found, near: Surroundings, cells: dict[str, str], times: dict[str, str]) -> Outcome:
    patient, fault = near.directory.patient(found.node)
    status = text(found.node, "status")
    if fault:
        return Aside("no_patient", fault)
    if near.words.means("given", "done", status):
        times = _closed(found.node, times)
    elif not any(near.words.means("given", group, status) for group in ("running", "taken_back")):
        return Aside("not_given", UNSURE.format(f"“{status[:40]}”"), cells["drug"], patient)
    named = {"patient_id": patient, "source_id": found.id, "told_at": text(child(found.node, "meta"), "lastUpdated")}
    return Row("treatments", cells | times | named | {"status": status})


def _times(node: Node, name: str) -> dict[str, str]:
    period = child(node, f"{name}Period")
    if period:
        return {"started_at": text(period, "start"), "ended_at": text(period, "end")}
    return {"started_at": text(node, f"{name}DateTime"), "ended_at": ""}


def _closed(node: Node, times: dict[str, str]) -> dict[str, str]:
    """What is over may not run on: without an end it ended when this was written, or it was one moment."""
    if times["ended_at"]:
        return times
    written = text(child(node, "meta"), "lastUpdated") if child(node, "effectivePeriod") else ""
    return times | {"ended_at": written or times["started_at"]}


def _amount(dosage: Node) -> tuple[str, str]:
    """Dose and unit as written; a rate alone is kept in words, as an amount that cannot be told."""
    dose = child(dosage, "dose")
    if text(dose, "value"):
        code, written = text(dose, "code"), text(dose, "unit")
        return text(dose, "value"), code if dose_unit(code) else written or code
    rate = child(dosage, "rateRatio")
    ends = [child(rate, end) for end in ("numerator", "denominator")] if rate else [child(dosage, "rateQuantity")]
    told = " per ".join(filter(None, (f"{text(end, 'value')} {text(end, 'unit')}".strip() for end in ends)))
    return (f"at {told}" if told else ""), ""


def _medication(node: Node, near: Surroundings) -> str:
    """The substance as the catalog knows it, else as it is called here."""
    reference = child(node, "medicationReference")
    product = near.directory.resolved(node, reference)
    told = [child(node, "medicationCodeableConcept"), child(product, "code"), {"text": text(reference, "display")}]
    known = next(filter(None, (_substance(concept, near) for concept in told)), "") or _ingredient(product, near)
    words = [wording(concept) for concept in told]
    return known or next(filter(None, words), "") or _contents(product) or text(reference, "reference")


def _substance(concept: Node, near: Surroundings) -> str:
    """A name that the catalog knows; "" where there is none, or where codes and words mean different things."""
    found = {near.given[lookup.plain_name(name)]: name for name in _spellings(concept, near)}
    return next(iter(found.values())) if len(found) == 1 else ""


def _spellings(concept: Node, near: Surroundings) -> Iterator[str]:
    coded = [code for system in ("rxnorm", "atc", "snomed") for code in near.words.coded(concept, system)]
    yield from (code for code in coded if lookup.plain_name(code) in near.given)
    words = [text(coding, "display") for coding in children(concept, "coding")]
    yield from filter(None, (known_substance(name, near.given) for name in (*words, text(concept, "text"))))


def _ingredient(product: Node, near: Surroundings) -> str:
    """Of a mixture the one part that is in the catalog: the rest is what it is dissolved in."""
    known = [_substance(_part(one, near, product), near) for one in children(product, "ingredient")]
    distinct = {near.given[lookup.plain_name(name)]: name for name in known if name}
    return next(iter(distinct.values())) if len(distinct) == 1 else ""


def _part(ingredient: Node, near: Surroundings, product: Node) -> Node:
    concept = child(ingredient, "itemCodeableConcept")
    return concept or child(near.directory.resolved(product, child(ingredient, "itemReference")), "code")


def _contents(product: Node) -> str:
    parts = (wording(child(one, "itemCodeableConcept")) for one in children(product, "ingredient"))
    return " + ".join(filter(None, parts))
