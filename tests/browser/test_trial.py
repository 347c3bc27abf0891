"""What rules on trial would have raised: asked for by keys, awaited and read, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import site
from tests.browser.watched import Watched
from tests.stories.served import Served

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]


@pytest.fixture(scope="module")
def trying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ward of eight whose site tries another number."""
    folder = site(tmp_path_factory.mktemp("trying"), fill=True)
    rules = folder / "site.toml"
    rules.write_text("[fibrinogen_low]\nbelow = 1.75\nshadow = true\n", encoding="utf-8")
    told = folder / "maswatch.toml"
    told.write_text(f'site_catalog = "{rules}"\n{told.read_text(encoding="utf-8")}', encoding="utf-8")
    served = Served(folder, "--no-schedule")
    yield served.address
    served.end()


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_on_trial_is_counted_when_asked_for_and_read_without_scrolling_sideways(
    trying: str, opened: Open, width: int, tmp_path: Path
) -> None:
    page = opened(f"{trying}/research", width=width)
    page.page.locator(".st-key-trial summary").press("Enter")
    page.see(".st-key-trial-count button").press("Enter")  # nothing has the focus that cannot be seen
    row = page.text(".trial tbody tr:first-child")
    assert row.startswith("Fibrinogen low")
    assert page.page.locator(".trial tbody tr:first-child [data-of='more']").inner_text().endswith("1")
    assert "page" not in page.overflowing()
    page.page.locator(".trial").scroll_into_view_if_needed()
    page.page.screenshot(path=tmp_path / f"trial-{width}.png")
