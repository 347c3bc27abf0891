"""
A small drawing as shapes without colours: the same ones become SVG on the screen and ink on paper.

`style` names what a shape means ("line", "hollow", "threshold"); the style sheet and paper_ink.py say how that looks.
The origin is at the top left, y grows downwards, as in SVG. Imports neither streamlit nor a PDF library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from markupsafe import Markup

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Path:
    points: tuple[tuple[float, float], ...]
    style: str
    closed: bool = False


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    r: float
    style: str


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True)
class Words:
    """`y` is the base line."""

    x: float
    y: float
    text: str
    style: str
    anchor: Anchor = "start"


Shape = Path | Dot | Box | Words


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    shapes: tuple[Shape, ...]
    label: str


def svg(drawing: Drawing) -> Markup:
    """Inline SVG; `label` is what a screen reader says."""
    body = "".join(_element(shape) for shape in drawing.shapes)
    return Markup(
        f'<svg class="mini" viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" '
        f'aria-label="{escape(drawing.label)}">{body}</svg>'
    )


def _element(shape: Shape) -> str:
    if isinstance(shape, Words):
        anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
        return f'<text class="{shape.style}" x="{shape.x:.1f}" y="{shape.y:.1f}"{anchor}>{escape(shape.text)}</text>'
    if isinstance(shape, Dot):
        return f'<circle class="{shape.style}" cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.r:g}"/>'
    if isinstance(shape, Box):
        size = f'width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect class="{shape.style}" x="{shape.x:.1f}" y="{shape.y:.1f}" {size}/>'
    name = "polygon" if shape.closed else "polyline"
    return f'<{name} class="{shape.style}" points="{_corners(shape.points)}"/>'


def _corners(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
