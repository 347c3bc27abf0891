"""
The colours of the figure: one set for light, dark and high contrast. Imports no streamlit.

A figure is made in the light colours, which are also those of paper and of a saved picture. On a dark or a contrast
screen the style sheet made here takes each of them for its counterpart, at once when a reader changes the colours and
without a new figure. A colour that is not in this table would stay as it is, so a test looks for it.
"""

from __future__ import annotations

from typing import Final

INK, INK_2, FAINT, PAPER = "#0f172a", "#475569", "#94a3b8", "#ffffff"
SERIES, BAND, RULE, GRID = "#2f3e55", "#e6f1eb", "#e2e8f0", "#eef1f5"
WINDOW, WINDOW_INK, ACCENT = "#e8eefd", "#1e3f8f", "#1d4ed8"
TREND_BAND: Final = "rgba(29, 78, 216, 0.13)"
DECISION, WATCH, NOTE, GOOD, QUIET = "#b42318", "#b7500d", "#3b6fd4", "#0f766e", "#64748b"
SECOND, REFRACTORY, PRODUCT = "#6d28d9", "#a3195b", "#8a5a00"
FIRST_FILL, SECOND_FILL, REFRACTORY_FILL, PRODUCT_FILL = "#cddcfb", "#ddd3f7", "#f3d0e4", "#f6e3bd"
# words in them stand on paper at 4.5:1 or more; what tells the lines apart is the label at their ends
MARKERS: Final = (INK, "#0063a3", "#b04a00", "#00705a", "#94337a", "#7a5c00", "#5b677a", "#a8281e", "#3f3fbf")

# light -> dark, high contrast
SCREENS: Final[dict[str, tuple[str, str]]] = {
    INK: ("#e8edf4", "#000000"),
    INK_2: ("#b6c2d1", "#1c1c1c"),
    FAINT: ("#64748b", "#555555"),
    PAPER: ("#151c27", "#ffffff"),
    SERIES: ("#cbd6e4", "#000000"),
    BAND: ("#1b352f", "#d6e4dc"),
    RULE: ("#263243", "#6b6b6b"),
    GRID: ("#222d3d", "#c4c4c4"),
    WINDOW: ("#1a2a49", "#dbe6ff"),
    WINDOW_INK: ("#b7cfff", "#00247d"),
    ACCENT: ("#8ab4ff", "#0000c0"),
    DECISION: ("#ff6b5e", "#a00000"),
    WATCH: ("#f0913a", "#8a3a00"),
    NOTE: ("#5b8def", "#0030b0"),
    GOOD: ("#2fb8a6", "#00584f"),
    QUIET: ("#98a6b9", "#333333"),
    SECOND: ("#b79bf7", "#4a0fb0"),
    REFRACTORY: ("#f27bb6", "#7a0040"),
    PRODUCT: ("#e2b14d", "#5c3a00"),
    FIRST_FILL: ("#22365d", "#cddcff"),
    SECOND_FILL: ("#33264f", "#ddd3f7"),
    REFRACTORY_FILL: ("#4a1f38", "#f3d0e4"),
    PRODUCT_FILL: ("#46340f", "#f6e3bd"),
    MARKERS[1]: ("#6cb6ff", "#004a80"),
    MARKERS[2]: ("#f0a060", "#7a3300"),
    MARKERS[3]: ("#3ecfae", "#004a3b"),
    MARKERS[4]: ("#e48fce", "#6b1d57"),
    MARKERS[5]: ("#d6b545", "#574100"),
    MARKERS[6]: ("#98a6b9", "#333333"),
    MARKERS[7]: ("#ff8f85", "#7a120a"),
    MARKERS[8]: ("#a5a5ff", "#22229a"),
}
THEMES: Final = ("dark", "contrast")
PROPERTIES: Final = ("fill", "stroke", "background")


def styles() -> list[tuple[str, str]]:
    """
    (theme, style sheet) for each screen that is not light; paper and saved pictures keep the figure's own colours.

    Only the one of the colours chosen may be in force (see theme.js): looking for a colour in every element's style is
    the dearest thing that a browser does with a figure.
    """
    return [
        (theme, "".join(_rule(light, screens[place]) for light, screens in SCREENS.items()))
        for place, theme in enumerate(THEMES)
    ]


def _rule(light: str, shown: str) -> str:
    """Plotly writes colours into style attributes as rgb(), in spans of words as they were given."""
    red, green, blue = (int(light[at : at + 2], 16) for at in (1, 3, 5))
    return "".join(
        f'.js-plotly-plot :is([style*="{name}: rgb({red}, {green}, {blue})"], [style*="{name}:{light}"]) '
        f"{{ {name}: {shown} !important; }}\n"
        for name in PROPERTIES
    )
