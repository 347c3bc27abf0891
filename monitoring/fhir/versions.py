"""Several versions of one resource in a file, told in the order in which they came to be."""

from __future__ import annotations

from collections import defaultdict
from zoneinfo import ZoneInfo

from monitoring import times
from monitoring.fhir.nodes import child, text
from monitoring.fhir.resources import Found

UTC = ZoneInfo("UTC")


def in_order_of_versions(found: list[Found]) -> list[Found]:
    """The same resources; versions of one take each other's places where they stand out of order."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(found):
        if one.kind and one.id and not one.fault:
            places[one.kind, one.id].append(place)
    ordered = list(found)
    for versions in (some for some in places.values() if len(some) > 1):
        for place, one in zip(versions, _oldest_first([found[each] for each in versions]), strict=True):
            ordered[place] = one
    return ordered


def _oldest_first(versions: list[Found]) -> list[Found]:
    """By number of version, else by time, where all of them have one; else as they stand."""
    metas = [child(one.node, "meta") for one in versions]
    numbers = [text(meta, "versionId") for meta in metas]
    if all(number.isdecimal() for number in numbers):
        return [one for _, one in sorted(zip(numbers, versions, strict=True), key=lambda pair: _size(pair[0]))]
    moments = [text(meta, "lastUpdated") for meta in metas]
    return [versions[place] for place in oldest_first(moments)] if all(moments) else versions


def oldest_first(moments: list[str]) -> list[int]:
    """The places of the texts by time; those that are no time first, as they stand."""
    if not any(moments):
        return list(range(len(moments)))
    at = times.moments(moments, UTC).at.reset_index(drop=True)
    return at.sort_values(kind="stable", na_position="first").index.tolist()


def _size(number: str) -> tuple[int, str]:
    """Orders whole numbers of any length."""
    plain = number.lstrip("0")
    return len(plain), plain


def is_first(found: Found) -> bool:
    """Whether the resource says of itself that it is its first version."""
    return text(child(found.node, "meta"), "versionId") == "1"


def is_later(found: Found) -> bool:
    """Whether the resource says of itself that it is not its first version."""
    version = text(child(found.node, "meta"), "versionId")
    return version.isdecimal() and len(version) < 10 and int(version) > 1
