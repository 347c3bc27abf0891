"""Shapes of a figure as SVG that prints well: plain lines, colours that colour-blind eyes tell apart, system fonts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

INK, FAINT, GRID = "#1b1f24", "#57606a", "#d8dee4"
# Okabe and Ito's palette; a second mark, the dash, tells the groups apart in grey.
STYLES = {
    "responding": ("#0072b2", ""), "not_responding": ("#d55e00", "7 3"), "mixed": ("#6a7a00", "2 3"),
    "all": ("#1b1f24", ""),
}  # fmt: skip
FONT = "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\""
Points = Sequence[tuple[float, float]]


@dataclass
class Picture:
    """Shapes in the order in which they are drawn; `words`: what the picture shows, for who cannot see it."""

    width: float
    height: float
    words: str
    shapes: list[str] = field(default_factory=list)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str = GRID, width: float = 1) -> None:
        at = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        self.shapes.append(f'<line {at} stroke="{colour}" stroke-width="{width}"/>')

    def path(self, points: Points, style: str) -> None:
        colour, dash = STYLES[style]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<polyline points="{_joined(points)}" fill="none" stroke="{colour}" stroke-width="2"{dashed} '
            'stroke-linejoin="round"/>'
        )

    def band(self, points: Points, style: str) -> None:
        self.shapes.append(f'<polygon points="{_joined(points)}" fill="{STYLES[style][0]}" fill-opacity="0.16"/>')

    def dot(self, at: tuple[float, float], style: str, radius: float = 3.2) -> None:
        self.shapes.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" fill="{STYLES[style][0]}"/>')

    def box(self, corner: tuple[float, float], size: tuple[float, float], fill: str, edge: str) -> None:
        at = f'x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"'
        self.shapes.append(f'<rect {at} rx="3" fill="{fill}" stroke="{edge}"/>')

    def text(
        self, at: tuple[float, float], words: str, anchor: str = "start", *, size: float = 12, colour: str = INK,
        bold: bool = False, upright: bool = True,
    ) -> None:  # fmt: skip
        weight = ' font-weight="600"' if bold else ""
        turned = "" if upright else f' transform="rotate(-90 {at[0]:.1f} {at[1]:.1f})"'
        self.shapes.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
            f"{weight}{turned}>{escape(words)}</text>"
        )

    def svg(self) -> str:
        shape = f'viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" height="{self.height:.0f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {shape} {FONT}>'
        return f"{head}<title>{escape(self.words)}</title>" + "".join(self.shapes) + "</svg>"


@dataclass(frozen=True)
class Frame:
    """A plot's rectangle, and what each axis spans; `log`: the vertical one in powers of ten."""

    left: float
    top: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]
    log: bool = False

    def x(self, value: float) -> float:
        low, high = self.across
        return self.left + (value - low) / (high - low) * self.width

    def y(self, value: float) -> float:
        scale: Callable[[float], float] = math.log10 if self.log else float
        low, high = scale(self.up[0]), scale(self.up[1])
        return self.top + (1 - (scale(value) - low) / (high - low)) * self.height

    def axes(self, picture: Picture, across: Sequence[float], up: Sequence[float], unit: str = "") -> None:
        for value in up:
            picture.line((self.left, self.y(value)), (self.left + self.width, self.y(value)))
            picture.text((self.left - 6, self.y(value) + 4), f"{value:,.10g}{unit}", "end", size=11, colour=FAINT)
        bottom = self.top + self.height
        for value in across:
            picture.line((self.x(value), bottom), (self.x(value), bottom + 4), FAINT)
            picture.text((self.x(value), bottom + 16), f"{value:g}", "middle", size=11, colour=FAINT)
        picture.line((self.left, bottom), (self.left + self.width, bottom), FAINT)


def ticks(low: float, high: float, log: bool) -> list[float]:
    """Round numbers within the span: 1, 2 and 5 times powers of ten, about five of them."""
    if log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**power for power in powers for step in steps]
            within = [value for value in found if low <= value <= high]
            if len(within) <= 6:
                break
        return within
    raw = (high - low) / 5 or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _joined(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
