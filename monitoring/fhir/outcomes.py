"""What a resource becomes: rows of the contract's columns, or an entry that says why it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitoring import lookup
from monitoring.fhir.directory import Directory
from monitoring.fhir.vocabulary import Vocabulary
from monitoring.lab_meanings import Names
from monitoring.sieve import OwnName
from monitoring.terms import Catalog


@dataclass(frozen=True)
class Row:
    """`kind` as in csv_columns. Cells that are not named are blank."""

    kind: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Aside:
    """`code`: what such resources are grouped by."""

    reason: str
    sentence: str
    code: str = ""
    patient_id: str = ""


Outcome = Row | Aside


@dataclass(frozen=True)
class Surroundings:
    """What a resource is read by: the other resources of its file, the catalog, the words of FHIR, the site's map."""

    directory: Directory
    catalog: Catalog
    words: Vocabulary
    own: Mapping[str, OwnName] = field(default_factory=dict)

    @cached_property
    def analytes(self) -> Names:
        return Names.of(self.catalog, self.own)

    @cached_property
    def given(self) -> Mapping[str, str]:
        return lookup.given_names(self.catalog)
