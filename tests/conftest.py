"""What holds for all rooms: the order of the tests, and what is said at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.finding import browser_path

HERE = Path(__file__).parent
LONGEST = HERE / "stories"
NO_BROWSER = "browser tests are left out: no Chrome or Chromium was found"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole journeys go first: begun last, they would keep one worker busy while the others have nothing to do."""
    items.sort(key=lambda item: LONGEST not in item.path.parents)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Said here because with several workers only the process that started them has a terminal."""
    asked = [config.invocation_params.dir / str(argument).split("::")[0] for argument in config.args]
    browser = HERE / "browser"
    if not browser_path() and any(
        path == browser or path in browser.parents or browser in path.parents for path in asked
    ):
        terminalreporter.write_line(NO_BROWSER)
