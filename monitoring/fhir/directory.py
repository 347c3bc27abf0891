"""Who and what a reference points to, among the resources of one file; and which patient is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from monitoring.fhir.nodes import Node, child, children, codes, text
from monitoring.fhir.resources import Found
from storage.identities import local

HISTORY = "/_history/"
OLD = "old"
NOBODY = "The resource names no patient."
NO_PATIENT = "The subject is a {}, not a patient."
UNNAMED = "The patient stands inside the resource and has no identifier."
Number = tuple[str, str]  # number, authority


class Subject(NamedTuple):
    """`fault`: why there is none, in one sentence."""

    number: str
    authority: str
    fault: str = ""


@dataclass
class Directory:
    """
    `resources` by every name that a reference may use; `people`: an identifier -> the patient's id.

    `system`: whose numbers patients are known by. The ids of the server are then names of its own (`ids`), which mean
    somebody only beside such a number; without a system they are what patients are known by.
    """

    resources: dict[str, Found] = field(default_factory=dict)
    people: dict[Number, str] = field(default_factory=dict)
    system: str = ""
    ids: str = ""

    @classmethod
    def of(cls, found: Iterable[Found], system: str = "", source: str = "") -> Directory:
        known = cls(system=system, ids=local(source) if system else "")
        for one in found:
            known.resources |= {name: one for name in (one.full_url, f"{one.kind}/{one.id}") if name and one.node}
            if one.kind == "Patient" and one.id:
                for value, whose in _numbers(one.node):
                    known.people[value, whose] = one.id
                    # who names no system means the one who has that number, where only one has
                    known.people[value, ""] = one.id if known.people.get((value, ""), one.id) == one.id else ""
        return known

    def resolved(self, holder: Node, reference: Node) -> Node:
        """The resource that `reference` in `holder` points to; {} when the file does not hold it."""
        name = text(reference, "reference").partition(HISTORY)[0]
        if name.startswith("#"):
            return next((one for one in children(holder, "contained") if text(one, "id") == name[1:]), {})
        found = self.resources.get(name) or self.resources.get("/".join(name.split("/")[-2:]))
        return found.node if found else {}

    def patient(self, holder: Node) -> tuple[str, str]:
        """(patient_id, why there is none)."""
        subject = self.subject(holder)
        return subject.number, subject.fault

    def subject(self, holder: Node) -> Subject:
        """Whom a resource speaks of."""
        told = child(holder, "subject") or child(holder, "patient")
        if text(told, "reference").startswith("#"):
            return self._contained(self.resolved(holder, told))
        return self.referred(told)

    def referred(self, reference: Node) -> Subject:
        kind, known = self._pointed(text(reference, "reference").partition(HISTORY)[0])
        kind = kind or text(reference, "type") or "Patient"
        if kind != "Patient":
            return Subject("", "", NO_PATIENT.format(kind))
        known = known if known[0] else self._identified(_number(child(reference, "identifier")))
        return Subject(*known, "" if known[0] else NOBODY)

    def record(self, found: Found) -> Number:
        """What a patient of the server is known by."""
        return self._preferred(found.node) if self.system and self._preferred(found.node)[0] else (found.id, self.ids)

    def _contained(self, person: Node) -> Subject:
        kind = text(person, "resourceType")
        if kind and kind != "Patient":
            return Subject("", "", NO_PATIENT.format(kind))
        known = self._preferred(person)
        known = self._identified(known if known[0] else next(_numbers(person), ("", "")))
        return Subject(*known, "" if known[0] else UNNAMED)

    def _pointed(self, name: str) -> tuple[str, Number]:
        """(type, number) of a reference in words; the type is "" where it does not say it."""
        if name in self.resources:
            return self.resources[name].kind, (self.resources[name].id, self.ids)
        if name.startswith("urn:"):
            return "", (name.rpartition(":")[2], self.ids)
        kind, asked, query = name.partition("?")
        if asked:  # a search in place of an id, as bundles for another server write it
            whose, _, value = unquote(query).rpartition("|")
            known = self._identified((value, whose.partition("=")[2])) if "|" in query else ("", "")
            return kind.rpartition("/")[2], known
        parts = name.rstrip("/").split("/")
        return (parts[-2] if len(parts) > 1 else ""), (parts[-1], self.ids if parts[-1] else "")

    def _identified(self, number: Number) -> Number:
        """By whom an identifier is known: where its system is the one, by itself; else as a patient of the file."""
        if number[1] and number[1] == self.system:
            return number
        person = self.people.get(number, "")
        return (person, self.ids) if person else number

    def _preferred(self, person: Node) -> Number:
        """Its number of the system, not one that it no longer has; ("", "") where it has none or no system counts."""
        told = (one for one in _numbers(person, without_old=True) if self.system and one[1] == self.system)
        return next(told, ("", ""))


def _numbers(resource: Node, *, without_old: bool = False) -> Iterator[Number]:
    """Its identifiers, the medical record number before others."""
    told = children(resource, "identifier")
    records = [one for one in told if "MR" in codes(child(one, "type"))]
    for one in (*records, *told):
        if text(one, "value") and not (without_old and text(one, "use") == OLD):
            yield _number(one)


def _number(identifier: Node) -> Number:
    return text(identifier, "value"), text(identifier, "system")
