"""
The rounds on paper: one PDF, exactly one page a patient, readable in black and white. Made with reportlab.

What does not fit is counted where it is missing ("+3 more on the screen"), never cut. The same input gives the same
bytes: the only moment in the file is the one the sheets speak of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from dashboard import paper_blocks, wording
from dashboard.bedside import Bedside, Row
from dashboard.paper_blocks import GAP, Page
from dashboard.paper_ink import BOLD, PLAIN, draw, fonts
from dashboard.rounds_sheet import RoundsSheet, rounds_sheet
from dashboard.rounds_words import AXIS, SUPPORT, cited, foot
from dashboard.since_rounds import Since
from dashboard.small_multiples import LEGEND, span_of
from monitoring.terms import Catalog

PAPERS: Final[Mapping[str, tuple[float, float]]] = {"A4": A4, "Letter": LETTER}
MARGIN: Final = 32.0
HEADER, FOOTER = 46.0, 30.0
PANEL_WIDTH, ACROSS = 178.0, 4
SMALL: Final = 6.4
LEAST_NOTES: Final = 62.0  # room for the pen, whatever else there is


@dataclass(frozen=True)
class Paper:
    """`size` is one of PAPERS; `as_of`, `zone` and `units` are of what the sheets say."""

    size: str
    as_of: datetime
    zone: tzinfo
    units: str = ""


def pdf(
    sides: Sequence[Bedside],
    news: Mapping[str, Since],
    scored: Mapping[str, Sequence[Row]],
    catalog: Catalog,
    *,
    paper: Paper,
) -> bytes:
    """One page a patient, in the order of `sides`; `scored` is of rounds_sheet.scores_of."""
    fonts()
    written = BytesIO()
    canvas = Canvas(written, pagesize=PAPERS[paper.size], invariant=1, pageCompression=1)
    canvas.setTitle(f"Rounds, as known at {wording.dated(paper.as_of, paper.zone)}")
    canvas.setAuthor("maswatch")
    for number, side in enumerate(sides, start=1):
        mine = scored.get(side.id, [])
        how: Any = {"zone": paper.zone, "units": paper.units, "width": PANEL_WIDTH}
        told = rounds_sheet(side, news[side.id], mine, catalog, **how)
        _page(canvas, told, catalog, paper, f"page {number} of {len(sides)}")
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def _page(canvas: Any, told: RoundsSheet, catalog: Catalog, paper: Paper, numbered: str) -> None:
    width, height = PAPERS[paper.size]
    page = Page(canvas, MARGIN, width - MARGIN, height - MARGIN - HEADER, MARGIN + FOOTER)
    _header(page, told, paper, numbered, height - MARGIN)
    _footer(page, (foot(told.side, catalog, zone=paper.zone), wording.joined(SUPPORT, cited(told.sheet))))
    picture = _picture_height(told)
    middle = paper_blocks.response(page, told)
    room = page.top - page.bottom - picture - middle.height - LEAST_NOTES - 3 * GAP
    used = paper_blocks.columns(page, told, room=room)
    middle.draw(page.top - used - GAP)
    below = page.top - used - middle.height - 2 * GAP
    _picture(page, told, below)
    paper_blocks.notes(page, told, top=below - picture - GAP)


def _header(page: Page, told: RoundsSheet, paper: Paper, numbered: str, top: float) -> None:
    canvas, own = page.canvas, told.sheet
    canvas.setFillGray(0)
    canvas.setStrokeGray(0)
    canvas.setFont(BOLD, 17)
    canvas.drawString(page.left, top - 15, told.side.title)
    beside = page.left + canvas.stringWidth(told.side.title, BOLD, 17) + 10
    canvas.setFont(PLAIN, 9.5)
    canvas.drawString(beside, top - 15, wording.joined(told.head, told.side.id, str(told.side.patient["ward"])))
    verdict = wording.kept(own.verdict)
    across = canvas.stringWidth(verdict, BOLD, 10.5) + 12
    canvas.setLineWidth(1.6 if own.tone == "decision" else 0.7)
    canvas.roundRect(page.right - across, top - 20, across, 17, 3, stroke=1, fill=0)
    canvas.setFont(BOLD, 10.5)
    canvas.drawCentredString(page.right - across / 2, top - 15, verdict)
    _second_line(page, told, paper, numbered, top - 34)
    canvas.setLineWidth(1.0)
    canvas.line(page.left, top - 40, page.right, top - 40)


def _second_line(page: Page, told: RoundsSheet, paper: Paper, numbered: str, base: float) -> None:
    canvas, own = page.canvas, told.sheet
    right = wording.joined(f"as known at {wording.dated(paper.as_of, paper.zone)}", numbered)
    clock = own.clock.words if own.clock else ""
    given = ", ".join(dict.fromkeys(dose.words for dose in own.given))
    left = wording.joined(wording.joined(own.line, clock, by=", "), own.newest, given)
    canvas.setFont(PLAIN, 8)
    room = page.right - page.left - canvas.stringWidth(right, BOLD, 8) - 12
    canvas.drawString(page.left, base, paper_blocks.one_line(canvas, wording.kept(left), 8, room))
    canvas.setFont(BOLD, 8)
    canvas.drawRightString(page.right, base, right)


def _footer(page: Page, lines: Sequence[str]) -> None:
    """From the bottom upwards, under a rule."""
    canvas = page.canvas
    canvas.setLineWidth(0.5)
    canvas.line(page.left, MARGIN + 21, page.right, MARGIN + 21)
    canvas.setFont(PLAIN, SMALL)
    for place, text in enumerate(reversed(lines)):
        base = MARGIN + 4 + place * 8.5
        canvas.drawString(page.left, base, paper_blocks.one_line(canvas, text, SMALL, page.right - page.left))


def _scale(page_width: float) -> float:
    return (page_width - (ACROSS - 1) * GAP) / ACROSS / PANEL_WIDTH


def _picture_height(told: RoundsSheet) -> float:
    """Of the heading, the panels and the legend."""
    rows = -(-len(told.drawings) // ACROSS)
    return 14 + rows * 76 + 8 * len(LEGEND) + 4


def _picture(page: Page, told: RoundsSheet, top: float) -> None:
    canvas, scale = page.canvas, _scale(page.right - page.left)
    paper_blocks.heading(page, page.left, top - 9, "Trajectories", AXIS[span_of(told.side).steroid])
    drawings = told.drawings
    for place, drawing in enumerate(drawings):
        row, column = divmod(place, ACROSS)
        x = page.left + column * (PANEL_WIDTH * scale + GAP)
        draw(canvas, drawing, x, top - 14 - row * 76, scale)
    canvas.setFont(PLAIN, SMALL)
    canvas.setFillGray(0.2)
    below = top - 14 - (-(-len(drawings) // ACROSS)) * 76 - 6
    for place, words in enumerate(LEGEND if drawings else ("No values yet.",)):
        canvas.drawString(page.left, below - 8 * place, words)
