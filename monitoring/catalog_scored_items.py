"""One line of a score's table in scores.toml -> Item."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from monitoring.catalog_entries import Entry
from monitoring.errors import CatalogError
from monitoring.score_terms import LIMITS, WHENS, Bands, Count, Item, Kind, Newborn, Ratio, Step, Weight
from monitoring.units import normal_unit

PRESENT = 1.0  # a finding reads as 1 when it is there, as 0 when it is not
HOLDS = 1.0  # what a part counts for


def item(entry: Entry) -> Item:
    words = entry.code.replace("_", " ")
    return Item(entry.code, entry.text("label", words[:1].upper() + words[1:]), kind(entry), entry.cited())


def kind(entry: Entry) -> Kind:
    if entry.has("count"):
        return Count(
            tuple(one.made(part) for one in entry.inner_list("count")), read_steps(entry, entry.value("steps"))
        )
    if entry.has("over"):
        return Ratio(entry.inner("over").made(measured), entry.inner("under").made(measured))
    if entry.has("times"):
        return Weight(entry.text("component"), entry.number("times"), unit(entry))
    if entry.has("points"):
        return finding(entry, entry.number("points"))
    return Bands(entry.text("component"), limit(entry), by_unit(entry, "steps"))


def measured(entry: Entry) -> Weight:
    return Weight(entry.text("component"), 1.0, unit(entry))


def part(entry: Entry) -> Bands:
    """Something that holds or does not: a value beyond a cut-off, or a finding."""
    if not entry.has("when"):
        return finding(entry, HOLDS)
    newborn = entry.inner_or_none("newborn", lambda one: young(one, entry))
    return Bands(entry.text("component"), limit(entry), by_unit(entry, "value"), newborn)


def finding(entry: Entry, points: float) -> Bands:
    return Bands(entry.text("component"), "", MappingProxyType({"": (Step(">=", PRESENT, points),)}))


def young(entry: Entry, parent: Entry) -> Newborn:
    cut = (Step(parent.one_of("when", WHENS), entry.number("value"), HOLDS),)
    return Newborn(entry.number("under_days"), entry.number("not_from_kg"), cut)


def by_unit(entry: Entry, field: str) -> Mapping[str, tuple[Step, ...]]:
    found = {unit(entry): read(entry, field, entry.value(field))}
    for other, told in entry.value("others", {}).items():
        found[normal_unit(other)] = read(entry, field, told)
    return MappingProxyType(found)


def read(entry: Entry, field: str, told: Any) -> tuple[Step, ...]:
    if field == "steps":
        return read_steps(entry, told)
    return (Step(entry.one_of("when", WHENS), entry.as_number(field, told), HOLDS),)


def read_steps(entry: Entry, told: Any) -> tuple[Step, ...]:
    for row in told:
        if not isinstance(row, list) or len(row) != 3 or row[0] not in WHENS:
            raise entry.wrong("steps", f"should each be [comparison, value, points], found {row!r}")
    return tuple(Step(row[0], entry.as_number("steps", row[1]), entry.as_number("steps", row[2])) for row in told)


def unit(entry: Entry) -> str:
    told = entry.value("unit", "")
    return normal_unit(told) if told else ""


def limit(entry: Entry) -> Any:
    return entry.one_of("limit", LIMITS, "")


def steps(part: Bands | Weight) -> Mapping[str, Any]:
    """Unit -> steps of anything that looks at one component."""
    return part.steps if isinstance(part, Bands) else {part.unit: ()}


def refuse_disorder(entry: str, part: Bands | Weight) -> None:
    """From one step to the next the cut-offs must lead one way and the points must rise, or an interval would lie."""
    for told in steps(part).values():
        falling = {step.when[0] for step in told}
        values, points = [step.value for step in told], [step.points for step in told]
        if len(falling) > 1 or values != sorted(set(values), reverse=falling == {"<"}) or points != sorted(set(points)):
            raise CatalogError("scores.toml", entry, "steps", f"are out of order: {list(told)!r}")
