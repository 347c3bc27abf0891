"""Every text can be read in every theme: contrasts worked out from theme.css, as WCAG 2.2 defines them."""

from __future__ import annotations

import re

import pytest

from dashboard import wording
from dashboard.figure_colours import (
    ACCENT,
    BAND,
    DECISION,
    GOOD,
    INK,
    INK_2,
    MARKERS,
    NOTE,
    PAPER,
    PRODUCT,
    QUIET,
    REFRACTORY,
    SCREENS,
    SECOND,
    SERIES,
    WATCH,
    WINDOW,
    WINDOW_INK,
)  # fmt: skip
from dashboard.front import front_page
from dashboard.markup import HERE, STYLE

THEMES = ("light", "dark", "contrast")
TEXT, SHAPE = 4.5, 3.0
ON_SURFACES = ("ink", "ink-2", "ink-3", "accent", *(f"{tone}-ink" for tone in wording.TONES))
SURFACES = ("paper", "ground", "hover")
OWN_GROUND = [(f"{tone}-ink", f"{tone}-ground") for tone in wording.TONES]
OTHERS = [
    ("accent", "note-ground"),
    ("ink-2", "note-ground"),
    ("paper", "accent"),
    ("ink", "quiet-ground"),
    ("ink-3", "quiet-ground"),
    ("ink", "mark"),
    ("alarm-ink", "alarm-ground"),
]
WORDS = [(text, under) for text in ON_SURFACES for under in SURFACES] + OWN_GROUND + OTHERS
EDGES = [(f"{tone}-edge", "paper") for tone in wording.TONES if tone != "quiet"]  # quiet says nothing by its edge
SHAPES = [
    *EDGES,
    ("field", "paper"),
    ("series", "paper"),
    ("series", "band"),
    ("filled", "paper"),
    ("accent", "ground"),
]


def colours(theme: str) -> dict[str, str]:
    """Name -> #rrggbb, the theme's own over those of the light one."""
    sheet = (HERE / "static" / "theme.css").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'^:root(\[data-theme="\w+"\])? \{(.*?)^\}', sheet, re.DOTALL | re.MULTILINE))
    told = [blocks[""], blocks.get(f'[data-theme="{theme}"]', "")]
    return dict(pair for block in told for pair in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the grey WCAG's own examples name


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_stands_out_from_what_is_under_it(theme: str) -> None:
    told = colours(theme)
    assert [pair for pair in WORDS if contrast(told[pair[0]], told[pair[1]]) < TEXT] == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_shape_that_says_something_stands_out(theme: str) -> None:
    told = colours(theme)
    assert [pair for pair in SHAPES if contrast(told[pair[0]], told[pair[1]]) < SHAPE] == []


def test_high_contrast_is_higher_than_the_others() -> None:
    told = colours("contrast")
    assert min(contrast(told[name], told["paper"]) for name in ("ink", "ink-2", "ink-3")) >= 7


def test_no_theme_forgets_a_tone() -> None:
    names = {f"{tone}-{part}" for tone in wording.TONES for part in ("edge", "ink", "ground", "line")}
    for theme in THEMES:
        assert names <= colours(theme).keys()


def test_a_style_uses_no_colour_that_theme_css_does_not_name() -> None:
    named = set(re.findall(r"--([\w-]+):", (HERE / "static" / "theme.css").read_text(encoding="utf-8")))
    local = {"edge", "tone", "tint", "line"}  # a tone's own, set in dashboard.css
    sheets = STYLE.read_text(encoding="utf-8") + (HERE / "static" / "wall.css").read_text(encoding="utf-8")
    assert set(re.findall(r"var\(--([\w-]+)", sheets)) - named - local == set()


def test_the_colours_are_there_before_anything_is_drawn() -> None:
    head = front_page().split("</head>")[0]
    assert ':root[data-theme="dark"]' in head
    assert "prefers-color-scheme" in head


@pytest.mark.parametrize("theme", [0, 1], ids=["dark", "contrast"])
def test_what_a_figure_draws_can_be_told_from_its_ground(theme: int) -> None:
    ground = SCREENS[PAPER][theme]
    words = [INK, INK_2, WINDOW_INK, *MARKERS]
    marks = [SERIES, ACCENT, DECISION, WATCH, NOTE, GOOD, QUIET, SECOND, REFRACTORY, PRODUCT]
    assert min(contrast(SCREENS[one][theme], ground) for one in words) >= TEXT
    assert min(contrast(SCREENS[one][theme], ground) for one in marks) >= SHAPE
    assert contrast(SCREENS[SERIES][theme], SCREENS[BAND][theme]) >= SHAPE
    assert contrast(SCREENS[SERIES][theme], SCREENS[WINDOW][theme]) >= SHAPE
