"""How shapes look in black ink: words, strokes and hatching, no colour that a copier would lose. By reportlab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import Any, Final

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from dashboard.markup import HERE
from dashboard.shapes import Box, Dot, Drawing, Path, Shape, Words

PLAIN, BOLD = "Sheet", "Sheet-Bold"
FONTS: Final = {PLAIN: "DejaVuSansCondensed.ttf", BOLD: "DejaVuSansCondensed-Bold.ttf"}
HATCH: Final = 4.0  # units between the strokes of the hatching


@dataclass(frozen=True)
class Ink:
    """Greys from 0 (black) to 1; None draws no stroke, or no filling."""

    stroke: float | None = 0.0
    fill: float | None = None
    width: float = 0.6
    dash: tuple[float, ...] = ()


INKS: Final[dict[str, Ink]] = {
    "line": Ink(width=1.1),
    "dot": Ink(stroke=None, fill=0.0),
    "hollow": Ink(fill=1.0, width=0.9),
    "product": Ink(fill=1.0, width=0.8),
    "awaited": Ink(fill=1.0, width=0.9),
    "band": Ink(stroke=None, fill=0.88),
    "threshold": Ink(stroke=0.3, width=0.5, dash=(3, 2)),
    "begun": Ink(width=0.7, dash=(1, 1.6)),
    "dose": Ink(width=1.4),
    "corrected": Ink(width=0.8),
    "axis": Ink(stroke=0.35, width=0.5),
}
TYPES: Final[dict[str, tuple[str, float, float]]] = {  # style -> font, size, grey
    "name": (BOLD, 10.5, 0.0),
    "number": (BOLD, 11.5, 0.0),
    "said": (PLAIN, 9.0, 0.2),
    "tick": (PLAIN, 8.5, 0.2),
    "cutoff": (PLAIN, 7.5, 0.25),
}


class Measured(TTFont):
    """Remembers how wide a word is at size 1: the sheets of a ward say the same few words over and over."""

    @lru_cache(maxsize=20_000)  # noqa: B019 - a process has two of these, for as long as it lives
    def _width(self, text: str) -> float:
        return float(super().stringWidth(text, 1.0))

    def stringWidth(self, text: str, size: float, encoding: str = "utf8") -> float:  # noqa: N802 - reportlab's name
        return self._width(text) * size


@cache
def fonts() -> None:
    """Made known to reportlab once a process."""
    rl_config.useA85 = 0  # a file need not be text, and writing it as text takes longer than packing it
    for name, file in FONTS.items():
        pdfmetrics.registerFont(Measured(name, str(HERE / "fonts" / file)))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


def draw(canvas: Any, drawing: Drawing, x: float, top: float, scale: float) -> None:
    """With its top left corner at (x, top) of the page, `scale` points a unit."""
    canvas.saveState()
    canvas.translate(x, top)
    canvas.scale(scale, scale)
    for shape in drawing.shapes:
        _draw(canvas, shape)
    canvas.restoreState()


def _draw(canvas: Any, shape: Shape) -> None:
    if isinstance(shape, Words):
        return _words(canvas, shape)
    if shape.style == "window" and isinstance(shape, Box):
        return _hatched(canvas, shape)
    ink = INKS[shape.style]
    canvas.setLineWidth(ink.width)
    canvas.setDash(*([list(ink.dash)] if ink.dash else []))
    canvas.setStrokeGray(ink.stroke or 0.0)
    canvas.setFillGray(1.0 if ink.fill is None else ink.fill)
    painted = {"stroke": int(ink.stroke is not None), "fill": int(ink.fill is not None)}
    if isinstance(shape, Dot):
        _dot(canvas, shape, ink)
    elif isinstance(shape, Box):
        canvas.rect(shape.x, -shape.y - shape.height, shape.width, shape.height, **painted)
    else:
        canvas.drawPath(_path(canvas, shape), **painted)
    return None


def _dot(canvas: Any, dot: Dot, ink: Ink) -> None:
    """A point with a round pen is a disc: a tenth of the words that a circle out of curves takes in the file."""
    rim = ink.width / 2 if ink.stroke is not None else 0.0
    canvas.setDash()
    canvas.setLineCap(1)
    if rim:
        _disc(canvas, dot, dot.r + rim, ink.stroke or 0.0)
    if ink.fill is not None:
        _disc(canvas, dot, dot.r - rim, ink.fill)
    canvas.setLineCap(0)


def _disc(canvas: Any, dot: Dot, radius: float, grey: float) -> None:
    canvas.setStrokeGray(grey)
    canvas.setLineWidth(2 * radius)
    canvas.line(dot.x, -dot.y, dot.x, -dot.y)


def _path(canvas: Any, shape: Path) -> Any:
    path = canvas.beginPath()
    (x, y), *others = shape.points
    path.moveTo(x, -y)
    for x, y in others:
        path.lineTo(x, -y)
    if shape.closed:
        path.close()
    return path


def _words(canvas: Any, shape: Words) -> None:
    font, size, grey = TYPES[shape.style]
    canvas.setFont(font, size)
    canvas.setFillGray(grey)
    put = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    put[shape.anchor](shape.x, -shape.y, shape.text)


def _hatched(canvas: Any, box: Box) -> None:
    """Slanted strokes, cut off at the box."""
    canvas.saveState()
    outline = canvas.beginPath()
    outline.rect(box.x, -box.y - box.height, box.width, box.height)
    canvas.clipPath(outline, stroke=0, fill=0)
    canvas.setLineWidth(0.3)
    canvas.setStrokeGray(0.45)
    canvas.setDash()
    strokes = ceil((box.width + box.height) / HATCH)
    foot = [box.x - box.height + place * HATCH for place in range(strokes)]
    canvas.lines([(at, -box.y - box.height, at + box.height, -box.y) for at in foot])
    canvas.restoreState()
