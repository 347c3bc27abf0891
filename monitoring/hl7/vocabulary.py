"""Which of the names, codes and units that a coded field offers is one the catalog knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from monitoring import lookup
from monitoring.fhir.names import known_substance
from monitoring.sieve import OwnName
from monitoring.terms import Catalog
from monitoring.units import normal_unit

LOINC = frozenset(("LN", "LOINC", "HTTP://LOINC.ORG", "2.16.840.1.113883.6.1"))
RXNORM = frozenset(("RXNORM", "RXN", "RXNCUI", "2.16.840.1.113883.6.88"))
TRIPLETS = ((0, 1, 2), (3, 4, 5))  # code, text, coding system; the second is the alternate
ORIGINAL = 8  # CWE.9, what was written before anybody coded it


@dataclass(frozen=True)
class Vocabulary:
    """The catalog's names, gathered once for a file. `own`: what the source calls an analyte by, in plain form."""

    analytes: Mapping[str, tuple[str, ...]]
    loincs: Mapping[str, str]
    given: Mapping[str, str]
    units: Mapping[str, frozenset[str]]  # analyte -> the spellings it is known in, case folded
    specimens: Mapping[str, str]
    own: Mapping[str, OwnName] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog, own: Mapping[str, OwnName] | None = None) -> Vocabulary:
        return cls(
            analytes=lookup.analyte_names(catalog),
            loincs=lookup.loinc_codes(catalog),
            given=lookup.given_names(catalog),
            units={code: frozenset(map(str.casefold, one.units)) for code, one in catalog.analytes.items()},
            specimens=catalog.specimen_aliases,
            own=own or {},
        )

    def analyte(self, told: Sequence[str]) -> tuple[str, str]:
        """(LOINC, name) of OBX-3. A LOINC in either place says more than a local code that the site does not map."""
        triplets = [tuple(_part(told, place) for place in places) for places in TRIPLETS]
        coded = [(code, text) for code, text, system in triplets if system.upper() in LOINC and code]
        known = [pair for pair in coded if pair[0] in self.loincs]
        if own := self._own(told):
            return next((code for code, _ in (*known, *coded)), ""), own
        if coded:
            return (known or coded)[0]
        (code, text, _), (other, words, _) = triplets
        offered = [name for name in (text, code, words, other, _part(told, ORIGINAL)) if name]
        return "", self._name(offered) or code or next(iter(offered), "")

    def drug(self, told: Sequence[str]) -> str:
        """The name or code of what was given. A bare number counts only where its system says it is RxNorm's."""
        triplets = [tuple(_part(told, place) for place in places) for places in TRIPLETS]
        offered = [text for _, text, _ in triplets]
        offered += [code for code, _, system in triplets if not code.isdigit() or system.upper() in RXNORM]
        offered.append(_part(told, ORIGINAL))
        named = {text: known_substance(text, self.given) for text in offered if text}
        known = {self.given[plain]: plain for plain in named.values() if plain}
        return " / ".join(known.values()) or next((text for text in (*offered, *told) if text), "")

    def unit(self, told: Sequence[str], loinc: str, name: str) -> str:
        """The first spelling in which the analyte is known, else the first."""
        offered = [text for place in (0, 3, 1, 4, ORIGINAL) if (text := _part(told, place))]
        own = self.own.get(lookup.plain_name(name))
        candidates = (own.analyte,) if own else self._candidates(loinc) or self._candidates(name)
        units = frozenset(unit for code in candidates for unit in self.units[code])
        known = (text for text in offered if normal_unit(text).casefold() in units)
        return next(known, next(iter(offered), ""))

    def specimen(self, offered: Iterable[Sequence[str]]) -> str:
        """What was drawn, of the parts of each specimen told; several that differ are named together."""
        named = [self._specimen([text for text in parts if text]) for parts in offered]
        kinds = {self.specimens.get(lookup.plain_name(name), name): name for name in named if name}
        return ", ".join(kinds.values())

    def _specimen(self, parts: Sequence[str]) -> str:
        known = (text for text in parts if lookup.plain_name(text) in self.specimens)
        words = (text for text in parts if re.search(r"[^\W\d]{3}", text))
        return next(known, next(words, next(iter(parts), "")))

    def _own(self, told: Sequence[str]) -> str:
        """The first code or text that the site maps for this source."""
        parts = [_part(told, place) for place in (0, 3, 1, 4, ORIGINAL)] if self.own else []
        return next((part for part in parts if part and lookup.plain_name(part) in self.own), "")

    def _name(self, offered: Sequence[str]) -> str:
        """The most telling of the names known here; all of them where they contradict each other."""
        known = [(name, frozenset(self._candidates(name))) for name in offered]
        known = [(name, candidates) for name, candidates in known if candidates]
        if not known:
            return ""
        if not reduce(frozenset.intersection, (candidates for _, candidates in known)):
            return " / ".join(name for name, _ in known)
        return min(known, key=lambda pair: len(pair[1]))[0]

    def _candidates(self, name: str) -> tuple[str, ...]:
        return self.analytes.get(lookup.plain_name(name), ()) or tuple(filter(None, [self.loincs.get(name)]))


def _part(told: Sequence[str], place: int) -> str:
    return told[place] if place < len(told) else ""
