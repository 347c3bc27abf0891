"""The substance in a medication's name: "anakinra 100 mg inj" is anakinra; dexamethasone eye drops are not."""

from __future__ import annotations

import re

from monitoring import lookup
from monitoring.fhir.outcomes import Surroundings

BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
LONGEST = 300  # a longer text is no name


def known_substance(name: str, near: Surroundings) -> str:
    """The name, or what is left of it without strengths and forms, if the catalog knows it; else ""."""
    plain = lookup.plain_name(name[:LONGEST])
    if plain in near.given:
        return plain
    left = _bare(BRACKETS.sub(" ", plain), near)
    asides = [_bare(one or other, near) for one, other in BRACKETS.findall(plain)]
    agree = all(not told or near.given.get(told) == near.given.get(left) for told in asides)
    return left if left in near.given and agree else ""


def _bare(plain: str, near: Surroundings) -> str:
    words = [word.strip(",;:") for word in near.words.strength.sub(" ", plain).split()]
    return " ".join(word for word in words if word and not near.words.means("names", "forms", word))
