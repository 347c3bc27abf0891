"""
The lock file read: what is installed here and of what it is made (CycloneDX 1.6), and the part of it that runs need.

Reads what is installed and the lock; asks no registry, so it says nothing about known weaknesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from monitoring.errors import DeployError

US: Final = "maswatch"
RUNS_WITH: Final = ("postgresql",)
BUILDS_WITH: Final = frozenset({"setuptools"})  # needed to install this project itself without asking anybody
LOCK: Final = Path(__file__).parents[2] / "requirements.lock"
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)")


@dataclass(frozen=True)
class Pin:
    """
    One line of the lock; `line`: as it stands there, with all its hashes. `here`: whether it is the one for this
    platform and this Python; a name may stand there with a version for each.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    line: str
    here: bool = True


def pins(lock: Path) -> list[Pin]:
    """In the order of the file. Raises DeployError for a line that is not name==version with hashes alone."""
    try:
        text = lock.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise DeployError(f"{lock} cannot be read; name the requirements.lock of the sources with --lock.") from None
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    return [_pin(line, lock) for line in lines]


def _pin(line: str, lock: Path) -> Pin:
    told, hashes = line.split(" --hash=")[0], tuple(HASH.findall(line))
    try:
        wanted = Requirement(told.strip())
    except InvalidRequirement:
        raise DeployError(f"{lock}: a line is no requirement: {told.strip()[:80]!r}.") from None
    exact = re.fullmatch(r"==([^*,]+)", str(wanted.specifier))
    if wanted.url or exact is None or not hashes or len(hashes) != line.count("--hash="):
        raise DeployError(f"{lock}: {wanted.name} does not stand there as name==version with hashes and no address.")
    here = wanted.marker is None or wanted.marker.evaluate()
    return Pin(canonicalize_name(wanted.name), exact[1], hashes, line, here)


def made_of(extras: Iterable[str] = RUNS_WITH) -> dict[str, set[str]]:
    """
    Of everything installed that this program needs to run, itself included, what it needs in turn, as installed here.

    Raises DeployError where the program itself is not installed.
    """
    found: dict[str, set[str]] = {}
    waiting = [(US, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        needs = _needs(name, wanted)
        found.setdefault(name, set()).update(canonicalize_name(need.name) for need in needs)
        waiting += [(canonicalize_name(need.name), frozenset(need.extras)) for need in needs]
    return found


def _needs(name: str, extras: frozenset[str]) -> list[Requirement]:
    try:
        told = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        raise DeployError(f"{name} is not installed here; run make setup first.") from None
    all_of_it = [Requirement(text) for text in told]
    return [need for need in all_of_it if _applies(need, extras)]


def _applies(need: Requirement, extras: frozenset[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def runtime_lock(lock: Path) -> str:
    """The lines of the lock that running needs, on this platform and this Python, and what installs the program."""
    wanted = (made_of().keys() - {US}) | BUILDS_WITH
    known = {pin.name: pin for pin in pins(lock) if pin.here}
    missing = sorted(wanted - known.keys())
    if missing:
        raise DeployError(f"{lock} does not hold {', '.join(missing)}; it is not the lock of what is installed here.")
    lines = (known[name].line for name in sorted(wanted))
    return "".join(re.sub(r"\s+--hash=", " \\\n    --hash=", line.strip()) + "\n" for line in lines)


def bill(lock: Path) -> dict[str, Any]:
    """CycloneDX 1.6. The same lock and the same installation give the same bytes: it holds no time and no chance."""
    needed = made_of()
    known = pins(lock)
    version = metadata.version(US)
    about = {"type": "application", "bom-ref": US, "name": US, "version": version, "licenses": _licences(US, version)}
    content = "\n".join(pin.line for pin in known)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{US} {version} {content}')}",
        "version": 1,
        "metadata": {"component": about},
        "components": [_component(pin, runs=pin.here and pin.name in needed) for pin in known],
        "dependencies": _graph(needed, {pin.name: _reference(pin) for pin in known if pin.here}),
    }


def _component(pin: Pin, *, runs: bool) -> dict[str, Any]:
    """`hashes`: of every file that may be installed as this version, one a platform."""
    return {
        "type": "library",
        "bom-ref": _reference(pin),
        "name": pin.name,
        "version": pin.version,
        "scope": "required" if runs else "excluded",
        "purl": _reference(pin),
        "hashes": [{"alg": "SHA-256", "content": told} for told in pin.hashes],
        "licenses": _licences(pin.name, pin.version),
    }


def _reference(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _licences(name: str, version: str) -> list[dict[str, Any]]:
    """As the installed distribution says itself; empty where this version is not installed or does not say."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if told["Version"] != version:
        return []
    if "License-Expression" in told:
        return [{"expression": told["License-Expression"]}]
    named = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or [] if line.startswith("License :: ")]
    return [{"license": {"name": name}} for name in dict.fromkeys(named) if name != "OSI Approved"]


def _graph(needed: Mapping[str, set[str]], references: Mapping[str, str]) -> list[dict[str, Any]]:
    named = {US: US, **references}
    return [
        {"ref": named[name], "dependsOn": sorted(named[need] for need in needs if need in named)}
        for name, needs in sorted(needed.items())
        if name in named
    ]
