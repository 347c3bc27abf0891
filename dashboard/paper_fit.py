"""How much of each section fits: pure arithmetic, so that a page is one page and what is left out is counted."""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 1


def counts(
    heights: Sequence[Sequence[float]], *, room: float, head: float, more: float, gives: Sequence[int] = ()
) -> list[int]:
    """
    How many lines of each section are shown so that all sections fit into `room`.

    `heights`: of each section's lines; `head`: what a section costs by itself; `more`: a line "+3 more". Sections whose
    places stand in `gives` give first; then the longest, of equally long ones the last; none gives its first line.
    """
    shown = [len(lines) for lines in heights]
    while _height(heights, shown, head, more) > room:
        spare = [place for place, count in enumerate(shown) if count > LEAST]
        if not spare:
            break
        willing = [place for place in spare if place in gives] or spare
        shown[max(willing, key=lambda place: (shown[place], place))] -= 1
    return shown


def _height(heights: Sequence[Sequence[float]], shown: Sequence[int], head: float, more: float) -> float:
    return sum(
        head + sum(lines[:count]) + (more if count < len(lines) else 0.0)
        for lines, count in zip(heights, shown, strict=True)
    )


def clipped(text: str, most: int) -> str:
    """At most `most` characters, cut at a word; how many are left out is said."""
    if len(text) <= most:
        return text
    kept = text[: most - 18].rsplit(" ", 1)[0]
    return f"{kept} … (+{len(text) - len(kept)} characters)"
