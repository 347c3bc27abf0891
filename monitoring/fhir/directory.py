"""Who and what a reference points to, among the resources of one file; and which patient is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitoring.fhir.nodes import Node, child, children, identifier, text
from monitoring.fhir.resources import Found

HISTORY = "/_history/"
NOBODY = "The resource names no patient."
NO_PATIENT = "The subject is a {}, not a patient."
UNNAMED = "The patient stands inside the resource and has no identifier."


@dataclass
class Directory:
    """`resources` by every name that a reference may use; `people`: an identifier's value -> the patient's id."""

    resources: dict[str, Found] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[Found]) -> Directory:
        known = cls()
        for one in found:
            known.resources |= {name: one for name in (one.full_url, f"{one.kind}/{one.id}") if name and one.node}
            if one.kind == "Patient" and one.id:
                told = (text(each, "value") for each in children(one.node, "identifier"))
                known.people |= {value: one.id for value in told if value}
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
        subject = child(holder, "subject") or child(holder, "patient")
        name = text(subject, "reference").partition(HISTORY)[0]
        if name.startswith("#"):
            return self._contained(self.resolved(holder, subject))
        kind, known = self._pointed(name)
        kind = kind or text(subject, "type") or "Patient"
        if kind != "Patient":
            return "", NO_PATIENT.format(kind)
        known = known or self._identified(text(child(subject, "identifier"), "value"))
        return known, "" if known else NOBODY

    def _contained(self, person: Node) -> tuple[str, str]:
        kind = text(person, "resourceType")
        if kind and kind != "Patient":
            return "", NO_PATIENT.format(kind)
        known = self._identified(identifier(person))
        return known, "" if known else UNNAMED

    def _pointed(self, name: str) -> tuple[str, str]:
        """(type, id) of a reference in words; the type is "" where it does not say it."""
        if name in self.resources:
            return self.resources[name].kind, self.resources[name].id
        if name.startswith("urn:"):
            return "", name.rpartition(":")[2]
        kind, asked, query = name.partition("?")
        if asked:  # a search in place of an id, as bundles for another server write it
            return kind.rpartition("/")[2], self._identified(query.rpartition("|")[2] if "|" in query else "")
        parts = name.rstrip("/").split("/")
        return (parts[-2] if len(parts) > 1 else ""), parts[-1]

    def _identified(self, value: str) -> str:
        return self.people.get(value, value)
