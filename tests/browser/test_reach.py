"""Nothing that axe calls serious or critical, on any view, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
OURS = ("/", "/?find=99", "/inbox", "/patient", "/patient?patient=P-0007")
WITH_FIELDS = ("/rounds", "/rounds?patient=P-0007", "/feed", "/research")  # coloured when a page is loaded
WRONG = ("serious", "critical")
ALL: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["color-contrast"]}  # all that a theme changes


def wrong(page: Watched, options: dict[str, Any] = ALL) -> list[Any]:
    told = Axe().run(page.page, options=options).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in told if one["impact"] in WRONG]


@pytest.mark.parametrize("view", [*OURS, "/?kiosk=1"])
def test_axe_finds_nothing_serious_on_a_view_of_ours(view: str, ward: str, opened: Open) -> None:
    page = opened(f"{ward}{view}")
    assert wrong(page) == []
    page.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert wrong(page, COLOURS) == []


@pytest.mark.parametrize("view", WITH_FIELDS)
def test_axe_finds_nothing_serious_where_there_are_fields_of_streamlit(view: str, ward: str, opened: Open) -> None:
    page = opened(f"{ward}{view}")
    assert wrong(page) == []
    page.open(f"{ward}{view}{'&' if '?' in view else '?'}theme=dark")
    assert wrong(page, COLOURS) == []
