"""One spelling for the units that laboratories write. What a unit means is told by each analyte's own table."""

from __future__ import annotations

import re
import unicodedata

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

# Each step: what is looked for, what stands in its place. The order matters.
STEPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"\{[^}]*\}", ""),  # UCUM annotations carry no meaning (the D-dimer basis is taken out before)
        (r"(?<=10)\s+(?=[1-9]\d?\s*/)", "*"),  # a power whose raised digit came down beside it: 10 9/L
        (r"\s+", ""),
        (r"^[xX×*·.]+(?=1)", ""),  # x10^9/L
        (r"^10(?:\*\*|[\^*xX×(]|[eE]\+?|exp)?0?([1-9]\d?)\)?(?=\D|$)", r"10*\1"),
        (r"[.*·]?([A-Za-z]+)\^?-1(?!\d)", r"/\1"),  # g·L⁻¹
        (r"(?<=[A-Za-z])[\^*](?=\d)", ""),  # mm³, m²
        (r"(?i)(?:cells?|zellen)(?=/)", ""),
        (r"(?i)(?<=/)c(?:u\.?)?mm\b", "mm3"),
        (r"(?i)(?<![a-z])mc(?=(?:g|l|mol|kat)\b)", "u"),
        (r"\.(?=/|$)", ""),  # Tsd./µl
    )
)
BASIS = re.compile(r"[({\[]?(FEU|D-?DU)[)}\]]?", re.IGNORECASE)


def normal_unit(text: str) -> str:
    """
    The unit in one spelling, so that "Tsd./µl", "10³/µL", "×10^9/L" and "10 9/L" meet their like. Case is kept.

    The basis of a D-dimer (FEU or DDU) is kept as a closing annotation wherever it stood; other annotations go.
    """
    raised = re.sub("[⁰¹²³⁴-⁹⁺⁻]+", lambda run: "^" + run.group().translate(SUPERSCRIPT), text)
    plain = unicodedata.normalize("NFKC", raised).replace("μ", "u").replace("−", "-")
    basis = BASIS.search(plain)
    plain = BASIS.sub("", plain)
    for pattern, replacement in STEPS:
        plain = pattern.sub(replacement, plain)
    return plain + ("{" + basis.group(1).upper().replace("-", "") + "}" if basis else "")


def without_basis(unit: str) -> str:
    """A normalised unit without its D-dimer basis."""
    return unit.partition("{")[0]
