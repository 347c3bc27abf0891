"""What is sent of a sheet: all of it once, then its name while it stays as it is; and what is drawn once for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from dashboard.bedside import Ward
from dashboard.drawn_once import MOST, drawn_once
from dashboard.sheets import SENT
from tests.dashboard.ward_fixture import NOW


def shown() -> None:
    import streamlit as st

    from dashboard.markup import Markup
    from dashboard.sheets import send

    send(Markup("<p>{}</p>").format(st.session_state.get("says", "one")), "told", {}, {})


def told(app: AppTest) -> dict[str, Any]:
    (sheet,) = app.run().get("bidi_component")
    return dict(json.loads(sheet.proto.json))


def test_a_sheet_that_stays_as_it_is_is_only_named_and_one_that_changed_is_sent() -> None:
    app = AppTest.from_function(shown)
    first = told(app)
    assert first["markup"] == "<p>one</p>"
    assert told(app) == {"sheet": "told", "is": first["is"]}
    app.session_state["says"] = "two"
    assert told(app)["markup"] == "<p>two</p>"


def test_a_page_that_does_not_have_what_is_named_is_sent_all_of_it() -> None:
    app = AppTest.from_function(shown)
    told(app)
    del app.session_state[SENT]["told"]
    assert told(app)["markup"] == "<p>one</p>"


def test_what_is_drawn_of_a_reading_is_drawn_once_and_the_first_is_forgotten_first() -> None:
    ward, drawn = Ward(NOW, ()), list[int]()

    def draws(number: int) -> Callable[[], int]:
        def draw() -> int:
            drawn.append(number)
            return number

        return draw

    for asked in (0, 0, *range(1, MOST + 1), MOST, 0):
        assert drawn_once(ward, asked, draws(asked)) == asked
    assert drawn == [0, *range(1, MOST + 1), 0]
