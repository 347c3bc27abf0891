"""Pictures of the walk (walk.md) for dashboard/screens, on a desk and a tablet: `python -m tests.browser.take_walk`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, site
from tests.browser.finding import browser_path
from tests.browser.take_screens import FOLDER, SIZES
from tests.browser.walking import STEPS
from tests.browser.watched import Watched
from tests.stories.served import Served


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(site(Path(folder), fill=True), "--no-schedule")
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for width, height in SIZES.items():
            page = Watched(browser.new_page(viewport={"width": width, "height": height}))
            page.open(served.address)
            for number, step in enumerate(STEPS, start=1):
                step.does(page)
                page.settle()
                page.page.screenshot(path=FOLDER / f"walk-{number}-{step.name}-{width}.png")
                print(step.question, step.reads(page), sep="\n  ")
        browser.close()
        served.end()


if __name__ == "__main__":
    main()
