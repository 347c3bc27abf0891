"""The parts of a page: columns of sections, the response table beside the options, the room for notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Paragraph

from dashboard import paper_fit, wording
from dashboard.paper_ink import BOLD, PLAIN
from dashboard.paper_table import Table
from dashboard.rounds_news import Entry
from dashboard.rounds_sheet import RoundsSheet, Section

GAP: Final = 8.0
SIZE, LEADING = 7.6, 9.3
HEAD: Final = 15.0
MORE: Final = 9.3
INDENT: Final = 6.0
OPTIONS_ROOM: Final = 190.0
MOST_LINES: Final = 3
GIVES: Final = "scores"  # what gives way to everything else
MOST_LINES_OF_OPTION: Final = 9  # a caution is read whole
LEFT_SHARE: Final = 0.55
TEXT: Final = ParagraphStyle("sheet", fontName=PLAIN, fontSize=SIZE, leading=LEADING)
BAR: Final = {"decision": 2.2, "watch": 0.9}  # how thick the stroke beside a line that matters is


@dataclass(frozen=True)
class Page:
    """A page's canvas and the box its body has, in points from the bottom left."""

    canvas: Any
    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True)
class Line:
    """A wrapped entry and how high it is."""

    paragraph: Paragraph
    height: float
    tone: str


@dataclass(frozen=True)
class Block:
    """Sections set in a column `width` wide, each with as many of its lines as fit."""

    sections: tuple[Section, ...]
    lines: tuple[tuple[Line, ...], ...]
    shown: tuple[int, ...]

    @property
    def height(self) -> float:
        return sum(
            HEAD + (sum(line.height for line in lines[:count]) if lines else LEADING) + _more(lines, count)
            for lines, count in zip(self.lines, self.shown, strict=True)
        )


def _more(lines: Sequence[Line], count: int) -> float:
    return MORE if count < len(lines) else 0.0


Wrapped = tuple[tuple[Line, ...], ...]


def block(sections: Sequence[Section], *, width: float, room: float, most_lines: int = MOST_LINES) -> Block:
    return fitted(sections, wrapped(sections, width, most_lines), room=room)


def wrapped(sections: Sequence[Section], width: float, most_lines: int = MOST_LINES) -> Wrapped:
    """Each section's entries as they are set in a column `width` wide; one that is too long says by how much."""
    most = int(most_lines * (width - INDENT) / (SIZE * 0.5))
    return tuple(tuple(_line(entry, width, most) for entry in section.entries) for section in sections)


def fitted(sections: Sequence[Section], lines: Wrapped, *, room: float) -> Block:
    heights = [[line.height for line in of_one] or [LEADING] for of_one in lines]
    gives = [place for place, section in enumerate(sections) if section.code == GIVES]
    shown = paper_fit.counts(heights, room=room, head=HEAD, more=MORE, gives=gives)
    return Block(tuple(sections), lines, tuple(shown))


def _line(entry: Entry, width: float, most: int) -> Line:
    lead = paper_fit.clipped(entry.lead, most // 2)
    text = paper_fit.clipped(entry.text, most - len(lead))
    words = f"<b>{escape(wording.kept(lead))}</b> {escape(wording.kept(text))}"
    paragraph = Paragraph(words, TEXT)
    _, height = paragraph.wrap(width - INDENT, 1000)
    return Line(paragraph, height, entry.tone)


def draw_block(page: Page, told: Block, x: float, top: float) -> None:
    y = top
    for section, lines, shown in zip(told.sections, told.lines, told.shown, strict=True):
        heading(page, x, y - 11.5, section.title)
        y -= HEAD
        if not lines:
            _say(page, x, y, section.none)
            y -= LEADING
        for line in lines[:shown]:
            line.paragraph.drawOn(page.canvas, x + INDENT, y - line.height)
            _bar(page, x, y, line)
            y -= line.height
        if shown < len(lines):
            _say(page, x, y, f"+{len(lines) - shown} more on the screen", font=BOLD)
            y -= MORE


def _bar(page: Page, x: float, top: float, line: Line) -> None:
    if line.tone in BAR:
        page.canvas.setStrokeGray(0)
        page.canvas.setLineWidth(BAR[line.tone])
        page.canvas.line(x + 2, top - 1.5, x + 2, top - line.height + 0.5)


def _say(page: Page, x: float, top: float, words: str, *, font: str = PLAIN) -> None:
    page.canvas.setFillGray(0)
    page.canvas.setFont(font, SIZE)
    page.canvas.drawString(x + INDENT, top - 7.5, words)


def heading(page: Page, x: float, base: float, title: str, beside: str = "") -> None:
    canvas = page.canvas
    canvas.setFillGray(0)
    canvas.setFont(BOLD, 8.2)
    canvas.drawString(x, base, title)
    canvas.setFont(PLAIN, SIZE)
    canvas.drawString(x + stringWidth(title, BOLD, 8.2) + 6, base, wording.kept(beside))


def columns(page: Page, told: RoundsSheet, *, room: float) -> float:
    """What is new on the left, how things stand on the right; how much of the page's height they took."""
    width = (page.width - 2 * GAP) * LEFT_SHARE
    right = page.width - width - 2 * GAP
    heading(page, page.left, page.top - 9, "New", told.since_words)
    scores = [section for section in told.stands if section.code == GIVES]
    standing = [section for section in told.stands if section.code in ("flags", "due")]
    said, stood = wrapped(told.news, width), wrapped(standing, right)
    news, stands = fitted(told.news, said, room=room - HEAD), fitted(standing, stood, room=room)
    # the scores stand where more is free, and are the first to give way
    if news.height + HEAD < stands.height:
        news = fitted([*told.news, *scores], (*said, *wrapped(scores, width)), room=room - HEAD)
    else:
        stands = fitted([*standing, *scores], (*stood, *wrapped(scores, right)), room=room)
    draw_block(page, news, page.left, page.top - HEAD)
    draw_block(page, stands, page.right - right, page.top)
    return max(news.height + HEAD, stands.height)


@dataclass(frozen=True)
class Middle:
    """The response table with what speaks for and against, and the options beside it."""

    page: Page
    table: Table | None
    said: Block
    options: Block
    height: float

    def draw(self, top: float) -> None:
        page, left = self.page, self.page.width * LEFT_SHARE
        table = self.table.height if self.table else 0.0
        if self.table:
            self.table.draw(page.canvas, page.left, top)
        draw_block(page, self.said, page.left, top - table)
        draw_block(page, self.options, page.left + left + GAP, top)


def response(page: Page, told: RoundsSheet) -> Middle:
    left = page.width * LEFT_SHARE
    own = told.sheet.table
    table = Table(own, left) if own and own.rows else None
    said = block([_speaking(told)], width=left, room=96)
    beside = (table.height if table else 0.0) + said.height
    option = Section("options", "Options, with their source; not orders", told.options, "None is called for now.")
    options = block(
        [option], width=page.width - left - GAP, room=max(beside, OPTIONS_ROOM), most_lines=MOST_LINES_OF_OPTION
    )
    return Middle(page, table, said, options, max(beside, options.height))


def _speaking(told: RoundsSheet) -> Section:
    table = told.sheet.table
    if table is None:
        words = "A steroid was given without a recorded dose." if told.sheet.tone == "watch" else ""
        return Section("said", "Steroid response", (), words or "No high-dose steroid course is known.")
    verdicts = "; ".join(f"{head.words}: {head.note}" for head in table.heads)
    parts = (
        Entry("Verdicts", verdicts), Entry("Probability", table.odds), Entry("For response", table.better),
        Entry("Against", table.worse), *(Entry("Caution", caution) for caution in table.cautions),
        Entry("Labelled rule", table.label_rule),
    )  # fmt: skip
    title = "What speaks for and against" if table.rows else f"Steroid response · {table.title}"
    return Section("said", title, tuple(part for part in parts if part.text), "")


def notes(page: Page, told: RoundsSheet, *, top: float) -> None:
    """Findings, the notes said so far, and lines for the pen down to the foot."""
    width = (page.width - 2 * GAP) / 2
    room = top - page.bottom
    findings = [section for section in told.stands if section.code == "findings"]
    said = [section for section in told.stands if section.code == "notes"]
    left, right = (block(sections, width=width, room=room) for sections in (findings, said))
    draw_block(page, left, page.left, top)
    draw_block(page, right, page.right - width, top)
    _pen_lines(page, top - max(left.height, right.height) - 14)


def _pen_lines(page: Page, first: float) -> None:
    page.canvas.setStrokeGray(0.6)
    page.canvas.setLineWidth(0.4)
    y = first
    while y > page.bottom + 2:
        page.canvas.line(page.left, y, page.right, y)
        y -= 17


def one_line(canvas: Any, text: str, size: float, room: float) -> str:
    """What fits into one line; that something is left out is shown."""
    if canvas.stringWidth(text, PLAIN, size) <= room:
        return text
    while text and canvas.stringWidth(f"{text} …", PLAIN, size) > room:
        text = text.rsplit(" ", 1)[0] if " " in text else text[:-1]
    return f"{text} …"
