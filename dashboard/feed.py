"""The strip and the banners: how fresh what is shown is, in words. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from dashboard import wording
from dashboard.admission import Person
from dashboard.health import Health
from dashboard.markup import Markup, page
from dashboard.wording import Tone


@dataclass(frozen=True)
class Banner:
    tone: Tone
    title: str
    sentence: str
    href: str = ""
    link: str = ""


def strip(
    feed: Health, *, zone: tzinfo, now: datetime, as_of: datetime | None = None, person: Person | None = None
) -> Markup:
    """
    Labs in 11 min ago · next scheduled 18:00 CET · Sat 21 Nov 14:12 CET · who looks, and underneath what must be known.
    """
    return page(
        "strip.html",
        tone=_tone(feed),
        taken="Store cannot be read" if feed.status == "failing" else _taken(feed, now),
        newest=_newest(feed, now),
        next=f"next scheduled {wording.clock(feed.next_run_at, zone, today=now)}",
        now=wording.stamp(now, zone),
        person=person,
        banners=list(complaints(feed, zone=zone, now=now, as_of=as_of)),
    )


def _tone(feed: Health) -> Tone:
    """Where nothing ever came, that every source answers is no reassurance."""
    if feed.status == "ok":
        return "good" if feed.newest_received_at else "watch"
    return "watch" if feed.status == "degraded" else "decision"


def _taken(feed: Health, now: datetime) -> str:
    at = feed.last_success_at
    if at is None:
        return "No scheduled intake yet"
    if feed.newest_received_at is None:
        return f"Sources asked {_since(at, now)}, no result yet"
    if _newest(feed, now):
        return f"Sources asked {_since(at, now)}"
    return "Labs just taken in" if _just(at, now) else f"Labs taken in {_since(at, now)}"


def _newest(feed: Health, now: datetime) -> str:
    """What was pushed or entered since all sources were last asked; it says nothing of the others."""
    asked, at = feed.last_success_at, feed.newest_received_at
    if feed.status == "failing" or at is None or (asked and _just(asked, at)):
        return ""
    return f"newest result {_since(at, now)}"


def _since(at: datetime, now: datetime) -> str:
    return "just now" if _just(at, now) else f"{wording.age(at, now)} ago"


def _just(at: datetime, now: datetime) -> bool:
    return wording.since(at, now) * 60 < 1


def complaints(feed: Health, *, zone: tzinfo, now: datetime, as_of: datetime | None) -> Iterable[Banner]:
    """What a reader of any page must know before trusting it."""
    if as_of is not None:
        sentence = "Nothing received later plays a part, and this page does not refresh itself."
        yield Banner("note", f"As it was known at {wording.stamp(as_of, zone)}", sentence, "/", "Back to now")
    if feed.status == "failing":
        yield Banner("decision", "The store cannot be read", feed.store)
        return
    if feed.stopped_at is not None:
        yield _stopped(feed.stopped_at, zone, now)
    if feed.overdue:
        yield _missed(feed, zone, now)
    for source, sentence in feed.failures:
        told = sentence or "The reason is in the log: run maswatch doctor."
        yield Banner("watch", f"The source “{source}” failed", told, "/feed", "Look at the feed")
    for silent in feed.silent:
        held = "No new result may reach this page from there."
        title = f"The source “{silent.source}” is silent"
        yield Banner("watch", title, f"{silent.sentence} {held}", "/feed", "Look at the feed")


def _stopped(heard_at: datetime, zone: tzinfo, now: datetime) -> Banner:
    last = f"It was last heard of at {wording.clock(heard_at, zone, today=now)}, {wording.age(heard_at, now)} ago."
    held = "What is shown was taken in before that; no new result comes in. Check that maswatch schedule is running."
    return Banner("watch", "The 12-hour job has stopped", f"{last} {held}")


def _missed(feed: Health, zone: tzinfo, now: datetime) -> Banner:
    then = wording.clock(feed.missed_at, zone, today=now)
    if feed.last_success_at is None:
        return Banner(
            "watch",
            "The 12-hour intake has not run yet",
            "Newer results may be waiting at the sources. Start maswatch serve or maswatch schedule.",
        )
    held = f"What is shown was taken in {wording.age(feed.last_success_at, now)} ago and may be out of date."
    return Banner("watch", f"The intake of {then} has not happened", f"{held} Check that maswatch schedule is running.")
