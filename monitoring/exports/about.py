"""What goes with every export: where it comes from, what it was asked for, what is in it and what is not, and why."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from monitoring.exports.fields import Layout, Table, layout
from monitoring.exports.wanted import Wanted
from monitoring.terms import Catalog

FILE = "about.json"
CHUNK = 1 << 20


@dataclass
class About:
    """
    `left_out`: sentence -> how many rows or cells; filled in while the export is written. `hashes`: of files that are
    whole, so that none is read twice.
    """

    wanted: Wanted
    catalog: Catalog
    profile: str
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    hashes: dict[Path, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return layout(self.catalog)

    @property
    def identified(self) -> bool:
        return self.wanted.key is None

    @property
    def tables(self) -> list[Table]:
        """Those that this export has."""
        return list(self.layout.asked(facts=self.wanted.facts, versions=self.wanted.versions).values())

    def few(self, count: int) -> int | str:
        """Nobody is a count that may be told; a few are not."""
        k = self.layout.settings["k"]
        return f"fewer than {k}" if 0 < count < k else count

    def sha256(self, path: Path) -> str:
        """Of a file that is written to no more."""
        if path not in self.hashes:
            self.hashes[path] = sha256(path)
        return self.hashes[path]

    def leave_out(self, why: str, count: int) -> None:
        if count:
            self.left_out[why] += int(count)


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def program() -> str:
    return version("maswatch")


def write_json(path: Path, told: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def written(folder: Path) -> list[Path]:
    """Every file of an export but about.json itself, by path."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)


def earlier(folder: Path) -> list[Path]:
    """The files of an export that was written here before; none where about.json is not one of ours."""
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        names = [*(file["path"] for file in told["files"]), FILE] if told["program"] == "maswatch" else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
    paths = [folder / str(name) for name in names]
    return [path for path in paths if path.resolve().is_relative_to(folder.resolve())]


def write_about(about: About, folder: Path, rows: dict[str, int]) -> None:
    """about.json, written last: a folder without it is an export that did not come to its end."""
    told = described(about) | {
        "rows": rows,
        "left_out": [{"why": why, "count": count} for why, count in sorted(about.left_out.items())],
        "notes": about.notes,
        "files": [_file(about, path, folder) for path in written(folder)],
    }
    write_json(folder / FILE, told)


def described(about: About) -> dict[str, Any]:
    """Where it comes from and what was asked for."""
    return {
        "program": "maswatch",
        "program_version": program(),
        "rule_pack_version": about.catalog.version,
        "rules": {code: rule.version for code, rule in sorted(about.catalog.rules.items())},
        "profile": about.profile,
        "as_of": instant(about.wanted.as_of),
        "disguise": _disguise(about),
        "filters": _filters(about),
    }


def _file(about: About, path: Path, folder: Path) -> dict[str, Any]:
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": about.sha256(path)}


def _filters(about: About) -> dict[str, Any]:
    """Where nobody is to be known, neither are the identifiers and days that were asked for."""
    wanted = about.wanted
    told: dict[str, Any] = {
        "patients": list(wanted.patients),
        "from": instant(wanted.start) if wanted.start else None,
        "to": instant(wanted.end) if wanted.end else None,
    }
    if not about.identified:
        told = {name: "not told in a pseudonymous export" if value else value for name, value in told.items()}
    grid, carry = wanted.panel_hours(about.catalog)
    applied = (
        "from, to and analytes choose laboratory values, panel and findings; treatments, flags and scores rest on all"
    )
    return told | {
        "cohort": _cohort(about),
        "analytes": list(wanted.analytes), "align": wanted.align or None, "versions": wanted.versions,
        "facts_alone": wanted.facts,
        "grid_hours": grid, "carry_forward_hours": carry, "applied_to": applied,
    }  # fmt: skip


def _cohort(about: About) -> dict[str, Any] | None:
    """The words of the question may tell days, and a few people are a few."""
    chosen = about.wanted.cohort
    if chosen is None:
        return None
    counted = [(words, left if about.identified else about.few(left)) for words, left in chosen.steps]
    told = {"called": chosen.called, "steps": [{"criterion": words, "patients": left} for words, left in counted]}
    return told | ({"title": chosen.title, "question": chosen.question} if about.identified else {})


def _disguise(about: About) -> dict[str, Any]:
    if about.identified:
        return {"identified": True, "words": "The hospital's identifiers and true dates: handle as the chart itself."}
    settings = about.layout.settings
    days = settings["bulk_after_days"]
    return {
        "identified": False,
        "words": "Pseudonyms are a keyed hash; the key stays with the installation. Every moment of a patient is moved "
        "back by the same whole number of weeks: intervals, weekday, time of day and season stay. The moment of the "
        "export is the only true date in it.",
        "ages": f"in completed years; {settings['oldest_years']} stands for {settings['oldest_years']} and over",
        "ours": f"moments of receiving and judging are told to the minute, and left out at the moment of the export or "
        f"more than {days} days after the patient's last result",
        "left_out_fields": _hidden(about, "left_out"),
        "kept_only_in_a_known_form": _hidden(about, "pattern"),
        "replaced_by_keyed_numbers": _hidden(about, "number"),
        "why": "they name a person or a place, or are text that somebody wrote",
    }


def _hidden(about: About, hiding: str) -> dict[str, list[str]]:
    """Table -> its columns of which this becomes."""
    named = {table.name: [one.name for one in table.fields if one.hiding == hiding] for table in about.tables}
    return {name: fields for name, fields in named.items() if fields}
