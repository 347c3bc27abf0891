"""Pictures of each view for dashboard/screens: `python -m tests.browser.take_screens http://127.0.0.1:8501 PATIENT`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.finding import browser_path
from tests.browser.watched import Watched

FOLDER = Path(__file__).parents[2] / "dashboard" / "screens"
SIZES = {1440: 900, 1024: 768}
MORE = {"ward-dark": ("/?theme=dark", 1440, 900), "ward-kiosk": ("/?kiosk=1", 1920, 1080)}


def take(address: str, patient: str) -> None:
    views = {
        "ward": "/",
        "inbox": "/inbox",
        "rounds": "/rounds",
        "rounds-sheet": f"/rounds?patient={patient}",
        "feed": "/feed",
        "research": "/research",
    }
    own = f"/patient?patient={patient}"
    views |= {
        "patient": own,
        "patient-relative": f"{own}&mode=relative",
        "patient-dark": f"{own}&theme=dark",
        "patient-contrast": f"{own}&theme=contrast",
        "patient-evidence": f"{own}&flag=ferritin_rising",
        "patient-us-clock": f"{own}&units=us&axis=clock",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for width, height in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            for name, path in views.items():
                Watched(page).open(address + path)
                page.wait_for_timeout(1000)
                whole(page, width, height)
                page.screenshot(path=FOLDER / f"{name}-{width}.png")
                page.set_viewport_size({"width": width, "height": height})
        for name, (path, width, height) in MORE.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            Watched(page).open(address + path)
            page.wait_for_timeout(1000)
            page.screenshot(path=FOLDER / f"{name}-{width}.png")
        browser.close()


def whole(page: Any, width: int, height: int) -> None:
    """A patient's page to its end, so that the figure is in the picture; the long lists as the screen shows them."""
    if "/patient" in page.url:
        needed = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": width, "height": max(height, min(needed + 60, 2600))})
        page.wait_for_timeout(700)


if __name__ == "__main__":
    take(*sys.argv[1:3])
