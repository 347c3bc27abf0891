"""Who is shown on the ward and who is not: what can be chosen, what was, and what is hidden by it. No streamlit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from dashboard.bedside import Bedside
from dashboard.concern import Concern
from dashboard.selection import WardAsked
from monitoring.terms import Catalog

SOON_HOURS: Final = 6
DUE_WORDS: Final[Mapping[str, str]] = {f"{SOON_HOURS}h": f"due within {SOON_HOURS} h or overdue", "overdue": "overdue"}
NO_LINE: Final = "none"
LEAST_OF_IDENTIFIER: Final = 3
LINES: Final = ("none", "first", "second", "refractory")


class Standing(Protocol):
    """A row of the board, as far as a filter looks at it."""

    @property
    def side(self) -> Bedside: ...

    @property
    def concern(self) -> Concern: ...


R = TypeVar("R", bound=Standing)


@dataclass(frozen=True)
class Option:
    code: str
    words: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """One list to choose from; `name` is what it is called in the address."""

    name: str
    words: str
    options: tuple[Option, ...]


def passes(rows: Iterable[R], asked: WardAsked, *, next_run_at: datetime | None) -> list[R]:
    """The rows that the address asks for, in the same order."""
    tests = _tests(asked, next_run_at)
    return [row for row in rows if all(test(row) for test in tests)]


def without(rows: Iterable[R], asked: WardAsked, name: str, *, next_run_at: datetime | None) -> list[R]:
    """The rows that everything but `name` asks for: what its counts are counted among."""
    return passes(rows, replace(asked, **{name: ""}), next_run_at=next_run_at)


def choices(
    rows: Sequence[Standing], asked: WardAsked, catalog: Catalog, *, next_run_at: datetime | None
) -> list[Choice]:
    """Line, flag and what is due, each with how many there are of it here."""
    among = {name: without(rows, asked, name, next_run_at=next_run_at) for name in ("line", "flag", "due")}
    lines = Counter(line_of(row.side) for row in among["line"])
    flags = Counter(code for row in among["flag"] for code in flags_of(row.side))
    due = {code: sum(is_due(row, code) for row in among["due"]) for code in DUE_WORDS}
    labels = {line_of(row.side): row.side.line_label for row in rows}
    labels = {code: labels[code] for code in (*LINES, *labels) if code in labels}
    named = {code: rule.label for code, rule in catalog.rules.items()}
    return [
        Choice("line", "Line", _options(lines, labels, asked.line)),
        Choice("flag", "Flag", _options(flags, named, asked.flag)),
        Choice("due", "Labs", _options(due, DUE_WORDS, asked.due)),
    ]


def hidden_words(rows: Sequence[Standing], shown: Sequence[Standing], asked: WardAsked) -> tuple[str, str]:
    """
    (how many a filter hides, and how many of them are urgent), in words; ("", "") when it hides nobody.

    A ward is a place, not a filter: who lies elsewhere is not hidden.
    """
    here = [row for row in rows if _in_ward(row, asked.ward)]
    gone = len(here) - len(shown)
    if not gone:
        return "", ""
    urgent = sum(is_urgent(row) for row in here) - sum(is_urgent(row) for row in shown)
    words = f"{gone} of {len(here)} patients {'is' if gone == 1 else 'are'} hidden"
    return words, f"{urgent} of them {'needs' if urgent == 1 else 'need'} a decision" if urgent else ""


def further_words(rows: Sequence[Standing]) -> tuple[str, str]:
    """(how many stand below the rows that are drawn, and how many of them are urgent), in words; ("", "") for none."""
    if not rows:
        return "", ""
    urgent = sum(is_urgent(row) for row in rows)
    words = f"{len(rows)} more {'patient follows' if len(rows) == 1 else 'patients follow'} in the same order"
    return words, f"{urgent} of them {'needs' if urgent == 1 else 'need'} a decision" if urgent else ""


def is_urgent(row: Standing) -> bool:
    return row.concern.tone == "decision"


def line_of(side: Bedside) -> str:
    return str(side.line["line"]) if side.line else NO_LINE


def flags_of(side: Bedside) -> set[str]:
    return {str(row["flag"]) for row in side.flags if row["state"] == "active"}


def is_due(row: Standing, code: str) -> bool:
    """`6h`: late, due, or due within six hours; `overdue`: late. Anything else holds for everybody."""
    if code not in DUE_WORDS:
        return True
    said = row.concern
    if code == "overdue" or said.late:
        return said.late
    soon = row.side.as_of + timedelta(hours=SOON_HOURS)
    return said.due_now or (said.due_at is not None and said.due_at <= soon)


def in_tile(row: Standing, code: str, next_run_at: datetime | None) -> bool:
    if code in ("decision", "watch"):
        return row.concern.tone == code
    if code == "due":
        soon = row.concern.due_at is not None and next_run_at is not None and row.concern.due_at <= next_run_at
        return row.concern.due_now or soon
    return {"responding": row.concern.responding, "overdue": row.concern.late}.get(code, True)


def _tests(asked: WardAsked, next_run_at: datetime | None) -> tuple[Callable[[Standing], bool], ...]:
    told = asked.find.casefold().removeprefix("bed ")
    return (
        lambda row: _in_ward(row, asked.ward),
        lambda row: in_tile(row, asked.show, next_run_at),
        lambda row: not asked.line or line_of(row.side) == asked.line,
        lambda row: not asked.flag or asked.flag in flags_of(row.side),
        lambda row: is_due(row, asked.due),
        lambda row: not told or _is_called(row.side, told),
    )


def _is_called(side: Bedside, told: str) -> bool:
    """7 finds bed 7 and 71, not 17; an identifier is found by any three characters of it."""
    return side.name.casefold().startswith(told) or (len(told) >= LEAST_OF_IDENTIFIER and told in side.id.casefold())


def _in_ward(row: Standing, ward: str) -> bool:
    return not ward or row.side.patient["ward"] == ward


def _options(counts: Mapping[str, int], words: Mapping[str, str], asked: str) -> tuple[Option, ...]:
    """Those there are, and the one that was asked for even when there is none of it."""
    known = {**dict.fromkeys((asked,) if asked else (), 0), **counts}
    ordered = [code for code in words if code in known] + sorted(known.keys() - words.keys())
    return tuple(Option(code, words.get(code, code), known[code], code == asked) for code in ordered)
