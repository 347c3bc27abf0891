"""
A ward of which some patients were read anew: theirs in the place of what was known of them. Imports no streamlit.

Every patient is as of the moment at which they were read, and whoever was left out is as a reading of that moment says
still: nothing new is known of them. The ward itself is as of the newest of these moments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dashboard.bedside import Ward
from dashboard.rounds_ahead import News
from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.state import WardState

Join = Callable[[Sequence[pd.DataFrame]], pd.DataFrame]


@dataclass(frozen=True)
class Watched:
    """Who is watched at `as_of`, in order, and who left long before, when."""

    as_of: datetime
    names: Sequence[str]
    earlier: Mapping[str, pd.Timestamp]


def joined(before: Ward | None, parts: Sequence[Ward], now: Watched) -> Ward:
    """`parts` are lightened and of different patients. Whoever is watched is in one of them or in `before`."""
    wards = [*([before] if before else []), *parts]
    newest = {side.id: (place, side) for place, ward in enumerate(wards) for side in ward.sides}
    of = [[name for name in now.names if newest[name][0] == place] for place in range(len(wards))]

    def together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return _together(frames, of, now.names)

    return replace(
        wards[-1],
        as_of=now.as_of,
        sides=tuple(newest[name][1] for name in now.names),
        state=_state([ward.state for ward in wards], together, now.as_of),
        earlier=now.earlier,
        worked_out={},
        beside=_beside(wards, of),
        scored={name: one for ward, mine in zip(wards, of, strict=True) for name, one in _those(ward.scored, mine)},
        news=_news(before, [ward.news for ward in wards], of),
    )


def oldest_at(ward: Ward) -> datetime:
    """As of when the patient is who was read first."""
    return min((side.as_of for side in ward.sides), default=ward.as_of)


def _together(frames: Sequence[pd.DataFrame], of: Sequence[Sequence[str]], names: Sequence[str]) -> pd.DataFrame:
    """Of each frame the rows of its patients, in the order of all patients."""
    parts = [frame[frame["patient_id"].isin(list(mine))] for frame, mine in zip(frames, of, strict=True)]
    told = pd.concat([part for part in parts if len(part)] or parts[-1:], ignore_index=True)
    place = pd.Index(names).get_indexer(pd.Index(told["patient_id"]))
    return told.take(np.argsort(place, kind="stable")).reset_index(drop=True)


def _state(states: Sequence[WardState], together: Join, as_of: datetime) -> WardState:
    last, said = states[-1], [one.assessment for one in states]
    course = replace(last.assessment.course, **_frames([one.course for one in said], together))
    at = pd.Timestamp(as_of).tz_convert("UTC")
    assessment = replace(last.assessment, as_of=at, course=course, **_frames(said, together))
    flags, history = (together([getattr(one, name) for one in states]) for name in ("flags", "history"))
    return WardState(as_of, assessment, flags, history)


def _frames(told: Sequence[Assessment] | Sequence[Course], together: Join) -> dict[str, Any]:
    """Those of which anything is left; see cut_out.lightened."""
    both = {part.name: [getattr(one, part.name) for one in told] for part in fields(told[0])}
    kept = {name: parts for name, parts in both.items() if isinstance(parts[0], pd.DataFrame)}
    return {name: together(parts) for name, parts in kept.items() if any(len(part) for part in parts)}


def _beside(wards: Sequence[Ward], of: Sequence[Sequence[str]]) -> dict[Any, dict[str, Any]]:
    told: dict[Any, dict[str, Any]] = defaultdict(dict)
    for ward, mine in zip(wards, of, strict=True):
        for key, kept in [*ward.beside.items()]:  # a page may be adding to it
            told[key].update(_those(dict(kept), mine))
    return dict(told)


def _news(before: Ward | None, news: Sequence[News], of: Sequence[Sequence[str]]) -> News:
    """Of who was not read anew what was told is as of then too: what differs from it is told anew when asked for."""
    said = news[-1].told
    if before:
        kinds = [part.name for part in fields(said) if isinstance(getattr(said, part.name), pd.DataFrame)]
        both = {kind: (getattr(before.news.told, kind), getattr(said, kind)) for kind in kinds}
        of_both: dict[str, Any] = {kind: _parted(*frames, of[0]) for kind, frames in both.items()}
        said = replace(said, **of_both)
    return News(said, {name: one for had, mine in zip(news, of, strict=True) for name, one in _those(had.since, mine)})


def _parted(one: pd.DataFrame, other: pd.DataFrame, mine: Sequence[str]) -> pd.DataFrame:
    """Of the first the rows of these patients, of the second all others."""
    parts = [one[one["patient_id"].isin(list(mine))], other[~other["patient_id"].isin(list(mine))]]
    return pd.concat([part for part in parts if len(part)] or parts[-1:], ignore_index=True)


def _those(kept: Mapping[str, Any] | None, mine: Collection[str]) -> list[tuple[str, Any]]:
    return [(name, kept[name]) for name in mine if kept and name in kept]
