"""drugs.toml and products.toml -> Drug, Product."""

from __future__ import annotations

from monitoring.catalog_entries import Entry
from monitoring.terms import LINES, DoseRange, Drug, Effect, Product

DIRECTIONS = ("up", "down", "any")


def drug(entry: Entry) -> Drug:
    return Drug(
        code=entry.code,
        label=entry.text("label"),
        short=entry.text("short"),
        line=entry.one_of("line", LINES),
        rxnorm=entry.texts("rxnorm", ()),
        atc=entry.texts("atc", ()),
        aliases=entry.texts("aliases"),
        prednisone_factor=entry.inner_or_none("prednisone", lambda part: reasoned(part, "factor")),
        starts_course=entry.truth("starts_course", False),
        high_dose_names=entry.texts("high_dose_names", ()),
        high_when_unstated=entry.inner_or_none("unstated_dose", unstated_routes) or (),
        holds_hours=entry.inner("holds").made(lambda part: reasoned(part, "hours")),
        doses=tuple(one.made(dose_range) for one in entry.inner_list("doses")),
        option_after=tuple(entry.texts("option_after", ())),  # type: ignore[arg-type]
        option_order=entry.whole("option_order", 0),
        caution=entry.text("caution", ""),
        source=entry.cited(),
    )


def reasoned(entry: Entry, field: str) -> float:
    """A number that must stand with its reason and source, though only the number is kept."""
    value = above_zero(entry, field)
    entry.text("why")
    entry.cited()
    return value


def unstated_routes(entry: Entry) -> tuple[str, ...]:
    entry.text("why")
    entry.cited()
    return tuple(entry.texts("high_by_routes"))


def above_zero(entry: Entry, field: str) -> float:
    value = entry.number(field)
    if value <= 0:
        raise entry.wrong(field, f"should be above zero, found {value:g}")
    return value


def dose_range(entry: Entry) -> DoseRange:
    low, high = above_zero(entry, "low"), above_zero(entry, "high")
    if low > high:
        raise entry.wrong("low", f"is out of order: {low:g} should not be above {high:g}")
    if entry.has("maximum") != entry.has("maximum_unit"):
        raise entry.wrong("maximum", "needs its maximum_unit, and the other way round")
    return DoseRange(
        low=low,
        high=high,
        unit=entry.text("unit"),
        maximum=entry.optional_number("maximum"),
        maximum_unit=entry.text("maximum_unit", ""),
        schedule=entry.text("schedule", ""),
        source=entry.cited(),
    )


def product(entry: Entry) -> Product:
    codes = tuple(code for system in ("rxnorm", "atc", "snomed") for code in entry.texts(system, ()))
    return Product(
        code=entry.code,
        label=entry.text("label"),
        short=entry.text("short"),
        aliases=entry.texts("aliases", ()) + codes,
        drug=entry.text("drug", ""),
        effects=tuple(one.made(effect) for one in entry.inner_list("effects")),
        source=entry.cited(),
    )


def effect(entry: Entry) -> Effect:
    return Effect(
        analyte=entry.text("analyte"),
        direction=entry.one_of("direction", DIRECTIONS),
        hours=above_zero(entry, "hours"),
        size=entry.text("size"),
        source=entry.cited(),
        **strength(entry),
    )


def strength(entry: Entry) -> dict[str, float]:
    """All three numbers of a known strength, or none."""
    names = ("raises_per_mg_kg", "half_life_hours", "differs")
    return {name: above_zero(entry, name) for name in names} if set(names) & set(entry.table) else {}
