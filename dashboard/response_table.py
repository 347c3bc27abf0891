"""How the markers stand before steroids and 24, 48, 72 h after, and what follows. Frames in, rows out; no streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside
from dashboard.concern import decided, windows
from dashboard.wording import Tone
from monitoring.terms import Analyte, Catalog

WITHIN: Final = "within noise"


@dataclass(frozen=True)
class Head:
    """One window: `words` "48 h", `note` its verdict or when it falls due."""

    hours: int
    words: str
    note: str
    tone: Tone
    decided: bool


@dataclass(frozen=True)
class Stand:
    """One value in a window: the number, how it stands to the baseline, and whether it may be read at all."""

    number: str
    change: str
    state: str
    tone: Tone
    hollow: bool
    hover: str


@dataclass(frozen=True)
class MarkerRow:
    """`noise`: up to which change the marker is within the noise of its test, "" where that is not how it stands."""

    label: str
    unit: str
    before: str
    before_hover: str
    stands: tuple[Stand | None, ...]
    word: str
    tone: Tone
    reason: str
    noise: str = ""

    @property
    def short_reason(self) -> str:
        """What stands before the colon: the product, without what it does."""
        return self.reason.split(":")[0]


@dataclass(frozen=True)
class ResponseTable:
    """
    `odds`: how likely a response is at the window judged, in words and number; `better` and `worse`: what speaks for
    and against it; `label_rule`: the labelled rule of day 3, for comparison; `first_due`: when a verdict can be told
    at all, while it is too early for any.
    """

    title: str
    verdict: str
    tone: Tone
    heads: tuple[Head, ...]
    rows: tuple[MarkerRow, ...]
    better: str
    worse: str
    missing: str
    options: tuple[Mapping[str, Any], ...]
    odds: str = ""
    label_rule: str = ""
    first_due: str = ""
    cautions: tuple[str, ...] = ()


def response_table(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> ResponseTable | None:
    """The newest high-dose course; None where there was none."""
    if side.response is None:
        return None
    told, said = windows(side), decided(side)
    codes = {code for window in told for code in window["markers"]}
    analytes = sorted((catalog.analytes[code] for code in codes if code in catalog.analytes), key=lambda a: a.order)
    shown = said or told[0]
    return ResponseTable(
        title=f"{wording.running(str(side.response['label']))} from {wording.stamp(side.response['t0'], zone)}",
        verdict=wording.verdict(shown["verdict"], shown["hours"]) if said else "Too early to say",
        tone=wording.VERDICT_TONE.get(shown["verdict"], "note") if said else "quiet",
        heads=tuple(_head(window, said, side, zone) for window in told),
        rows=tuple(_row(analyte, told, said, zone) for analyte in analytes),
        better=_labels(shown["for"], catalog),
        worse=_labels(shown["against"], catalog),
        missing=_labels(shown["missing"], catalog),
        options=tuple(shown["options"]),
        odds=_odds(said) if said else "",
        label_rule=_label_rule(side.response.get("label_rule"), catalog),
        first_due="" if said else _first_due(told[0], side, zone),
        cautions=tuple(caution["text"] for caution in shown.get("cautions", ())),
    )


def _odds(window: Mapping[str, Any]) -> str:
    """Response unlikely, 8 % (3 to 21 % with any one marker left out)."""
    chance = window.get("probability")
    if chance is None:
        return ""
    low, high = window["probability_low"], window["probability_high"]
    words = window["probability_words"]
    same = _percent(low) == _percent(high)
    span = "" if same else f" ({_percent(low, '')} to {_percent(high)} with any one marker left out)"
    return f"{words[:1].upper()}{words[1:]}, {_percent(chance)}{span}"


def _percent(chance: float, unit: str = " %") -> str:
    """Never 0 or 100: nothing here is certain."""
    return f"{min(99, max(1, round(100 * chance)))}{unit}"


def _label_rule(rule: Mapping[str, Any] | None, catalog: Catalog) -> str:
    if rule is None:
        return ""
    signs = rule["signs"]
    told = [f"{sign} {signs[sign]}" for sign in signs]
    return f"{rule['scope'][:1].upper()}{rule['scope'][1:]}: {rule['verdict']} at {rule['hours']} h ({', '.join(told)})"


def _head(window: Mapping[str, Any], said: Mapping[str, Any] | None, side: Bedside, zone: tzinfo) -> Head:
    early = window["verdict"] == "too_early"
    some = any(marker["value"] is not None for marker in window["markers"].values())
    due = f"{_due(pd.Timestamp(window['due_at']), side, zone)}{', so far in brackets' if some else ''}" if early else ""
    return Head(
        hours=window["hours"],
        words=f"{window['hours']} h",
        note=due or wording.VERDICT_WORD[window["verdict"]],
        tone="quiet" if early else wording.VERDICT_TONE[window["verdict"]],
        decided=said is not None and window["hours"] == said["hours"],
    )


def _first_due(window: Mapping[str, Any], side: Bedside, zone: tzinfo) -> str:
    """first verdict due Sun 12:12 CET."""
    return f"first verdict {_due(pd.Timestamp(window['due_at']), side, zone)}"


def _due(at: pd.Timestamp, side: Bedside, zone: tzinfo) -> str:
    word = "due" if at > side.as_of else "awaited since"
    return f"{word} {wording.clock(at, zone, today=side.as_of)}"


def _row(
    analyte: Analyte, told: Iterable[Mapping[str, Any]], said: Mapping[str, Any] | None, zone: tzinfo
) -> MarkerRow:
    told = list(told)
    markers = [window["markers"].get(analyte.code) for window in told]
    open_ones = [window["verdict"] == "too_early" for window in told]
    first = next(marker for marker in markers if marker is not None)
    newest = said["markers"].get(analyte.code) if said is not None else None
    state = newest["state"] if newest else ""
    return MarkerRow(
        label=analyte.label,
        unit=wording.unit(analyte.unit),
        before=wording.number(first["baseline"], analyte, first["baseline_comparator"]),
        before_hover=_drawn(first["baseline_at"], zone),
        stands=tuple(
            _stand(marker, analyte, zone, still_open=early) for marker, early in zip(markers, open_ones, strict=True)
        ),
        word=_word(newest) if newest else "",
        tone=wording.MARKER_TONE.get(state, "quiet"),
        reason=str(newest["reason"]) if newest else "",
        noise=_noise(newest) if newest else "",
    )


def _stand(marker: Mapping[str, Any] | None, analyte: Analyte, zone: tzinfo, *, still_open: bool) -> Stand | None:
    """In brackets while the window is open: the newest so far is not yet its value."""
    if marker is None:
        return None
    state = marker["state"]
    number = wording.number(marker["value"], analyte, marker["comparator"])
    return Stand(
        number=f"({number})" if still_open and number != wording.MISSING else number,
        change=_change(marker, analyte),
        state=_word(marker),
        tone=wording.MARKER_TONE.get(state, "quiet"),
        hollow=state == "not_interpretable",
        hover=wording.joined(_drawn(marker["value_at"], zone), str(marker["confounded"]), str(marker["reason"])),
    )


def _word(marker: Mapping[str, Any]) -> str:
    """How it stands; a change that proves none is never called unchanged."""
    known = marker.get("noise_percent") is not None
    return WITHIN if known else wording.MARKER_WORD.get(marker["state"], marker["state"])


def _noise(marker: Mapping[str, Any]) -> str:
    """+76 %: how far two values may lie apart by noise alone, the way they went."""
    return wording.signed_percent(marker.get("noise_percent"))


def _change(marker: Mapping[str, Any], analyte: Analyte) -> str:
    """In percent; a temperature in degrees, since a percentage of it means nothing."""
    if analyte.unit != "Cel":
        return wording.signed_percent(marker["change_percent"])
    both = marker["value"] is not None and marker["baseline"] is not None
    return f"{marker['value'] - marker['baseline']:+.1f}".replace("-", "−") if both else ""


def _drawn(at: str | None, zone: tzinfo) -> str:
    return f"drawn {wording.stamp(pd.Timestamp(at), zone)}" if at else ""


def _labels(codes: Iterable[str], catalog: Catalog) -> str:
    return wording.listed(catalog.analytes[code].label if code in catalog.analytes else code for code in codes)
