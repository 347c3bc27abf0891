"""What the founding documents and current guidance name as a next step: options with source and dose, never orders."""

from __future__ import annotations

from typing import Any

from monitoring.analysis.dosing import for_body, range_text
from monitoring.terms import Catalog, DoseRange, Drug


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
