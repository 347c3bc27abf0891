"""What a score was made for, and where a patient lies outside of that: said, never hidden."""

from __future__ import annotations

import pandas as pd

from monitoring.score_terms import Score
from monitoring.terms import Catalog

NOT_TOLD = ("", "unknown")


def scopes(score: Score, people: pd.DataFrame, catalog: Catalog) -> list[str]:
    """For each patient the scope, then what of context and age does not fit it."""
    by_context = {context: _of_context(score, context, catalog) for context in people["context"].unique()}
    ages = [_of_age(score, years, catalog) for years in people["years"]]
    told = zip(people["context"], ages, strict=True)
    return [" ".join(part for part in (score.scope, by_context[context], age) if part) for context, age in told]


def _of_context(score: Score, context: str, catalog: Catalog) -> str:
    if not score.contexts or context in score.contexts:
        return ""
    name = "context_unknown" if context in NOT_TOLD else "context_outside"
    return catalog.scores.words[name].format(made_for=" or ".join(score.contexts), context=context)


def _of_age(score: Score, years: float, catalog: Catalog) -> str:
    start, end = score.years
    words = catalog.scores.words
    if start is not None and years < start:
        ages = words["ages_from"].format(from_years=start)
    elif end is not None and years >= end:
        ages = words["ages_below"].format(to_years=end)
    else:
        return ""
    return words["years_outside"].format(ages=ages, age=words["age_years"].format(years=years // 1))
