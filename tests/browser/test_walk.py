"""A new user's walk (walk.md): each question is answered by words in sight, after one click at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.walking import STEPS
from tests.browser.watched import Watched

pytestmark = pytest.mark.browser
# worked out from ward.toml: what is written there of the ward, in the words a reader meets
ANSWERS = {
    "who": ("7", "Not responding 48 h after steroid start", "Ferritin doubling every"),
    "changed": ("New or worse, not opened here yet: beds 7,", "you last looked 8 h ago"),
    "next": ("Overdue", "Bed 9", "Next due", "Bed 7"),
    "answered": ("Bed 7", "Not responding at 48 h", "7,400", "21,800", "×2.9", "worse"),
    "given": ("Methylprednisolone", "1 g", "3 times", "Fibrinogen concentrate", "4 g"),
    "missing": ("Missing at 48 h", "Temperature", "72 h labs due", "Ferritin, fibrinogen, platelets"),
    "feed": ("Sources asked", "ago", "drop"),
}


@pytest.fixture(scope="module", params=[1440, 1024])
def walk(ward: str, chrome: Any, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """What was read at each step of one walk."""
    page = Watched(chrome.new_page(viewport={"width": request.param, "height": 900}))
    page.open(ward)
    told = {}
    for step in STEPS:
        step.does(page)
        told[step.name] = " | ".join(step.reads(page))
    yield told
    page.page.close()
    assert page.faults == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.question)
def test_a_question_is_answered_by_words_in_sight(step: Any, walk: dict[str, str]) -> None:
    missed = [words for words in ANSWERS[step.name] if words not in walk[step.name]]
    assert missed == [], walk[step.name]
