"""How many flags rules on trial would have raised beside those in force, in words. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from dashboard import wording
from dashboard.markup import Markup, page
from monitoring.terms import Catalog

SPANS: Final[Mapping[str, int]] = {"last 7 days": 7, "last 30 days": 30, "last 90 days": 90}
NONE_TRIED: Final = (
    "No rule is on trial. With `shadow = true` beside a rule's changed numbers in the site's own file, the rule stays "
    "as it is, and what these numbers would have raised is counted here."
)
PER_DAYS: Final = 100


def trial_html(told: Mapping[str, Any], catalog: Catalog, *, least: int, at: datetime, zone: tzinfo) -> Markup:
    """
    `told`: see trial_reading. `least`: fewer patients or flags than that are told as a few, and no rate that would tell
    them; 1 for who may see everybody.
    """
    return page(
        "trial.html",
        at=wording.stamp(at, zone),
        patients=_few(told["patients"], least),
        days=f"{told['patient_days']:,.1f}",
        per=PER_DAYS,
        numbers=[_number(one, catalog) for one in told["changed"]],
        rows=_rows(told["flags"], catalog, days=told["patient_days"], least=least),
    )


def _rows(flags: Sequence[Mapping[str, Any]], catalog: Catalog, *, days: float, least: int) -> list[dict[str, Any]]:
    """Those that the change touches first."""
    rows = [_row(one, catalog, days, least) for one in flags]
    return sorted(rows, key=lambda row: (row["same"], row["label"]))


def _row(one: Mapping[str, Any], catalog: Catalog, days: float, least: int) -> dict[str, Any]:
    sides = {side: _raised(one[f"raised_{side}"], days, least) for side in ("active", "changed")}
    hours = {how: one[f"{how}_hours"] for how in ("earlier", "later")}
    return sides | {
        "label": catalog.rules[one["flag"]].label if one["flag"] in catalog.rules else one["flag"],
        "same": not any(one[how] for how in ("more", "fewer", "earlier", "later", "severity")),
        "more": _few(one["more"], least),
        "fewer": _few(one["fewer"], least),
        "moved": [f"{_few(one[how], least)} {how} by {hours[how]:.0f} h" for how in hours if one[how]],
        "patients": _few(one["patients"], least),
    }


def _raised(count: int, days: float, least: int) -> dict[str, str]:
    told = not 0 < count < least and days
    return {"count": _few(count, least), "rate": f"{count * PER_DAYS / days:.1f}" if told else "—"}


def _few(count: int, least: int) -> str:
    return f"fewer than {least}" if 0 < count < least else f"{count:,}"


def _number(one: Mapping[str, Any], catalog: Catalog) -> str:
    rule = catalog.rules.get(one["rule"])
    called = rule.label if rule else one["rule"]
    return f"{called}: {one['parameter'].replace('_', ' ')} {_value(one['active'])} → {_value(one['changed'])}"


def _value(told: Any) -> str:
    if told is None:
        return "none"
    return f"{told:g}" if isinstance(told, float) else str(told)
