"""OBX segments as rows of laboratory results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from monitoring.hl7.patients import Person, person
from monitoring.hl7.segments import Message, Segment
from monitoring.hl7.staff import Doctor, staff
from monitoring.hl7.stamps import best, iso, latest
from monitoring.hl7.told import Told
from monitoring.hl7.values import decimal_of, limits_of, pointed, unit_parts, value_of
from monitoring.hl7.vocabulary import Vocabulary

# Table 0085 to FHIR Observation.status, by HL7's own map where it has a target.
RESULT_STATUS = {
    "A": "amended", "B": "appended", "C": "corrected", "D": "entered-in-error", "F": "final", "I": "registered",
    "N": "registered", "O": "registered", "P": "preliminary", "R": "preliminary", "S": "preliminary", "U": "final",
    "W": "entered-in-error", "X": "cancelled",
}  # fmt: skip
# Table 0123 speaks of the whole order: there A means that some results are still missing, S that none was drawn.
ORDER_STATUS = RESULT_STATUS | {"A": "preliminary", "S": "registered", "M": "corrected"}
PENDING = frozenset(("registered", ""))
SUPERSEDES = frozenset(("corrected", "amended"))
WITHDRAWN = frozenset(("entered-in-error", "cancelled"))
SHORTEST_ORDER = 4  # a filler number below is a place in a list, used again and again
BY_SPECIMEN = "OUL"  # as analysers and some laboratories tell results
STATUS_FIELD = 11

NO_RESULTS = "The order says that it is {}, but the message names none of its results."
ANNOUNCED = "The laboratory announces this result; its value is still to come, or was never asked for."
CUT = "The message ends in the middle of this segment, so its last value may be cut short."


@dataclass
class Group:
    """Results of one order, or of none. `common`: the ORC before it."""

    person: Person | None = None
    common: Segment | None = None
    order: Segment | None = None
    results: list[Segment] = field(default_factory=list)
    specimens: list[Segment] = field(default_factory=list)

    def first(self, place: int, component: int = 1) -> str:
        return self.order.first(place, component) if self.order else ""

    @property
    def beside(self) -> list[Segment]:
        return [segment for segment in (self.person.segment if self.person else None, self.order) if segment]


def results(message: Message, words: Vocabulary) -> Iterator[Told]:
    """One row an OBX, in the order of the message, and one for an order that ended without naming its results."""
    last, mark = message.segments[-1], decimal_of(message.named("OBX"))
    doctors = staff(message)
    for group in (_of_specimens if message.kind[0] == BY_SPECIMEN else _groups)(message.segments):
        repeated: Counter[tuple[str, str]] = Counter()
        drawn = _drawn(group, words, doctors)
        for result in group.results:
            cells = _cells(message, group, result, words) | {"specimen": drawn}
            cells["source_id"] = _identity(group, result, cells, repeated)
            cut = message.cut and result is last and len(result.fields) <= STATUS_FIELD
            fault = _pointed(cells, mark)
            why = ("truncated", CUT) if cut else ("not_a_number", fault) if fault else _fault(cells)
            yield Told("labs", cells, [*group.beside, result], why)
        if group.order and not group.results and (status := _order_status(group)) not in PENDING:
            cells = group.person.cells if group.person else {}
            yield Told("labs", cells, group.beside, ("no_value", NO_RESULTS.format(status)))


def _pointed(cells: dict[str, str], mark: str) -> str:
    """Its numbers with a decimal point, in place; why the value has none."""
    for name in ("reference_low", "reference_high"):
        cells[name] = pointed(cells[name], mark)[0]
    cells["value"], fault = pointed(cells["value"], mark)
    return fault


def _groups(segments: Sequence[Segment]) -> Iterator[Group]:
    """An order's specimen may stand before or behind its results, so a group is told when the next begins."""
    group = Group()
    for segment in segments:
        if segment.name in ("PID", "ORC", "OBR"):
            yield group
            who = person(segment) if segment.name == "PID" else group.person
            common = segment if segment.name == "ORC" else group.common
            group = Group(who, None if segment.name == "PID" else common)
            group.order = segment if segment.name == "OBR" else None
        elif segment.name == "OBX":
            group.results.append(segment)
        elif segment.name == "SPM":
            group.specimens.append(segment)
    yield group


def _of_specimens(segments: Sequence[Segment]) -> Iterator[Group]:
    """OUL: what stands before the orders of a specimen is that of all of them, and the ORC may follow its OBR."""
    drawn: list[Segment] = []
    for group in _groups(_orders_first(segments)):
        if group.order:
            told, group.specimens = group.specimens, drawn
            drawn = told or drawn  # behind the results of one order stands the specimen of the next
        else:
            drawn = group.specimens or drawn
        yield group


def _orders_first(segments: Sequence[Segment]) -> list[Segment]:
    """With an ORC behind its OBR moved before it, as the other messages have it."""
    told = list(segments)
    for place in range(1, len(told)):
        names = [one.name for one in told[place - 1 : place + 2]]
        if names[:2] == ["OBR", "ORC"] and names[2:] != ["OBR"]:
            told[place - 1 : place + 1] = told[place], told[place - 1]
    return told


def _cells(message: Message, group: Group, result: Segment, words: Vocabulary) -> dict[str, str]:
    loinc, name = words.analyte(result.components(3))
    unit = words.unit(unit_parts(result), loinc, name)
    low, high = limits_of(result.whole(7), unit)
    method = result.components(17)
    drawn = [result.first(14), group.first(7), *(spm.first(17) for spm in group.specimens)]
    return {
        **(group.person.cells if group.person else {"patient_id": ""}),
        "analyte": name,
        "loinc": loinc,
        "value": value_of(result),
        "unit": unit,
        "collected_at": best(iso(text, message.offset) for text in drawn),
        "resulted_at": latest(iso(text, message.offset) for text in (result.first(19), group.first(22))),
        "status": _status(group, result),
        "method": next((text for text in (*method[1:2], *method[:1]) if text), ""),
        "reference_low": low,
        "reference_high": high,
    }


def _fault(cells: dict[str, str]) -> tuple[str, str]:
    return ("no_value", ANNOUNCED) if cells["status"] == "registered" and not cells["value"] else ("", "")


def _status(group: Group, result: Segment) -> str:
    told = result.first(STATUS_FIELD)
    return RESULT_STATUS.get(told.upper(), told) if told else _order_status(group)


def _order_status(group: Group) -> str:
    told = group.first(25)
    return ORDER_STATUS.get(told.upper(), told)


def _identity(group: Group, result: Segment, cells: dict[str, str], repeated: Counter[tuple[str, str]]) -> str:
    """
    The order's number, the code and the sub-id: what a correction repeats. "" where the sender numbers nothing.

    The same code a second time under one order is another result, unless the first was withdrawn or this corrects it.
    """
    number = _order_number(group)
    if not number:
        return ""
    key = (cells["loinc"] or result.first(3) or cells["analyte"], result.whole(4))
    told = "^".join((number, *key))
    if cells["status"] in WITHDRAWN or (cells["status"] in SUPERSEDES and repeated[key]):
        return told if repeated[key] < 2 else f"{told}#{repeated[key]}"
    repeated[key] += 1
    return told if repeated[key] == 1 else f"{told}#{repeated[key]}"


def _order_number(group: Group) -> str:
    """The filler's number, with the placer's where it is too short to stand alone."""
    filler, placer = (group.first(place) or (group.common.first(place) if group.common else "") for place in (3, 2))
    if len(filler) >= SHORTEST_ORDER:
        return filler
    return f"{placer}/{filler}" if filler and placer else ""


def _drawn(group: Group, words: Vocabulary, doctors: frozenset[Doctor]) -> str:
    """SPM-4, else the older OBR-15 of which every part may be the name; some write there who ordered it."""
    told = [[spm.first(4, place) for place in (1, 2, 4, 5, 9)] for spm in group.specimens if spm.whole(4)]
    if told or not group.order or (group.first(15), group.first(15, 2)) in doctors:
        return words.specimen(told)
    parts = [part for one in group.order.components(15)[:1] for part in one.split(group.order.marks.subcomponent)]
    return words.specimen([[*parts, *group.order.components(15)[1:2]]])
