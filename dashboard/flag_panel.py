"""Flags with their why: rule, threshold, source, the values used, what was left out, what would change the mind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside
from dashboard.changes import change_key
from dashboard.concern import acknowledged_by, product_label, ranked, snoozed_until
from dashboard.wording import Tone
from monitoring.terms import Catalog, Cited, Rule


@dataclass(frozen=True)
class Source:
    key: str
    citation: str
    url: str


@dataclass(frozen=True)
class Number:
    """A number of the rule: what it is, why it is so, where it comes from."""

    name: str
    value: str
    why: str
    sources: tuple[Source, ...]
    tag: str


@dataclass(frozen=True)
class Used:
    """A value or a sum that the flag rests on."""

    role: str
    what: str
    value: str
    when: str


@dataclass(frozen=True)
class FlagPanel:
    code: str
    sentence: str
    tone: Tone
    arrow: str
    since: str
    raised: str
    acknowledged: str
    snoozed: str
    rule: str
    numbers: tuple[Number, ...]
    used: tuple[Used, ...]
    left_out: tuple[str, ...]
    changes_mind: str
    ended: str
    change: str

    @property
    def answered(self) -> str:
        """What people said to it."""
        return wording.joined(self.acknowledged, self.snoozed)


ROLE_WORD = {
    "baseline": "before",
    "level": "level before",
    "window": "used",
    "newest": "newest",
    "company": "moves along",
    "clock": "clock",
    "dose": "given",
    "calculation": "worked out",
}
ENDED_WORD = {"cleared": "cleared", "retracted": "taken back"}


def active(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> list[FlagPanel]:
    return [panel(row, side, catalog, zone) for row in ranked(side.flags)]


def past(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> list[FlagPanel]:
    """Cleared and retracted ones, the newest first."""
    rows = sorted(
        (row for row in side.flags if row["state"] != "active"), key=lambda row: row["raised_at"], reverse=True
    )
    return [panel(row, side, catalog, zone) for row in rows]


def panel(row: Mapping[str, Any], side: Bedside, catalog: Catalog, zone: tzinfo) -> FlagPanel:
    rule = catalog.rules.get(row["flag"])
    return FlagPanel(
        code=row["flag"],
        sentence=row["sentence"],
        tone=wording.SEVERITY_TONE.get(row["severity"], "note") if row["state"] == "active" else "quiet",
        arrow=wording.flag_arrow(row["flag"]),
        since=f"since {wording.stamp(row['began_at'], zone)}",
        raised=f"raised {wording.stamp(row['raised_at'], zone)}",
        acknowledged=_acknowledged(row, zone),
        snoozed=_snoozed(row, side, zone),
        rule=_rule(rule, row),
        numbers=tuple(_numbers(rule, catalog)) if rule else (),
        used=tuple(_used(entry, catalog, zone) for entry in row["evidence"]),
        left_out=tuple(_left_out(entry, catalog) for entry in row["confounders"]),
        changes_mind=rule.changes_mind if rule else "",
        ended=_ended(row, zone),
        change=change_key(row) if row["state"] == "active" else "",
    )


def _acknowledged(row: Mapping[str, Any], zone: tzinfo) -> str:
    if not acknowledged_by(row):
        return (_over(row, "acknowledged", zone) or "not acknowledged") if row["state"] == "active" else ""
    told = row["acknowledged"]
    return f"seen by {told['by']}, {wording.stamp(pd.Timestamp(told['at']), zone)}{_because(told)}"


def _snoozed(row: Mapping[str, Any], side: Bedside, zone: tzinfo) -> str:
    until = snoozed_until(row)
    if until is None:
        return _over(row, "snoozed", zone) if row["state"] == "active" else ""
    told = row["snoozed"]
    return f"{wording.snoozed(until, zone, today=side.as_of)} by {told['by']}{_because(told)}"


def _over(row: Mapping[str, Any], answer: str, zone: tzinfo) -> str:
    """no longer acknowledged since Sat 21 Nov 14:12 CET: the flag worsened; the last of its kind."""
    last = next((told for told in reversed(row["answers_ended"]) if told["answer"] == answer), None)
    if last is None:
        return ""
    return f"no longer {answer} since {wording.stamp(pd.Timestamp(last['ended_at']), zone)}: {last['why']}"


def _because(told: Mapping[str, Any]) -> str:
    return f": {told['reason']}" if told.get("reason") else ""


def _ended(row: Mapping[str, Any], zone: tzinfo) -> str:
    if row["state"] not in ENDED_WORD:
        return ""
    at = row["cleared_at"] if row["state"] == "cleared" else row["retracted_at"]
    reason = f": {row['reason']}" if row["reason"] else ""
    return f"{ENDED_WORD[row['state']]} {wording.stamp(at, zone)}{reason}"


def _rule(rule: Rule | None, row: Mapping[str, Any]) -> str:
    if rule is None:
        return f"{row['flag']}, version {row['rule_version']}"
    return wording.joined(
        rule.label, f"rule {rule.code}, version {row['rule_version']}", "site setting" if rule.site_setting else ""
    )


def _numbers(rule: Rule, catalog: Catalog) -> Iterable[Number]:
    for name, value in rule.parameters.items():
        cited = rule.sources.get(name)
        yield Number(
            name=name.replace("_", " "),
            value=_plain(value),
            why=rule.reasons.get(name, ""),
            sources=sources(cited, catalog),
            tag=cited.tag if cited else "",
        )


def sources(cited: Cited | None, catalog: Catalog) -> tuple[Source, ...]:
    return cited_sources(cited.cite if cited else (), catalog)


def cited_sources(keys: Iterable[str], catalog: Catalog) -> tuple[Source, ...]:
    known = ((key, catalog.references.get(key)) for key in keys)
    return tuple(Source(key, told.citation if told else key, told.url if told else "") for key, told in known)


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_plain(entry) for entry in value)
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _used(entry: Mapping[str, Any], catalog: Catalog, zone: tzinfo) -> Used:
    role = ROLE_WORD.get(str(entry.get("role", "calculation")), str(entry.get("role", "")))
    if entry.get("name") and "analyte" not in entry:
        return Used(role, str(entry["name"]), _calculated(entry, zone), str(entry.get("how", "")))
    analyte = catalog.analytes.get(entry["analyte"])
    label, unit = (analyte.label, wording.unit(analyte.unit)) if analyte else (entry["analyte"], entry.get("unit", ""))
    if role == "clock":
        return Used(
            role,
            f"{label}: {entry.get('name', '')}",
            _moment(entry.get("value"), zone),
            f"due {_moment(entry.get('due_at'), zone)}",
        )
    value = wording.number(entry["value"], analyte, str(entry.get("comparator", "")))
    version = f"version {entry['version']}" if entry.get("version", 1) > 1 else ""
    named = str(entry.get("named", ""))  # the method, specimen or laboratory of a value whose series breaks
    when = wording.joined(_moment(entry.get("collected_at"), zone), version, named, _own(entry, analyte))
    return Used(role, label, f"{value} {unit}", when)


def _own(entry: Mapping[str, Any], analyte: Any) -> str:
    """What is left of the value without what a product put there: the line goes by that."""
    if not entry.get("own_value") or not analyte:
        return ""
    own, added = (wording.number(entry[name], analyte, "") for name in ("own_value", "added_by_products"))
    return f"{own} without the {added} that products added"


def _calculated(entry: Mapping[str, Any], zone: tzinfo) -> str:
    value = entry.get("value")
    if isinstance(value, str) or value is None:
        return _moment(value, zone)
    return wording.joined(f"{value:.4g}", str(entry.get("unit", "")), by=" ")


def _moment(text: Any, zone: tzinfo) -> str:
    return wording.stamp(pd.Timestamp(text), zone) if text else wording.MISSING


def _left_out(entry: Mapping[str, Any], catalog: Catalog) -> str:
    code = str(entry.get("product", ""))
    what = product_label(code, catalog)
    if code in catalog.analytes:
        what = catalog.analytes[code].label
    kept = "" if entry.get("left_out", True) else "marked, still used"
    return wording.joined(what, str(entry.get("why", "")), kept)
