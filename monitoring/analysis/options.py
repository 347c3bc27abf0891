"""What the founding documents and current guidance name as a next step: options with source and dose, never orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from monitoring.analysis.dosing import for_body, range_text
from monitoring.terms import Catalog, DoseRange, Drug

RULE = "cautions"


def options(line: dict[str, Any], body: dict[str, float], catalog: Catalog) -> list[dict[str, Any]]:
    """The drugs offered after the current line that are not already being given, in the catalog's order."""
    here, given = line.get("line", "first"), set(line.get("drugs", []))
    after = "first" if here == "none" else here
    offered = [d for d in catalog.drugs.values() if after in d.option_after and d.code not in given]
    return [_option(drug, body) for drug in sorted(offered, key=lambda d: d.option_order)]


def _option(drug: Drug, body: dict[str, float]) -> dict[str, Any]:
    return {
        "drug": drug.code,
        "label": drug.label,
        "line": drug.line,
        "doses": [_dose(dose, body) for dose in drug.doses],
        "caution": drug.caution,
        "source": list(drug.source.cite),
    }


def _dose(dose: DoseRange, body: dict[str, float]) -> dict[str, Any]:
    """`for_patient` is empty where weight or surface area is not known: then the range alone stands."""
    return {
        "range": range_text(dose),
        "schedule": dose.schedule,
        "for_patient": for_body(dose, body),
        "source": list(dose.source.cite),
        "tag": dose.source.tag,
    }


def cautions(context: str, findings: Iterable[str], early: Iterable[str], catalog: Catalog) -> list[dict[str, Any]]:
    """
    What the setting adds to the options: an infection (context or finding), CAR-T, a biologic given too early. `early`:
    drugs as `early_biologics` finds them.
    """
    rule = catalog.rules[RULE]
    drugs = ", ".join(catalog.drugs[code].label for code in early)
    held = {
        "infection": context in rule.parameters["infection"] or bool(set(findings) & set(rule.parameters["infection"])),
        "cart": context in rule.parameters["cart"],
        "early_biologic": bool(drugs),
    }
    return [
        {
            "code": name,
            "text": catalog.phrases["cautions"][name].format(drugs=drugs),
            "source": list(rule.sources[name].cite),
            "tag": rule.sources[name].tag,
        }
        for name, holds in held.items()
        if holds
    ]


def early_biologics(spans: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog) -> dict[str, list[str]]:
    """Patient -> the biologics that were started before, or less than the rule's hours after, high-dose steroid."""
    rule = catalog.rules[RULE]
    given = spans[spans["given"].isin(rule.parameters["early_biologic"])][["patient_id", "given", "started_at"]]
    first = t0.groupby("patient_id")["t0"].min().rename("first").reset_index()
    both = given.merge(first, on="patient_id", how="left").sort_values("started_at")
    enough = both["first"] + pd.Timedelta(hours=rule.parameters["enough_hours"])
    early = both[~(both["started_at"] >= enough)].drop_duplicates(["patient_id", "given"])
    return {str(patient): list(mine) for patient, mine in early.groupby("patient_id")["given"]}
