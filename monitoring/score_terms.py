"""What scores are made of: components, items, tables. Read only; made by catalog_scores.py from scores.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from monitoring.terms import Cited

When = Literal["<", "<=", ">", ">="]
Limit = Literal["", "times_upper", "times_lower", "above_upper"]

WHENS: tuple[When, ...] = ("<", "<=", ">", ">=")
LIMITS: tuple[Limit, ...] = ("", "times_upper", "times_lower", "above_upper")


@dataclass(frozen=True)
class Component:
    """
    Something a score looks at: the newest value of one of `analytes` (or the highest), or a finding, not older than
    `hours`. Without either it is never known here. `any_means` is what an effect "any way" of a product comes to;
    `instead` names analytes that measure the like and must not stand in, with the reason.
    """

    code: str
    label: str
    analytes: tuple[str, ...]
    finding: str
    hours: float
    pick: Literal["newest", "highest"]
    any_means: Literal["any", "up", "down"]
    instead: Mapping[str, str]
    why: str
    source: Cited


@dataclass(frozen=True)
class Step:
    """`points` from here on: the last step of a list that holds gives the points, none gives 0."""

    when: When
    value: float
    points: float


@dataclass(frozen=True)
class Newborn:
    """Other steps while younger than `under_days`. Without a birth date, `not_from_kg` or more is no newborn."""

    under_days: float
    not_from_kg: float
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Bands:
    """
    Points by the value of one component. `steps`: unit -> steps, the first unit being the usual one; a value reported
    in another unit listed is compared in that unit, since published cut-offs are rounded in each by itself.
    """

    component: str
    limit: Limit
    steps: Mapping[str, tuple[Step, ...]]
    newborn: Newborn | None = None


@dataclass(frozen=True)
class Count:
    """Points by how many of `parts` hold."""

    parts: tuple[Bands, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Weight:
    """`factor` times the value in `unit`."""

    component: str
    factor: float
    unit: str


@dataclass(frozen=True)
class Ratio:
    """One value over another. Nothing can be said once a product moved either of them."""

    over: Weight
    under: Weight


Kind = Bands | Count | Weight | Ratio


@dataclass(frozen=True)
class Item:
    """One line of a score's table."""

    code: str
    label: str
    kind: Kind
    source: Cited

    def parts(self) -> Iterator[Bands | Weight]:
        if isinstance(self.kind, Count):
            yield from self.kind.parts
        elif isinstance(self.kind, Ratio):
            yield from (self.kind.over, self.kind.under)
        else:
            yield self.kind


@dataclass(frozen=True)
class Cutoff:
    when: When
    value: float
    source: Cited
    why: str


@dataclass(frozen=True)
class Subtotal:
    """What some items alone must come to as well."""

    items: tuple[str, ...]
    when: When
    value: float
    source: Cited


@dataclass(frozen=True)
class Chances:
    """Published bins of probability: (highest score of the bin, text), rising; `note` says when they hold."""

    bins: tuple[tuple[float, str], ...]
    note: str
    source: Cited


@dataclass(frozen=True)
class Score:
    """
    A published score. `items` are added up; each of `required` must be met as well and adds nothing.

    `contexts`: what it was made for, empty: any; `years`: the ages it was made for, from
    and below; None where there is no such end.
    """

    code: str
    label: str
    unit: str
    decimals: int
    items: tuple[Item, ...]
    required: tuple[Item, ...]
    cutoff: Cutoff
    subtotal: Subtotal | None
    chances: Chances | None
    contexts: tuple[str, ...]
    years: tuple[float | None, float | None]
    scope: str
    source: Cited

    def sources(self) -> tuple[str, ...]:
        """Every reference the score rests on, its own first."""
        cited = [self.source, *(item.source for item in (*self.required, *self.items)), self.cutoff.source]
        cited += [part.source for part in (self.subtotal, self.chances) if part]
        return tuple(dict.fromkeys(key for one in cited for key in one.cite))


@dataclass(frozen=True)
class Tolerated:
    """Effects after which a value is still taken at face value."""

    products: tuple[str, ...]
    analytes: tuple[str, ...]
    why: str
    source: Cited


@dataclass(frozen=True)
class ScoreBook:
    """All scores in the order shown, what they look at, and the words for what is missing."""

    scores: Mapping[str, Score] = field(default_factory=lambda: MappingProxyType({}))
    components: Mapping[str, Component] = field(default_factory=lambda: MappingProxyType({}))
    tolerated: tuple[Tolerated, ...] = ()
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
