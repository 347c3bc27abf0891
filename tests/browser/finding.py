"""Where a Chrome or Chromium is on this machine."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def browser_path() -> str | None:
    found = (shutil.which(name) for name in (*NAMES, MAC))
    return next((path for path in found if path), None)
