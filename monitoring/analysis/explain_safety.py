"""Why the flags of safety.py hold: sentence, values, and every sum between them, to be done again by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitoring.analysis.comparability import broken_trait, laboratory_of
from monitoring.analysis.draws import Places, diluted_draws
from monitoring.analysis.evidence import Row, calculation, confounders, number, running, shown
from monitoring.analysis.newest import dated, hours_later, later_sum
from monitoring.terms import Catalog, Rule

if TYPE_CHECKING:
    from monitoring.analysis.explain import Grounds

Pair = tuple[Row, Row]


def hook(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    base, now = grounds.points[flag.places[0]], grounds.points[flag.places[2]]
    bound = grounds.points.get(flag.places[1])
    panel = _pairs(flag.places[3:], grounds)
    values = [base] if bound is None or bound["ref"] == base["ref"] else [base, bound]
    analyte = grounds.catalog.analytes[rule.analyte]
    words = {
        "label": analyte.label,
        "unit": analyte.unit,
        "value": number(now, grounds.catalog),
        "before": number(base if bound is None else bound, grounds.catalog),
    }
    later = hours_later(flag.patient_id, now, grounds.newest)
    beside = [shown(role, point) for pair in panel for role, point in zip(("baseline", "window"), pair, strict=True)]
    return {
        "sentence": dated(rule.sentences["holds" if panel else "alone"].format(**words), later),
        "evidence": [
            *(shown("baseline", point) for point in values), shown("newest", now),
            *_fall(base, now, rule, analyte.half_life_hours or math.inf), *beside, *_panel_sums(panel, rule, grounds),
            *later_sum(later, analyte.label),
        ],
        "confounders": confounders([*values, now, *(point for pair in panel for point in pair)]),
    }  # fmt: skip


def _fall(base: Row, now: Row, rule: Rule, half_life: float) -> list[Row]:
    hours, noise = now["hour"] - base["hour"], rule.parameters["z"] * math.sqrt(2) * now["sigma"]
    left = base["value"] * 2 ** (-hours / half_life)
    unit = base["unit"]
    fall = -100 * math.expm1((now["log"] - base["log"]) * 24 / hours) if hours else math.nan
    return [
        calculation("hours between", hours, "h", "newest less the first value"),
        calculation("fall per 24 h", fall, "%", "1 − (newest / first) to the power of 24 / hours"),
        calculation("half-life", half_life, "h", "of the analyte, in the catalog"),
        calculation("left if production had stopped", left, unit, "first × 2 to the power of −hours / half-life"),
        calculation("noise of one value", now["sigma"], "log", "sqrt(ln(1+CVA²) + ln(1+CVI²)), Fokkema 2006"),
        calculation("least within the noise", left * math.exp(-noise), unit, "what is left × exp(−z × sqrt 2 × noise)"),
    ]


def _panel_sums(panel: list[Pair], rule: Rule, grounds: Grounds) -> list[Row]:
    z = [_z(pair, good=True, grounds=grounds) for pair in panel]
    limit = rule.parameters["z_panel"]
    how = "ln(later / earlier) / (sqrt 2 × noise), above zero for the better"
    return [
        *(
            calculation(f"{_label(pair, grounds)}: change in noises", one, "", how)
            for pair, one in zip(panel, z, strict=True)
        ),
        calculation("other markers measured", len(panel), "", "of the rule's, on both sides and without a product"),
        calculation("other markers better", sum(one >= limit for one in z), "", f"change of {limit:g} noises or more"),
        calculation("other markers worse", sum(one <= -limit for one in z), "", f"change of −{limit:g} or less"),
    ]


def comparability(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    pairs = [(_placed(one, grounds), _placed(two, grounds)) for one, two in _pairs(flag.places, grounds)]
    told = [(broken_trait(*pair), pair) for pair in pairs]
    what, (before, after) = told[-1]
    words = {
        "label": _label(told[-1][1], grounds), "what": what, "before": before[what], "after": after[what],
        "more": str(len(pairs) - 1),
    }  # fmt: skip
    values = [
        shown(role, point) | {"named": f"{trait} {point[trait]}"}
        for trait, pair in told
        for role, point in zip(("baseline", "newest"), pair, strict=True)
    ]
    count = calculation("series broken", len(pairs), "", "no value before a break is compared with one after it")
    return {
        "sentence": rule.sentences["several" if len(pairs) > 1 else "holds"].format(**words),
        "evidence": [*values, count],
        "confounders": [],
    }


def _placed(point: Row, grounds: Grounds) -> Row:
    return point | {"laboratory": laboratory_of(point["source"], grounds.catalog)}


def draw(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    pairs = sorted(_pairs(flag.places, grounds), key=lambda pair: grounds.catalog.analytes[pair[1]["analyte"]].order)
    z = [_z(pair, good=False, grounds=grounds) for pair in pairs]
    jumped = sum(abs(one) >= rule.parameters["z_jump"] for one in z)
    lowered = [
        after["log"] - before["log"] for before, after in pairs if after["analyte"] in rule.parameters["analytes"]
    ]
    common = 100 * math.expm1(median(lowered)) if lowered else math.nan
    diluted = flag.places in grounds.diluted
    words = {"jumped": str(jumped), "compared": str(len(pairs)), "change": f"{abs(common):.0f}"}
    how = "ln(newest / before) / (sqrt 2 × noise of one value)"
    return {
        "sentence": rule.sentences["diluted" if diluted else "mixed"].format(**words),
        "evidence": [
            *(shown(role, point) for pair in pairs for role, point in zip(("baseline", "newest"), pair, strict=True)),
            *(
                calculation(f"{_label(pair, grounds)}: change in noises", one, "", how)
                for pair, one in zip(pairs, z, strict=True)
            ),
            calculation("markers compared", len(pairs), "", "with a recent value by the same method and no product"),
            calculation("markers that jumped", jumped, "", f"{rule.parameters['z_jump']:g} noises or more"),
            calculation(
                "common change", common, "%", "exp of the median ln(newest / before) of what dilution lowers, less 1"
            ),
        ],
        "confounders": [],
    }


def lineages(flag: Any, rule: Rule, grounds: Grounds) -> Row:
    points = [grounds.points[place] for place in flag.places]
    labels = [grounds.catalog.analytes[point["analyte"]].label for point in points]
    # as measured: rounded, a value just below its limit would read like the limit
    lines = [f"{running(label)} {p['comparator']}{p['value']:.4g}" for label, p in zip(labels, points, strict=True)]
    later = [hours_later(flag.patient_id, point, grounds.newest) for point in points]
    together = later[0] if len({*later}) == 1 else 0.0  # mostly all of them are measured in one draw
    own = [0.0 if together else hours for hours in later]
    text = ", ".join(dated(line, hours) for line, hours in zip(lines, own, strict=True))
    sums = [one for label, hours in zip(labels, later, strict=True) for one in later_sum(hours, label)]
    limits = [
        calculation(f"{label}: limit", _limit(p, rule), p["unit"], "threshold of the rule for the patient's age")
        for label, p in zip(labels, points, strict=True)
    ]
    return {
        "sentence": dated(rule.sentences["holds"].format(lines=text[:1].upper() + text[1:]), together),
        "evidence": [*(shown("newest", point) for point in points), *limits, *sums],
        "confounders": confounders(points, used=True),
    }


def _limit(point: Row, rule: Rule) -> float:
    """The plain limit; a value that is low though it lies above it is a newborn's."""
    plain = rule.parameters[f"{point['analyte']}_below"]
    low = point["value"] < plain or (point["comparator"] == "<" and point["value"] <= plain)
    return float(plain if low else rule.parameters[f"newborn_{point['analyte']}_below"])


def diluted(flags: pd.DataFrame, points: Mapping[int, Row], catalog: Catalog) -> frozenset[Places]:
    """Of the flags of draws the places of those that dilution explains: each by itself is a frame of its own."""
    rules = {code: catalog.rules[code] for code in flags["flag"].unique()}
    told = {
        code: {places: _paired(places, points) for places in flags.loc[flags["flag"] == code, "places"]}
        for code, rule in rules.items()
        if rule.kind == "draw"
    }
    return frozenset().union(*(diluted_draws(each, rules[code]) for code, each in told.items()))


def _pairs(places: Places, grounds: Grounds) -> list[Pair]:
    return _paired(places, grounds.points)


def _paired(places: Places, points: Mapping[int, Row]) -> list[Pair]:
    return [(points[one], points[two]) for one, two in zip(places[::2], places[1::2], strict=True)]


def _z(pair: Pair, *, good: bool, grounds: Grounds) -> float:
    """The change in noises of a difference; with `good` above zero for the better."""
    before, after = pair
    sign = -1 if good and grounds.catalog.analytes[after["analyte"]].worse == "up" else 1
    return float(sign * (after["log"] - before["log"]) / (math.sqrt(2) * after["sigma"]))


def _label(pair: Pair, grounds: Grounds) -> str:
    return grounds.catalog.analytes[pair[1]["analyte"]].label


SAFETY: dict[str, Callable[[Any, Rule, Grounds], Row]] = {
    "hook": hook,
    "comparability": comparability,
    "draw": draw,
    "lineages": lineages,
}
