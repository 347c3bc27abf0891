"""Is every source alive, what of it could not be read, and what do its codes mean: looked at, and mended by a click."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard import feed_clicks, feed_codes, feed_reading, feed_sheet, reading, seen, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.feed_codes import Code
from dashboard.feed_sheet import FeedTold, Group
from dashboard.markup import page
from dashboard.views.now import now
from dashboard.who import ask_who, may
from monitoring.site_map import Word


def feed(ward: Ward) -> None:
    at, zone = now(), reading.zone()
    told = feed_reading.feed_told(at)
    show_sheet(feed_sheet.feed_html(told, zone=zone, now=at), key="feed")
    said()
    codes(told, at)
    aside(feed_sheet.groups(told), at)
    meanings(told.words, at)
    show_sheet(feed_sheet.past_html(told, zone=zone, now=at), key="feed-past")


def said() -> None:
    tone, sentence = feed_clicks.told()
    show_sheet(page("feed_said.html", tone=tone, sentence=sentence), key="feed-said-sheet")


def codes(told: FeedTold, at: datetime) -> None:
    found = feed_codes.unmapped(told)
    show_sheet(feed_codes.codes_html(found), key="feed-codes")
    if not may("manage"):
        return
    if found or told.words or len(told.groups):
        with st.container(width=320):
            ask_who(key="feed")
    for code in found[: feed_codes.CODES_SHOWN]:
        with st.container(border=True, key=f"code-{code.key}"):
            one_code(code, at)


def one_code(code: Code, at: datetime) -> None:
    catalog = reading.catalog()
    choices = feed_codes.analyte_choices(catalog)
    first, second, third, fourth = st.columns([2.6, 1.8, 1.2, 1], vertical_alignment="bottom")
    with first:
        show_sheet(feed_codes.code_html(code, zone=reading.zone(), now=at), key=f"feed-code-{code.key}")
    label = second.selectbox(f"{code.short} means", list(choices), None, key=f"means {code.key}", placeholder="Analyte")
    analyte = choices.get(label or "", "")
    units = feed_codes.unit_choices(catalog, analyte) if analyte else []
    placeholder = "Choose" if code.unit_missing else "As sent"
    unit = third.selectbox(
        "Unit if none is sent", units, None, key=f"unit {code.key} {analyte}", placeholder=placeholder
    )
    fourth.button(
        f"Map {code.short}",
        key=f"map {code.key}",
        disabled=not analyte,
        on_click=feed_clicks.map_now,
        args=(code.source, code.code, analyte, unit or ""),
        width="stretch",
    )
    if analyte and (caution := feed_codes.unit_caution(code, analyte, unit or "", catalog)):
        show_sheet(page("feed_said.html", tone="watch", sentence=caution), key=f"feed-caution-{code.key}")


def aside(groups: list[Group], at: datetime) -> None:
    show_sheet(feed_sheet.aside_html(groups, zone=reading.zone(), now=at), key="feed-aside")
    if not groups or not may("manage"):
        return
    titles = {group.title: group for group in groups}
    first, second, third = st.columns([3, 1.2, 1.2], vertical_alignment="bottom")
    title = first.selectbox("Of what is set aside", list(titles), key="group")
    group = titles[title]
    shown = second.toggle("Show one original", key="original")
    third.button(
        f"Read {group.count:,} again", key="again", on_click=feed_clicks.read_group, args=(group,), width="stretch"
    )
    if shown:
        seen.shown("original set aside", which=group.id, now=at)
        show_sheet(feed_sheet.original_html(feed_reading.original(group.id), group), key="feed-original")


def meanings(words: Sequence[Word], at: datetime) -> None:
    show_sheet(feed_sheet.map_html(words, reading.catalog(), zone=reading.zone(), now=at), key="feed-map")
    mine = {f"{word.code} of {word.source}": word for word in words if word.by}
    if mine and may("manage"):
        first, second, _ = st.columns([2, 1.2, 2.2], vertical_alignment="bottom")
        title = first.selectbox("Take back what was said of", list(mine), None, key="back", placeholder="Code")
        word = mine.get(title or "")
        second.button(
            "Take back",
            key="take-back",
            disabled=word is None,
            on_click=feed_clicks.take_back_now if word else None,
            args=(word,) if word else None,
            width="stretch",
        )


shell.show(feed, clock=now)
