"""The response table on paper: markers before, at 24, 48 and 72 h, and how each stands, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dashboard import wording
from dashboard.paper_ink import BOLD, PLAIN
from dashboard.response_table import MarkerRow, ResponseTable

SIZE: Final = 7.6
ROW: Final = 10.4
HEAD: Final = 26.0
MOST_ROWS: Final = 10
SHARES: Final = (0.25, 0.115, 0.115, 0.115, 0.115)  # marker, before, 24, 48, 72 h; the rest is how it stands


@dataclass(frozen=True)
class Table:
    told: ResponseTable
    width: float

    @property
    def rows(self) -> tuple[MarkerRow, ...]:
        return self.told.rows[:MOST_ROWS]

    @property
    def height(self) -> float:
        return HEAD + ROW * (len(self.rows) + (len(self.told.rows) > MOST_ROWS)) + 2

    def draw(self, canvas: Any, x: float, top: float) -> None:
        canvas.setFillGray(0)
        canvas.setStrokeGray(0)
        canvas.setFont(BOLD, 8.2)
        canvas.drawString(x, top - 9, "Steroid response")
        canvas.setFont(PLAIN, SIZE)
        canvas.drawString(x + canvas.stringWidth("Steroid response", BOLD, 8.2) + 6, top - 9, self.told.title)
        self._head(canvas, x, top - 21)
        for number, row in enumerate(self.rows):
            self._row(canvas, x, top - HEAD - ROW * number, row)
        left_out = len(self.told.rows) - len(self.rows)
        if left_out:
            canvas.setFont(BOLD, SIZE)
            canvas.drawString(x, top - HEAD - ROW * len(self.rows) - 8, f"+{left_out} more on the screen")

    def _head(self, canvas: Any, x: float, base: float) -> None:
        words = ["", "before", *(head.words for head in self.told.heads)]
        decided = [False, False, *(head.decided for head in self.told.heads)]
        for edge, word, bold in zip(self._edges(x), words, decided, strict=False):
            canvas.setFont(BOLD if bold else PLAIN, SIZE)
            canvas.drawRightString(edge, base, word)
        at = next((f"at {head.words}" for head in self.told.heads if head.decided), "")
        canvas.setFont(BOLD, SIZE)
        canvas.drawString(x + sum(SHARES) * self.width + 8, base, at)

    def _row(self, canvas: Any, x: float, top: float, row: MarkerRow) -> None:
        base = top - 8
        canvas.setLineWidth(0.25)
        canvas.line(x, top, x + self.width, top)
        canvas.setFont(PLAIN, SIZE)
        canvas.drawString(x, base, wording.joined(row.label, row.unit, by=" "))
        for edge, (word, bold) in zip(self._edges(x)[1:], self._numbers(row), strict=False):
            canvas.setFont(BOLD if bold else PLAIN, SIZE)
            canvas.drawRightString(edge, base, word)
        self._stands(canvas, x + sum(SHARES) * self.width + 8, base, row)

    def _numbers(self, row: MarkerRow) -> Iterator[tuple[str, bool]]:
        yield row.before, False
        for head, stand in zip(self.told.heads, row.stands, strict=True):
            number = wording.MISSING if stand is None else f"{'◇ ' if stand.hollow else ''}{stand.number}"
            yield number, head.decided

    def _stands(self, canvas: Any, x: float, base: float, row: MarkerRow) -> None:
        """worse −53 %; +54 %, noise +67 %; ◇ and the product where it cannot be judged."""
        place = next((place for place, head in enumerate(self.told.heads) if head.decided), None)
        stand = None if place is None else row.stands[place]
        canvas.setFont(BOLD if row.tone == "decision" else PLAIN, SIZE)
        change = stand.change if stand else ""
        words = (change, f"noise {row.noise}") if row.noise else (f"{row.word} {change}".strip(),)
        canvas.drawString(x, base, wording.joined(*words, by=", "))

    def _edges(self, x: float) -> list[float]:
        """Where each column ends."""
        edges = [x]
        for share in SHARES:
            edges.append(edges[-1] + share * self.width)
        return edges[1:]
