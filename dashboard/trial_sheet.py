"""How many flags rules on trial would have raised beside those in force, in words. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, Final

from dashboard import wording
from dashboard.markup import Markup, page
from monitoring.cohorts import few
from monitoring.terms import Catalog

Count = Callable[[int], str]

SPANS: Final[Mapping[str, int]] = {"last 7 days": 7, "last 30 days": 30, "last 90 days": 90}
NONE_TRIED: Final = (
    "No rule is on trial. With `shadow = true` beside a rule's changed numbers in the site's own file, the rule stays "
    "as it is, and what these numbers would have raised is counted here."
)
PER_DAYS: Final = 100


def trial_html(told: Mapping[str, Any], catalog: Catalog, *, exact: bool, at: datetime, zone: tzinfo) -> Markup:
    """
    `told`: see trial_reading. `exact`: for who may see everybody; to others counts are told as those of a cohort are,
    and rates are those of the counts told.
    """
    count = partial(_count, catalog=catalog, exact=exact)
    return page(
        "trial.html",
        at=wording.stamp(at, zone),
        patients=count(told["patients"]),
        days=f"{told['patient_days']:,.1f}",
        per=PER_DAYS,
        numbers=[_number(one, catalog) for one in told["changed"]],
        rows=_rows(told["flags"], catalog, days=told["patient_days"], count=count),
    )


def _rows(flags: Sequence[Mapping[str, Any]], catalog: Catalog, *, days: float, count: Count) -> list[dict[str, Any]]:
    """Those that the change touches first."""
    rows = [_row(one, catalog, days, count) for one in flags]
    return sorted(rows, key=lambda row: (row["same"], row["label"]))


def _row(one: Mapping[str, Any], catalog: Catalog, days: float, count: Count) -> dict[str, Any]:
    sides = {side: _raised(count(one[f"raised_{side}"]), days) for side in ("active", "changed")}
    hours = {how: one[f"{how}_hours"] for how in ("earlier", "later")}
    return sides | {
        "label": catalog.rules[one["flag"]].label if one["flag"] in catalog.rules else one["flag"],
        "same": not any(one[how] for how in ("more", "fewer", "earlier", "later", "severity")),
        "more": count(one["more"]),
        "fewer": count(one["fewer"]),
        "moved": [f"{count(one[how])} {how} by {hours[how]:.0f} h" for how in hours if one[how]],
        "patients": count(one["patients"]),
    }


def _raised(count: str, days: float) -> dict[str, str]:
    number = count.replace(",", "")
    return {"count": count, "rate": f"{int(number) * PER_DAYS / days:.1f}" if number.isdigit() and days else "—"}


def _count(count: int, *, catalog: Catalog, exact: bool) -> str:
    return f"{count:,}" if exact else few(count, catalog)


def _number(one: Mapping[str, Any], catalog: Catalog) -> str:
    rule = catalog.rules.get(one["rule"])
    called = rule.label if rule else one["rule"]
    return f"{called}: {one['parameter'].replace('_', ' ')} {_value(one['active'])} → {_value(one['changed'])}"


def _value(told: Any) -> str:
    if told is None:
        return "none"
    return f"{told:g}" if isinstance(told, float) else str(told)
