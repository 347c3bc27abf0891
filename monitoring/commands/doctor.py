"""What is wrong here, in words, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from monitoring.commands.findings import LOOK, OK, WRONG, Finding, tell
from monitoring.commands.site import Asked, Printer, prints
from monitoring.sentences import counted

if TYPE_CHECKING:
    from monitoring.settings import ChannelSettings, SourceSettings
    from monitoring.sieve import OwnName

CODES_NAMED = 12
LOOKED_AT_SECONDS = 10.0
IN_THE_SHADOW = "the site's numbers of {} are tried and raise nothing; `maswatch shadow` counts what they would."


@click.command()
@click.option("--strict", is_flag=True, help="Exit 1 when anything is wrong.")
@click.option("--send", is_flag=True, help="Send a trial message to every channel.")
@click.option("--deep", is_flag=True, help="Read the whole store too, as `maswatch verify` does.")
@prints
def doctor(printer: Printer, strict: bool, send: bool, deep: bool) -> None:
    """Say in words what is wrong here and how to mend it."""
    tell(printer, examined(printer.asked, send=send, deep=deep), strict=strict)


def examined(asked: Asked, *, send: bool = False, deep: bool = False) -> Iterator[Finding]:
    """One after the other; what cannot be looked at because of an earlier fault is left out."""
    yield from _settings(asked)
    yield from _said("catalog", lambda: _catalog(asked))
    yield from _said("golden courses", lambda: _golden(asked))
    yield from _said("sources", lambda: _sources(asked))
    for channel in asked.settings.channel:
        yield from _said("channels", partial(_rung, channel, send))
    yield from _said("sign-in", lambda: _provider(asked))
    stands = list(_said("schema", lambda: _schema(asked)))
    yield from stands
    if all(state != WRONG for _, state, _ in stands):
        yield from _said("site map", lambda: _map(asked))
        yield from _said("sign-in", lambda: _admin(asked))
        yield from _said("store", lambda: _store(asked))
        yield from _said("feeds", lambda: _feeds(asked))
        yield from _said("cycle", lambda: _cycle(asked))
        yield from _said("store", lambda: _kept_whole(asked, deep))


def _said(what: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    from monitoring.sentences import sentence

    try:
        yield from look()
    except Exception as error:
        said = sentence(error)
        if not said:
            raise
        yield what, WRONG, said


def _settings(asked: Asked) -> Iterator[Finding]:
    from monitoring.settings import foreign_variables

    settings = asked.settings
    read = f"read from {settings.config}" if settings.config else "no maswatch.toml; defaults and environment"
    yield "settings", OK, f"{read}; ward time is {settings.ward.timezone}, data in {settings.data_dir}."
    for name in foreign_variables():
        yield "settings", LOOK, f"{name} is set and means nothing here; check its spelling."


def _provider(asked: Asked) -> Iterator[Finding]:
    from monitoring.provider import provider_found

    for well, sentence in provider_found(asked.settings.sign_in):
        yield "sign-in", OK if well else WRONG, sentence


def _admin(asked: Asked) -> Iterator[Finding]:
    from monitoring.clock import wall_clock
    from monitoring.provider import admin_found

    for well, sentence in admin_found(asked.settings.sign_in, asked.store, now=wall_clock()):
        yield "sign-in", OK if well else LOOK, sentence


def _catalog(asked: Asked) -> Iterator[Finding]:
    known = asked.catalog
    held = f"{len(known.analytes)} analytes, {len(known.drugs)} drugs, {len(known.rules)} rules"
    yield "catalog", OK, f"{held}; version {known.version}."
    if known.shadowed:
        yield "catalog", LOOK, IN_THE_SHADOW.format(", ".join(known.shadowed))


def _golden(asked: Asked) -> Iterator[Finding]:
    """Only where the site has numbers of its own: ours were tried before they were shipped."""
    if not asked.settings.site_catalog:
        return
    from monitoring.golden import golden_courses, tried

    told = tried(golden_courses(asked.catalog), asked.catalog)
    failed = [one for one in told if one.faults]
    for one in failed:
        says = f"with this site's numbers {one.golden.title!r} is judged otherwise: {one.faults[0]}"
        yield "golden courses", LOOK, f"{one.golden.rule}: {says}; `maswatch golden` says why it matters."
    if not failed:
        yield "golden courses", OK, f"all {len(told)} hold with this site's numbers."


def _sources(asked: Asked) -> Iterator[Finding]:
    from monitoring.sources import open_sources

    open_sources(asked.settings)
    for source in asked.settings.source:
        yield from _said("sources", partial(_tried, asked, source))
    if not asked.settings.source:
        yield "sources", LOOK, "none is configured: nothing is fetched; add a [[source]] to maswatch.toml."


def _tried(asked: Asked, source: SourceSettings) -> Iterator[Finding]:
    """What the source shows now; nothing of it is kept."""
    from monitoring.clock import wall_clock
    from monitoring.sources import tried

    for sentence in tried(source, asked.catalog, wall_clock(), _meant(asked, source.name)):
        yield "sources", OK, f"{source.name}: {sentence}"


def _rung(channel: ChannelSettings, send: bool) -> Iterator[Finding]:
    """Whether it would take a message; one is sent only when asked for."""
    from monitoring.channel_checks import tried

    yield "channels", OK, tried(channel, send=send)


def _meant(asked: Asked, source: str) -> Mapping[str, OwnName]:
    """The site map: what persons said stands in the store, where there is one; the file counts without it."""
    from monitoring.site_map import file_words, names_of, own_names
    from storage.engine import schema_state
    from storage.errors import StoreError

    with suppress(StoreError):  # a store in trouble is said in its own place
        if schema_state(asked.settings.database_url)["state"] == "current":
            return own_names(asked.store, asked.settings, asked.catalog, source)
    return names_of(file_words(asked.settings.site_map, asked.catalog), source)


def _map(asked: Asked) -> Iterator[Finding]:
    """The site's own codes, and those that nobody has said the meaning of."""
    from monitoring.site_map import ANYWHERE, in_force
    from storage.feeds import aside_groups

    words = in_force(asked.store, asked.settings, asked.catalog)
    if words:
        mapped = counted(len(words), "code of the site's own is", "codes of the site's own are")
        yield "site map", OK, f"{mapped} mapped."
    known = {ANYWHERE, *(source.name for source in asked.settings.source)}
    for name in sorted({word.source for word in words} - known):
        yield "site map", LOOK, f"codes of a source {name} are mapped, and no source is called that."
    groups = aside_groups(asked.store)
    for source, codes in groups[groups["reason"].eq("unknown_analyte")].groupby("source"):
        pairs = zip(codes["code"].head(CODES_NAMED), codes["count"], strict=False)
        told = ", ".join(f"{code or 'no code'} ({count})" for code, count in pairs)
        more = f" and {len(codes) - CODES_NAMED} more" if len(codes) > CODES_NAMED else ""
        yield "site map", LOOK, f"{source}: nobody has said what these codes mean: {told}{more}; `maswatch map` does."


def _feeds(asked: Asked) -> Iterator[Finding]:
    """How each source stands by what was taken in from it."""
    from monitoring.clock import wall_clock
    from monitoring.feed_seen import standing

    states = {"failing": WRONG, "silent": WRONG, "late": LOOK, "never heard": LOOK}
    for source in standing(asked.store, asked.settings, asked.catalog, now=wall_clock()):
        if source.state != "by hand" or source.error:
            waits = f"Deliveries that wait to be read: {source.unread}." if source.unread else ""
            told = " ".join(part for part in (f"{source.source}: {source.state}.", source.sentence, waits) if part)
            yield "feeds", states.get(source.state, LOOK if source.error else OK), told


def _schema(asked: Asked) -> Iterator[Finding]:
    from storage.engine import schema_state

    told = schema_state(asked.settings.database_url)
    made = "`maswatch serve` makes it" if told["dialect"] == "sqlite" else "`maswatch db upgrade` makes it"
    sentences: dict[str, Finding] = {
        "empty": ("schema", LOOK, f"the {told['dialect']} store is not made yet; {made}."),
        "behind": ("schema", WRONG, "the store is older than this maswatch: run `maswatch db upgrade`."),
        "newer": ("schema", WRONG, "the store was written by a newer maswatch: install that version."),
    }
    yield sentences.get(told["state"], ("schema", OK, f"{told['dialect']}, at {told['at']}, which is current."))


def _store(asked: Asked) -> Iterator[Finding]:
    from monitoring.clock import wall_clock
    from storage import queries

    counts, newest = queries.counts(asked.store), queries.newest_received(asked.store)
    hours = (wall_clock() - newest).total_seconds() / 3600 if newest else None
    age = "nothing was ever taken in" if hours is None else f"the newest came {hours:.1f} h ago"
    held = f"{counted(counts['observation'], 'result')}, {counted(counts['dose'], 'dose')}"
    yield "store", OK if newest else LOOK, f"{held}; {age}."
    waiting = len(queries.set_aside(asked.store))
    if waiting:
        aside = counted(waiting, "row or file is", "rows or files are")
        yield "store", LOOK, f"{aside} set aside; `maswatch set-aside list --grouped` says why."


def _kept_whole(asked: Asked, deep: bool) -> Iterator[Finding]:
    """Page by page as far as a few seconds reach, and what a clock that was ahead has left; with `deep` all of it."""
    from monitoring.commands.verifying import LAST, checked, clock
    from storage.integrity import damage, too_large

    if deep:
        yield from checked(asked, last=LAST)
        return
    if too_large(asked.store, LOOKED_AT_SECONDS):
        yield "store", OK, "too large to be read through in passing; `maswatch doctor --deep` does."
    broken = damage(asked.store, seconds=LOOKED_AT_SECONDS)
    if broken:
        yield "store", WRONG, broken
    else:
        yield from clock(asked)


def _cycle(asked: Asked) -> Iterator[Finding]:
    from monitoring.clock import wall_clock
    from monitoring.wall_times import next_run, overdue
    from storage import queries

    settings, now = asked.settings, wall_clock()
    last = queries.last_success(asked.store)
    due = next_run(settings.schedule.at, settings.zone, now).astimezone(settings.zone)
    told = f"last success {last.astimezone(settings.zone):%d %b %H:%M}" if last else "never ran to its end"
    late = overdue(last, settings.schedule.at, settings.zone, now)
    mend = "; start `maswatch serve` or `maswatch schedule`" if late else ""
    yield "cycle", WRONG if late else OK, f"{told}{mend}; the next is due {due:%d %b %H:%M}."
