"""fhir.toml: the names and words that resources are read by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.fhir.nodes import Node, children, text

FILE = "fhir.toml"


@dataclass(frozen=True)
class Diagnosis:
    """The codes that make a context or a finding; an ICD-10 code stands for all below it."""

    snomed: frozenset[str]
    icd10: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """`systems`: a code system's URI -> its name here. Lists of words by the table and field they stand in."""

    systems: Mapping[str, str]
    words: Mapping[tuple[str, str], frozenset[str]]
    contexts: Mapping[str, Diagnosis]
    findings: Mapping[str, Diagnosis]
    certainty: str
    strength: re.Pattern[str]
    diluted: re.Pattern[str]

    def means(self, group: str, name: str, word: str) -> bool:
        return word in self.words[group, name]

    def system(self, coding: Node) -> str:
        """ "loinc", "ucum", "snomed" …; "" for any other system, and for none."""
        return self.systems.get(text(coding, "system").rstrip("/"), "")

    def coded(self, concept: Node, system: str) -> list[str]:
        """The codes of one system, wherever they stand."""
        told = children(concept, "coding")
        return [text(coding, "code") for coding in told if self.system(coding) == system and text(coding, "code")]


@cache
def vocabulary() -> Vocabulary:
    """Read once. Raises CatalogError where the file is none."""
    told = parsed(FILE, read_bytes(KNOWLEDGE / FILE))
    groups = ("resources", "given", "condition", "encounter", "names")
    lists = {(group, name): words for group in groups for name, words in told[group].items() if isinstance(words, list)}
    return Vocabulary(
        systems={uri: name for name, uris in told["systems"].items() for uri in uris},
        words={key: frozenset(words) for key, words in lists.items()},
        contexts=_diagnoses(told["contexts"]),
        findings=_diagnoses(told["findings"]),
        certainty=told["condition"]["certainty"],
        strength=_strength(told["names"]["strengths"]),
        diluted=_diluted(told["names"]["diluents"]),
    )


def _diagnoses(told: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Diagnosis]:
    return {
        name: Diagnosis(frozenset(codes.get("snomed", ())), tuple(codes.get("icd10", ())))
        for name, codes in told.items()
    }


def _diluted(fluids: list[str]) -> re.Pattern[str]:
    """ "… in sodium chloride 0.9 % 100 ml ivpb" to its end."""
    return re.compile(rf"\s+in\s+(?:{'|'.join(map(re.escape, fluids))})(?!\w).*$")


def _strength(units: list[str]) -> re.Pattern[str]:
    """ "30 mg/kg", "10mg/ml", "0.9 %", "100 mg/0.67 ml" as a pattern."""
    unit = "(?:" + "|".join(re.escape(one) for one in sorted(units, key=len, reverse=True)) + ")"
    number = r"[0-9][0-9.,]*"
    return re.compile(rf"(?<![\w.-]){number}\s*{unit}(?:\s*/\s*(?:{number}\s*)?{unit})*(?!\w)")
