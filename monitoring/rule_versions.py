"""
What each version of each rule meant: knowledge/versions.toml, beside rules.toml.

A stored flag keeps its rule's version; here stand the numbers of that version, also when the rule has changed since.
Run as `python -m monitoring.rule_versions` after raising a rule's version: what is new is added, what stands stays.
A number that changed without its version is refused; `--anew` writes the current versions over, which is only right
before a release, while no store holds flags of them. A site's own numbers are no versions: the screen says they are
the site's.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitoring.catalog import KNOWLEDGE, parsed, read_bytes
from monitoring.errors import CatalogError, MaswatchError

FILE = "versions.toml"
HEAD = """\
# What each version of each rule meant: the rule_version of a stored flag is found here.
# Written by `python -m monitoring.rule_versions`; versions are added, never taken away.
"""
MEANING = ("kind", "analyte", "severity")
Meaning = dict[str, Any]
Versions = dict[str, dict[str, Meaning]]


def current(folder: Path = KNOWLEDGE) -> Versions:
    """Rule -> its version in rules.toml -> what it means: kind, analyte, severity, numbers with units, and digest."""
    rules = parsed("rules.toml", read_bytes(folder / "rules.toml"))["rule"]
    return {code: {table["version"]: meaning(table)} for code, table in rules.items()}


def meaning(table: Mapping[str, Any]) -> Meaning:
    """Of a rule's table what changes its judgement; its words and its reasons do not."""
    told = {name: table[name] for name in MEANING if name in table}
    numbers = {name: stated(part) for name, part in sorted(table["parameters"].items())}
    return {"digest": digest(told | {"parameters": numbers}), **told, "parameters": numbers}


def stated(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in ("value", "unit") if name in part}


def digest(told: Mapping[str, Any]) -> str:
    """Sixteen signs of what stands there; 72 and 72.0 are one number, and the order of the fields says nothing."""
    return hashlib.sha256(json.dumps(plain(told), sort_keys=True).encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return float(value) if isinstance(value, int | float) else value


def listed(folder: Path = KNOWLEDGE) -> Versions:
    """What versions.toml holds; nothing where there is no such file."""
    path = folder / FILE
    return parsed(FILE, read_bytes(path)) if path.exists() else {}


def faults(now: Versions, known: Versions) -> Iterator[str]:
    """In words: each rule whose numbers are not those of its version, or whose version is not listed."""
    for code, versions in now.items():
        for version, told in versions.items():
            was = known.get(code, {}).get(version)
            if was is None:
                yield f"{code}: version {version} is not listed; run python -m monitoring.rule_versions"
            elif told["digest"] != was["digest"]:
                yield f"{code}: {', '.join(changed(was, told))} changed within version {version}; raise the version"


def changed(was: Meaning, told: Meaning) -> list[str]:
    """The names of what differs between two meanings of a rule."""
    fields = [name for name in MEANING if was.get(name) != told.get(name)]
    before, after = was["parameters"], told["parameters"]
    return fields + sorted(name for name in before | after if plain(before.get(name)) != plain(after.get(name)))


def added(now: Versions, known: Versions, *, anew: bool) -> Versions:
    """What is listed with the current versions added; of one that is listed the listed meaning stays, but `anew`."""
    return {
        code: (known.get(code, {}) | now.get(code, {})) if anew else (now.get(code, {}) | known.get(code, {}))
        for code in [*now, *(code for code in known if code not in now)]
    }


def written(versions: Versions) -> str:
    """As TOML, the oldest version of a rule first; what JSON writes of texts, numbers and lists is TOML too."""
    lines = [HEAD]
    for code, known in versions.items():
        for version in sorted(known, key=lambda text: [int(part) for part in text.split(".")]):
            told = known[version]
            lines.append(f'[{code}."{version}"]')
            lines += [f"{name} = {text(told[name])}" for name in ("digest", *MEANING) if name in told]
            lines.append(f'\n[{code}."{version}".parameters]')
            lines += [f"{name} = {{ {inline(part)} }}" for name, part in told["parameters"].items()]
            lines.append("")
    return "\n".join(lines)


def inline(part: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {text(value)}" for name, value in part.items())


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--anew"}:
        raise CatalogError(FILE, "", "", "takes --anew and nothing else")
    anew, now, known = bool(arguments), current(), listed()
    whole = added(now, known, anew=anew)
    refused = list(faults(now, whole))
    for one in refused:
        print(one, file=sys.stderr)
    if not refused:
        (KNOWLEDGE / FILE).write_text(written(whole), encoding="utf-8")
    return 1 if refused else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MaswatchError as error:
        sys.exit(str(error))
