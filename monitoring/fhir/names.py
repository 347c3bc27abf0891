"""The substance in a medication's name: "anakinra 100 mg inj" is anakinra; dexamethasone eye drops are not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitoring import lookup
from monitoring.fhir.vocabulary import Vocabulary, vocabulary

BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
LONGEST = 300  # a longer text is no name


def known_substance(name: str, given: Mapping[str, str]) -> str:
    """
    The name, or what is left of it without strengths, forms and what it is dissolved in, if the catalog knows it;
    else "". `given`: the catalog's names in plain form.
    """
    plain, words = lookup.plain_name(name[:LONGEST]), vocabulary()
    if plain in given:
        return plain
    plain = words.diluted.sub("", plain)
    left = _bare(BRACKETS.sub(" ", plain), words)
    asides = filter(None, (_bare(one or other, words) for one, other in BRACKETS.findall(plain)))
    agree = all(given.get(told) == given.get(left) for told in asides)
    return left if left in given and agree else ""


def _bare(plain: str, words: Vocabulary) -> str:
    told = [word.strip(",;:") for word in words.strength.sub(" ", plain).split()]
    return " ".join(word for word in told if word and not words.means("names", "forms", word))
