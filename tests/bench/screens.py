"""The screens with 200 patients of 30 days, beside an empty Streamlit page on the same machine in the same minute."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from monitoring.simulate import simulate
from tests.browser.conftest import FLAGS
from tests.browser.finding import browser_path
from tests.stories.served import Served, until

PATIENTS, DAYS, SEED, TURNS = 200, 30, 6, 5
BOARD, PATIENT = ".board tbody tr:nth-child(20)", ".patient[data-key='{}'] .response, .patient[data-key='{}'] .none"
PATIENCE = 300.0  # seconds, until either is up
SETTLED_MS = 2000
STEP = """wanted => new Promise(done => {
  const figure = () => document.querySelector(".js-plotly-plot .infolayer")?.textContent
  const before = figure(), began = performance.now()
  let said = 0
  document.querySelector(".neighbours [rel=next]").click()
  const look = () => {
    if (!said && document.querySelector(wanted)) said = performance.now() - began
    if (said && figure() && figure() !== before) {
      return requestAnimationFrame(() => done([said, performance.now() - began]))
    }
    requestAnimationFrame(look)
  }
  look()
})"""
EMPTY = "import streamlit as st\nst.write('nothing')\n"


def report() -> None:
    if not browser_path():
        print("screens: left out, there is no browser here")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = filled(Path(place))
        with empty_page(Path(place)) as empty, ward(folder) as address, page() as browser:
            told(browser, empty, address)


def filled(folder: Path) -> Path:
    """A site whose newest results are of two hours ago."""
    now = datetime.now(UTC)
    simulate(folder / "in", patients=PATIENTS, days=DAYS, seed=SEED, end=now - timedelta(hours=2))
    (folder / "maswatch.toml").write_text(f'data_dir = "{folder}"\n')
    command = [sys.executable, "-m", "monitoring.cli", "--config", str(folder / "maswatch.toml"), "ingest"]
    subprocess.run([*command, str(folder / "in")], check=True, capture_output=True)
    return folder


@contextmanager
def ward(folder: Path) -> Iterator[str]:
    served = Served(folder, "--no-schedule")
    try:
        yield served.address
    finally:
        served.end()


@contextmanager
def empty_page(folder: Path) -> Iterator[str]:
    """Streamlit with one line on it."""
    (folder / "empty.py").write_text(EMPTY)
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "empty.py"), "--server.headless", "true"]
    told = subprocess.Popen(
        [*command, "--server.port", "8599", "--browser.gatherUsageStats", "false"], stdout=subprocess.DEVNULL
    )
    try:
        yield "http://127.0.0.1:8599"
    finally:
        told.terminate()
        told.wait(timeout=30)


@contextmanager
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()


def told(page: Any, empty: str, address: str) -> None:
    until(lambda: opens(page, empty, "[data-testid=stMarkdown]"), seconds=PATIENCE)
    until(lambda: opens(page, address, BOARD), seconds=PATIENCE)
    plain, board = [], []
    for _ in range(TURNS):  # in turns, so that what else the machine does falls on both
        plain.append(taken(lambda: opens(page, empty, "[data-testid=stMarkdown]")))
        board.append(taken(lambda: opens(page, address, BOARD)))
    print(f"ward of {PATIENTS} x {DAYS} d, first useful paint: {median(board) / median(plain):.2f} x an empty page "
          f"({median(board):.2f} s, {median(plain):.2f} s)")  # fmt: skip
    page.goto(f"{address}/patient?patient=SIM-0001")
    page.wait_for_selector(patient("SIM-0001"))
    page.wait_for_selector(".js-plotly-plot .infolayer text")
    page.wait_for_timeout(SETTLED_MS)
    said, drawn = zip(*(steps(page) for _ in range(TURNS)), strict=True)
    print(f"from patient to patient: name and verdict {median(said):.0f} ms, trajectories {median(drawn):.0f} ms, "
          f"{median(drawn) / 1000 / median(plain):.2f} x an empty page")  # fmt: skip


def steps(page: Any) -> tuple[float, float]:
    """Milliseconds, by the browser's own clock, until the next patient's verdict and until their figure are drawn."""
    there = page.locator(".neighbours [rel=next]").get_attribute("href").split("=")[-1]
    said, drawn = page.evaluate(STEP, patient(there))
    page.wait_for_timeout(SETTLED_MS)
    return float(said), float(drawn)


def patient(name: str) -> str:
    return PATIENT.format(name, name)


def opens(page: Any, address: str, drawn: str) -> bool:
    with suppress(Exception):  # not up yet
        page.goto(address)
        page.wait_for_selector(drawn, timeout=60_000)
        return True
    return False


def taken(turn: Callable[[], Any]) -> float:
    began = time.perf_counter()
    turn()
    return time.perf_counter() - began


if __name__ == "__main__":
    report()
