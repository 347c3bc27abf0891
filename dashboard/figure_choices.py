"""What stands around the figure: the choices of time, units and mode as plain links, and what each mark means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.bedside import Bedside
from dashboard.chart_earlier import has_earlier
from dashboard.charts import PANELS
from dashboard.markup import Markup, page
from dashboard.older import Older
from dashboard.selection import PatientAsked, RoundsAsked
from dashboard.units_shown import SYSTEMS, changes
from monitoring.terms import Catalog

SPANS: Final = (("72h", "72 h"), ("", "7 days"), ("stay", "Stay"), ("all", "All"))
PICTURES: Final = (("", "Picture as SVG"), ("png", "as PNG"))
MODES: Final = (("", "Each marker"), ("relative", "All as multiples"), ("earlier", "With earlier course"))


@dataclass(frozen=True)
class Segment:
    """One of a few choices; `href` "" where it is the one in force."""

    words: str
    href: str


@dataclass(frozen=True)
class Choice:
    """`label` names it to a screen reader."""

    label: str
    segments: tuple[Segment, ...]


def choices(side: Bedside, catalog: Catalog, asked: PatientAsked) -> list[Choice]:
    """Those that make a difference for this patient."""
    axes = (("", "Hours since steroid start" if side.t0 is not None else "Hours before now"), ("clock", "Ward clock"))
    modes = MODES if has_earlier(side) else MODES[:-1]
    told = [("Time shown", "span", SPANS), ("Time axis", "axis", axes), ("Drawing", "mode", modes)]
    units = units_choice(catalog, asked, [code for code in side.trends if code in PANELS])
    picture = Choice("Picture", _segments(asked, "picture", PICTURES))
    return [*(Choice(label, _segments(asked, name, values)) for label, name, values in told), *units, picture]


def units_choice(catalog: Catalog, asked: PatientAsked | RoundsAsked, codes: Iterable[str]) -> list[Choice]:
    """None where every system tells these analytes in the same units."""
    return [Choice("Units", _segments(asked, "units", tuple(SYSTEMS.items())))] if changes(catalog, codes) else []


def _segments(asked: PatientAsked | RoundsAsked, name: str, values: Sequence[tuple[str, str]]) -> tuple[Segment, ...]:
    here = getattr(asked, name) or ("conventional" if name == "units" else "")
    return tuple(Segment(words, "" if value == here else asked.address(**{name: value})) for value, words in values)


def choices_html(side: Bedside, catalog: Catalog, asked: PatientAsked, left_out: Older | None = None) -> Markup:
    """`left_out`: what was measured longer ago than is read."""
    return page("figure_choices.html", choices=choices(side, catalog, asked), older=left_out)


def legend_html(asked: PatientAsked, side: Bedside) -> Markup:
    relative = asked.mode == "relative"
    earlier = asked.mode == "earlier" and has_earlier(side)
    return page(
        "legend.html", relative=relative, marked=bool(asked.flag), relapsed=bool(side.relapses), earlier=earlier
    )
