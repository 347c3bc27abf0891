"""A small catalog made by hand: enough for every way a screen draws things, and untouched by edits of the knowledge."""

from __future__ import annotations

from typing import Any

from monitoring.terms import (
    Analyte,
    Catalog,
    Cited,
    DoseRange,
    Drug,
    Effect,
    Interval,
    Product,
    Reference,
    Rule,
    Threshold,
    Variation,
)

S1, S2 = Cited(("S1",), "S1"), Cited(("S2",), "S2")
HLH = Cited(("henter2007",), "V")


def analyte(code: str, label: str, unit: str, axis: str, order: int, **more: Any) -> Analyte:
    plain: dict[str, Any] = {
        "decimals": 0, "worse": "up", "loinc": (), "aliases": (), "units": {}, "specimens": (), "plausible": (0.0, 1e6),
        "variation": Variation(0.03, 0.10, S1), "intervals": (), "thresholds": (), "half_life_hours": None,
        "half_life_source": None, "due_hours": None, "due_source": None, "si_unit": unit, "si_factor": 1.0,
        "source": S1,
    }  # fmt: skip
    return Analyte(code=code, label=label, unit=unit, axis=axis, order=order, **(plain | more))


def interval(low: float | None, high: float | None, sex: str = "") -> Interval:
    return Interval(low, high, sex, 0.0, 200.0, S1)


ANALYTES = (
    analyte("ferritin", "Ferritin", "ug/L", "log", 1, variation=Variation(0.05, 0.128, S1), due_hours=12.0,
            intervals=(interval(30, 400, "male"), interval(15, 150, "female")),
            thresholds=(Threshold(10000, "highly suspicious", S1),), si_unit="pmol/L", si_factor=2.247),
    analyte("fibrinogen", "Fibrinogen", "g/L", "linear", 2, decimals=2, worse="down", due_hours=12.0,
            intervals=(interval(2.0, 4.0),),
            thresholds=(Threshold(3.6, "MAS 2016", S2), Threshold(1.5, "HLH-2004", HLH))),
    analyte("platelets", "Platelets", "10*9/L", "linear", 3, worse="down", due_hours=12.0,
            intervals=(interval(150, 400),), thresholds=(Threshold(100, "HLH-2004", HLH),)),
    analyte("crp", "CRP", "mg/L", "log", 4, intervals=(interval(None, 5),), variation=Variation(0.05, 0.42, S1)),
    analyte("ast", "AST", "U/L", "log", 5, intervals=(interval(10, 40),), thresholds=(Threshold(48, "MAS 2016", S2),),
            si_unit="ukat/L", si_factor=1 / 60),
    analyte("ldh", "LDH", "U/L", "log", 6, intervals=(interval(125, 250),)),
    analyte("triglycerides", "Triglycerides", "mmol/L", "log", 7, decimals=1, intervals=(interval(None, 1.7),),
            thresholds=(Threshold(3.0, "HLH-2004", HLH),)),
    analyte("hemoglobin", "Haemoglobin", "g/L", "linear", 8, worse="down", intervals=(interval(120, 155),)),
    analyte("temperature", "Temperature", "Cel", "linear", 20, decimals=1),
)  # fmt: skip

ANAKINRA = DoseRange(2, 10, "mg/kg/day", None, "", "in 1-4 doses", S1)
CICLOSPORIN = DoseRange(2, 7, "mg/kg/day", None, "", "in 2 doses", S1)
DRUGS = (
    ("methylprednisolone", "Methylprednisolone", "mPSL", "first", 1.25),
    ("dexamethasone", "Dexamethasone", "Dexa", "first", 6.67),
    ("prednisolone", "Prednisolone", "Pred", "first", 1.0),
    ("anakinra", "Anakinra", "Anakinra", "second", None),
)


def drug(code: str, label: str, short: str, line: str, factor: float | None) -> Drug:
    return Drug(
        code, label, short, line, (), (), (), factor, factor is not None, (), (), 24.0, (), ("first",), 1, "", S1
    )


def product(code: str, label: str, short: str, moves: str, way: str) -> Product:
    return Product(code, label, short, (), "", (Effect(moves, way, 48.0, "", S1),), S1)


PRODUCTS = (
    product("fibrinogen_concentrate", "Fibrinogen concentrate", "fibrinogen concentrate", "fibrinogen", "up"),
    product("tocilizumab", "Tocilizumab", "tocilizumab", "crp", "down"),
)


def rule(code: str, label: str, severity: str, moves: str, number: float, changes: str) -> Rule:
    return Rule(
        code,
        "1",
        code,
        label,
        severity,
        moves,
        {"z": number},
        {"z": S1},
        {"z": "beyond the noise of the test"},
        {},
        changes,
    )


RULES = (
    rule("ferritin_rising", "Ferritin rising", "urgent", "ferritin", 1.96, "two values in a row that no longer rise"),
    rule(
        "fibrinogen_falling", "Fibrinogen falling", "watch", "fibrinogen", 1.96, "a value back above the last but one"
    ),
    rule("steroid_nonresponse", "Steroid non-response", "urgent", "", 1.96, "the 72 h labs"),
    rule("labs_overdue", "Labs overdue", "watch", "", 4.0, "a new value of each"),
)
REFERENCES = {
    "S1": Reference("S1", "Founding document 1: management of macrophage activation syndrome in intensive care"),
    "S2": Reference("S2", "Founding document 2: monitoring of macrophage activation syndrome"),
    "henter2007": Reference(
        "henter2007", "Henter JI et al. Pediatr Blood Cancer 2007;48:124-31", "https://doi.org/10.1002/pbc.21039"
    ),
}


def catalog() -> Catalog:
    return Catalog(
        analytes={entry.code: entry for entry in ANALYTES},
        drugs={entry[0]: drug(*entry) for entry in DRUGS},
        products={entry.code: entry for entry in PRODUCTS},
        rules={entry.code: entry for entry in RULES},
        references=REFERENCES,
        findings={},
        contexts=("AOSD", "sJIA", "unknown"),
        specimen_aliases={},
        phrases={},
        settings={
            "verdict_news_hours": 168,
            "silent_after_days": 14,
            "trend_z": 1.96,
            "urgent_unanswered_hours": 1.0,
            "snooze_longest_hours": 12.0,
            "snooze_urgent_longest_hours": 4.0,
        },
        settings_sources={},
        version="hand-made",
    )
