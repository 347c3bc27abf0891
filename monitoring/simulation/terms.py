"""What the simulator speaks of. Read only; made by numbers.py from knowledge/simulation.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Span = tuple[float, float]
DRIVERS = ("mas", "acute", "consumption")  # what the disease itself does; what is given adds its own


@dataclass(frozen=True)
class Marker:
    """
    One analyte's turnover. `produced` and `lost`: driver -> change of the logarithm for one unit of it.

    A `linear` marker (temperature) adds instead of multiplying. `bounds` limit what production alone would settle at.
    `noise` is the SD of one reading (of its logarithm, unless linear). `read_limits`: (upper limit of an assay, share).
    """

    code: str
    linear: bool
    loss_per_hour: float
    level: float
    level_of: str
    spread: float
    bounds: Span
    produced: Mapping[str, float]
    lost: Mapping[str, float]
    recovery_lag_hours: int
    noise: float
    read_from: float
    read_limits: tuple[Span, ...]
    at_most_of: tuple[str, float]


@dataclass(frozen=True)
class Stretch:
    """A piece of a driver's course: for how long, and how fast (natural logarithm per day). Both are drawn evenly."""

    hours: Span
    per_day: Span


@dataclass(frozen=True)
class Path:
    """A driver's course around the turn. `response`: what a steroid given at the turn is then said to have done."""

    name: str
    response: str
    relapses: bool
    lag_hours: Span
    before: tuple[Stretch, ...]
    after: tuple[Stretch, ...]


@dataclass(frozen=True)
class Variant:
    """One way a kind may run: driver -> path, and what is given."""

    share: float
    paths: Mapping[str, str]
    protocol: str


@dataclass(frozen=True)
class Kind:
    """
    A kind of patient. `late_share` None: as the ward. `levels` and `read_limits` override the markers' own.

    `mishap`: what happens to its results (see mishaps.py). `infused`: admitted for an infusion of immune cells.
    """

    name: str
    share: float
    mas: bool
    variants: tuple[Variant, ...]
    patterns: Mapping[str, float]
    levels: Mapping[str, float]
    read_limits: Mapping[str, tuple[Span, ...]]
    masked_by: str
    context: str
    finding: str
    mishap: str
    infused: bool
    wrong_results: int
    late_share: float | None
    silent_stretches: int
    silent_hours: Span


@dataclass(frozen=True)
class Given:
    """A series of administrations, hours after the turn. One of `per_kg`, `per_m2`, `amount` is above zero."""

    code: str
    name: str
    from_hours: float
    every_hours: float
    times: int
    per_kg: float
    lighter_than_kg: float
    lighter_per_kg: float
    per_m2: float
    amount: float
    maximum: float
    factor: float
    round_to: float
    unit: str
    route: str


@dataclass(frozen=True)
class Protocol:
    """What is given. `steroid_start`: the turn is the first of a high-dose course."""

    given: tuple[Given, ...]
    steroid_start: bool


@dataclass(frozen=True)
class Panel:
    """Markers measured from one tube. `result_minutes` None: as the ward."""

    markers: tuple[str, ...]
    measured: float
    result_minutes: Span | None


@dataclass(frozen=True)
class Print:
    """How a laboratory prints a marker: printed = ours * factor + offset."""

    unit: str
    decimals: int
    factor: float
    offset: float


@dataclass(frozen=True)
class Laboratory:
    name: str
    share: float
    prints: Mapping[str, Print]
    methods: Mapping[str, str]
