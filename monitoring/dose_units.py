"""How doses are counted, in one spelling: an amount, perhaps by weight or surface, perhaps by day."""

from __future__ import annotations

import re

from monitoring.units import normal_unit

SPELLINGS = {
    "mg": ("mg", "milligram", "milligrams", "milligramm"),
    "g": ("g", "gm", "gram", "grams", "gramm"),
    "ug": ("ug", "microgram", "micrograms", "mikrogramm"),
    "mL": ("ml", "millilitre", "millilitres", "milliliter", "milliliters"),
    "IU": ("iu", "i.u.", "ie", "i.e", "i.e.", "[iu]", "ui"),
    "units": ("units", "unit", "u", "e", "bag", "bags", "ek", "tk"),
    "plasma volumes": ("plasmavolumes", "plasmavolume", "pv"),
    "kg": ("kg", "kgbw", "kgkg", "kilogram"),
    "m2": ("m2", "qm", "sqm", "m2bsa"),
    "day": ("day", "d", "24h", "24hr", "24hours", "die", "tag"),
    "": ("dose", "session", "infusion", "gabe", "dosis"),
}
MEANING = {spelling: meaning for meaning, spellings in SPELLINGS.items() for spelling in spellings}
BODY = ("kg", "m2")
PER = re.compile(r"\s+(?:per|pro)\s+", re.IGNORECASE)


def dose_unit(text: str) -> str:
    """ "mg/kg per day" -> "mg/kg/day", "mg / m²" -> "mg/m2"; "" where the text says no unit that is known here."""
    amount, *per = (MEANING.get(part.casefold()) for part in normal_unit(PER.sub("/", text)).split("/"))
    if not amount or amount in (*BODY, "day") or None in per:
        return ""
    per = [part for part in per if part]
    if any(part not in (*BODY, "day") for part in per) or len([part for part in per if part in BODY]) > 1:
        return ""
    ordered = sorted(set(per), key=lambda part: part == "day")
    return "/".join([amount, *ordered]) if len(ordered) == len(per) else ""  # type: ignore[list-item]
