"""What a server says that it offers: its CapabilityStatement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitoring.fhir.nodes import Node, child, children, text
from monitoring.fhir_server.asking import Asking
from monitoring.fhir_server.troubles import UnreachableError

HISTORY = "history-type"
STATEMENT = "CapabilityStatement"
USUAL = frozenset(("patient", "code", "category", "date", "effective-time", "authoredon", "recorded-date"))
EVERYWHERE = frozenset(("_id", "_lastUpdated"))  # parameters that FHIR gives to every resource


@dataclass(frozen=True)
class Offered:
    """
    `searches`: resource type -> the parameters it can be searched by; none listed: the server does not say.
    `histories`: the types of which it tells all changes, deletions among them.
    """

    software: str = ""
    version: str = ""
    fhir: str = ""
    searches: Mapping[str, frozenset[str]] = field(default_factory=dict)
    histories: frozenset[str] = frozenset()

    @classmethod
    def of(cls, statement: Node) -> Offered:
        rests = [one for one in children(statement, "rest") if text(one, "mode") != "client"]
        general = frozenset(text(one, "name") for rest in rests for one in children(rest, "searchParam"))
        told = [one for rest in rests for one in children(rest, "resource")]
        own = {text(one, "type"): frozenset(text(p, "name") for p in children(one, "searchParam")) for one in told}
        software = child(statement, "software")
        named = text(software, "name") or text(statement, "publisher") or text(statement, "name")
        searches = {kind: (params | general if params else params) for kind, params in own.items() if kind}
        histories = frozenset(text(one, "type") for one in told if HISTORY in _offers(one))
        return cls(named, text(software, "version"), text(statement, "fhirVersion"), searches, histories)

    @property
    def words(self) -> str:
        """ "HAPI FHIR Server 8.0 (FHIR 4.0.1)"."""
        named = f"{self.software} {self.version}".strip() or "a server that does not name its software"
        return f"{named} (FHIR {self.fhir})" if self.fhir else named

    def has(self, kind: str) -> bool:
        """A server that lists nothing may still offer it."""
        return not self.searches or kind in self.searches

    def by(self, kind: str, param: str) -> bool:
        """Whether a resource may be searched by it; a server that lists no parameters is taken at FHIR's word."""
        params = self.searches.get(kind) or EVERYWHERE | {param}
        return param in params

    def without(self, kind: str, param: str) -> Offered:
        """The same once the server has refused it all the same."""
        known = self.searches.get(kind) or EVERYWHERE | USUAL
        return replace(self, searches={**self.searches, kind: known - {param}})


def _offers(one: Node) -> set[str]:
    return {text(interaction, "code") for interaction in children(one, "interaction")}


def offered(asking: Asking) -> Offered:
    """Asks for it. Raises ServerError."""
    answer = asking.read("metadata", "its CapabilityStatement")
    if answer.node["resourceType"] == STATEMENT:
        return Offered.of(answer.node)
    if answer.node["resourceType"] == "Bundle":  # a server that does not describe itself
        return Offered()
    said = f"source {asking.told.name}: the server does not describe itself as FHIR R4 does."
    raise UnreachableError(said, again=False)
