"""How many patients share what a stranger might know of them: a report beside each pseudonymous export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.exports.about import About, write_json
from monitoring.exports.tables import Frames

FILE = "privacy.json"
UNKNOWN = "not known"


class Groups:
    """Patients by quasi-identifiers, counted while the parts pass by."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.sizes: Counter[tuple[str, ...]] = Counter()

    def seen(self, parts: Iterable[Frames]) -> Iterator[Frames]:
        for frames in parts:
            if "patients" in frames:
                told = frames["patients"][self.names].astype("object").fillna(UNKNOWN)
                self.sizes.update(zip(*(told[name] for name in self.names), strict=True))
            yield frames


def write_privacy(groups: Groups, about: About, folder: Path) -> None:
    k = about.layout.settings["k"]
    sizes = pd.Series(list(groups.sizes.values()), dtype="int64")
    small = sizes[sizes < k]
    told = {
        "quasi_identifiers": groups.names,
        "k_wanted": k,
        "k_reached": _few(int(sizes.min()), k) if len(sizes) else None,
        "groups": _few(len(sizes), k),
        "patients": _few(int(sizes.sum()), k),
        "patients_in_small_groups": _few(int(small.sum()), k),
        "of_each_group": [_group(names, size, groups.names, k) for names, size in sorted(groups.sizes.items())],
        "words": f"Groups of fewer than {k} patients are counted as such. Weight, height, admission and the course "
        "itself are not counted here: who knows them may know more. An export is pseudonymous, not anonymous.",
    }
    write_json(folder / FILE, told)


def _group(values: tuple[str, ...], size: int, names: list[str], k: int) -> dict[str, Any]:
    return dict(zip(names, values, strict=True)) | {"patients": _few(size, k)}


def _few(count: int, k: int) -> int | str:
    """Nobody is a count that may be told; a few are not."""
    return f"fewer than {k}" if 0 < count < k else count
