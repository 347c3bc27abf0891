"""Which values a product moved by itself: direction, why, and whether a rule may still use them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Between, Laid, by_text, chosen_texts, moments, texts
from monitoring.analysis.matching import first_of_each, paired
from monitoring.analysis.remembering import of_catalog
from monitoring.terms import Catalog, Effect, Product

MICROSECONDS = 3.6e9  # in an hour
TEXTS = {"by": "given", "why": "why", "way": "way"}


@of_catalog
def effects(catalog: Catalog) -> pd.DataFrame:
    """Every effect of every product, a row each: given, analyte, way, hours, why, kept."""
    keep = float(catalog.settings["mark_only_after_hours"])
    rows = [_row(product, effect, keep) for product in catalog.products.values() for effect in product.effects]
    return pd.DataFrame(rows, columns=["given", "analyte", "way", "hours", "why", "kept"])


def _row(product: Product, effect: Effect, keep: float) -> tuple[str, str, str, float, str, bool]:
    """An effect of weeks that pulls one way is marked, not left out: leaving it out would hide the course."""
    why = f"{product.label}: {effect.size}" if effect.size else product.label
    kept = effect.hours > keep and effect.direction != "any"
    return product.code, effect.analyte, effect.direction, effect.hours, why, kept


@dataclass(frozen=True)
class Confounded:
    """The columns confounded_by, _why, _way ("" where nothing moved a value), _kept; and which values are left out."""

    columns: dict[str, Any]
    left_out: np.ndarray


def confounded(told: pd.DataFrame, laid: Laid, doses: pd.DataFrame, catalog: Catalog) -> Confounded:
    """
    What moved each value of `told`, which go by series.

    A value counts as moved when it was drawn after the product began and no later than the effect's hours after it
    ended. Of several products the one that bars use goes first, then the one given last.
    """
    at, effect = moved(told, laid, doses, effects(catalog))
    every = effects(catalog)
    kept, left_out = np.zeros((2, len(told)), dtype=bool)
    kept[at] = every["kept"].to_numpy(dtype=bool)[effect]
    left_out[at] = ~kept[at]
    which = np.zeros(len(told), dtype=np.int64)
    which[at] = effect + 1
    named = {f"confounded_{name}": chosen_texts(["", *every[of]], which) for name, of in TEXTS.items()}
    return Confounded(named | {"confounded_kept": kept}, left_out)


def given_among(doses: pd.DataFrame, products: Iterable[str]) -> pd.DataFrame:
    """Those of some products: most doses are of none, and texts are compared one by one."""
    return doses.take(np.flatnonzero(by_text(doses["given"], dict.fromkeys(products, True), False)))


def moved(told: pd.DataFrame, laid: Laid, doses: pd.DataFrame, effect: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the values that one of these effects moved, each once, and of the effect."""
    product, analyte = (texts(effect[name]) for name in ("given", "analyte"))
    doses = given_among(doses, product)
    dose, kind = paired([texts(doses["given"])], [product])
    started, ended = moments(doses["started_at"])[dose], moments(doses["ended_at"])[dose]
    hours = (effect["hours"].to_numpy(dtype=float) * MICROSECONDS).astype("timedelta64[us]")
    until = np.where(np.isnat(ended), started, ended) + hours[kind]
    times = Between(moments(told["collected_at"]), started, until)
    row, at = laid.touched_between(texts(doses["patient_id"])[dose], analyte[kind], times)
    kind, begun = kind[row], started[row].astype(np.int64)
    order = np.lexsort((-begun, effect["kept"].to_numpy(dtype=bool)[kind], at))
    first = order[first_of_each(at[order])]
    return at[first], kind[first]
