"""Which values a product moved by itself: direction, why, and whether a rule may still use them."""

from __future__ import annotations

import pandas as pd

from monitoring.terms import Catalog, Effect, Product

COLUMNS = ["confounded_by", "confounded_why", "confounded_way", "confounded_kept"]


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


def confounded(observations: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    For each observation (same index): confounded_by, confounded_why, confounded_way, confounded_kept.

    A value counts as moved when it was drawn after the product began and no later than the effect's hours after it
    ended. Of several products the one that bars use goes first, then the one given last.
    """
    plain = pd.DataFrame(
        {"confounded_by": "", "confounded_why": "", "confounded_way": "", "confounded_kept": False},
        index=observations.index,
    )
    moved = _moved(observations, doses, catalog)
    plain.loc[moved.index, COLUMNS] = moved[COLUMNS]
    return plain


def _moved(observations: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    given = doses[["patient_id", "given", "started_at", "ended_at"]].merge(effects(catalog), on="given")
    given["until"] = given["ended_at"].fillna(given["started_at"]) + pd.to_timedelta(given["hours"], unit="h")
    touched = observations[["patient_id", "analyte", "collected_at"]].reset_index(names="at")
    pairs = touched.merge(given, on=["patient_id", "analyte"])
    pairs = pairs[(pairs["collected_at"] > pairs["started_at"]) & (pairs["collected_at"] <= pairs["until"])]
    pairs = pairs.sort_values(["at", "kept", "started_at"], ascending=[True, True, False]).drop_duplicates("at")
    named = {"given": "confounded_by", "why": "confounded_why", "way": "confounded_way", "kept": "confounded_kept"}
    return pairs.rename(columns=named).set_index("at")
