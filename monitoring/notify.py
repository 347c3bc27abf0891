"""
Messages out, by e-mail, webhook or chat: what a flag's change owes to a channel is written down, then sent.

The scheduler's own, after every cycle and look. What was owed and not sent is tried again with growing waits, as long
as it is still so; a process that dies between sending and noting it sends the same once more, and never loses one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime

import pandas as pd

from monitoring import messages
from monitoring.analysis.answers import Answers, answered
from monitoring.analysis.recording import HOLDING, KEY
from monitoring.analysis.unanswered import unanswered_since
from monitoring.cycle import Site
from monitoring.errors import MessageError
from monitoring.sentences import sentence
from monitoring.settings import ChannelSettings
from storage import outbox, queries

WAITING = ["patient_id", "flag", "seq", "severity", "ward", "since"]
LONGEST_ERROR = 200
SPANS = ["patient_id", "line", "started_at", "on_until"]
Send = Callable[[str, str], None]
log = logging.getLogger(__name__)


def through_apprise(url: str, text: str) -> None:
    """Hands `text` to the service behind `url`. Raises MessageError with what the service said."""
    import apprise  # slow to import, and most sites have no channel

    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
        service = apprise.Apprise()
        if not service.add(url):
            raise MessageError("The address is none that is known; look it up in the list of services of apprise.")
        if not service.notify(body=text):
            raise MessageError(_without_secrets(said.getvalue(), url))


def notify(site: Site, *, send: Send = through_apprise) -> None:
    """Everything that is owed now, to every channel. What a channel does not take is noted and tried again later."""
    if not site.settings.channel:
        return
    now = site.clock()
    flags = waiting(site, now)
    people = flags["patient_id"].unique().tolist()
    owed = messages.due(flags, outbox.messages(site.store, patients=people), site.settings, now=now)
    outbox.owe(site.store, owed)
    told = outbox.messages(site.store, patients=people)
    ready = messages.sendable(flags, told, site.settings.schedule.retry_minutes, now=now)
    for channel in site.settings.channel:
        mine = ready[ready["channel"].eq(channel.name)]
        if len(mine):
            _deliver(site, channel, mine, send)


def waiting(site: Site, now: datetime) -> pd.DataFrame:
    """
    The flags that hold and that nobody has answered (WAITING), with the patient's ward and when the waiting began.

    An answer that a higher line of treatment has ended still counts here: that line is the ward's own answer.
    """
    last = queries.last_flag_changes(site.store, as_of=now)
    people = last.loc[last["change"].isin(HOLDING), "patient_id"].unique().tolist()
    history = queries.flag_changes(site.store, as_of=now, patients=people)
    said = Answers(
        *(read(site.store, as_of=now, patients=people)
          for read in (queries.acknowledgements, queries.snoozes, queries.answer_ends))
    )  # fmt: skip
    spans = pd.DataFrame({name: pd.Series(dtype="object") for name in SPANS})
    answers = answered(said, history, spans, site.catalog, as_of=now)
    holding = last[last["change"].isin(HOLDING)].assign(state="active").merge(answers, on=KEY)
    since = [unanswered_since(row) for row in holding.to_dict("records")]  # type: ignore[arg-type]
    wards = queries.patients(site.store, as_of=now, patients=people).set_index("patient_id")["ward"]
    here = holding["patient_id"].map(wards).astype("str").fillna("")
    told = holding.assign(since=pd.Series(since, dtype="datetime64[us, UTC]"), ward=here)
    return told[told["since"].notna()][WAITING].reset_index(drop=True)


def _deliver(site: Site, channel: ChannelSettings, mine: pd.DataFrame, send: Send) -> None:
    minutes = [one.escalate_minutes or 0 for one in site.settings.channel if one.escalate_to == channel.name]
    text = messages.text(mine, site.settings, minutes=min(minutes, default=0))
    try:
        send(channel.url, text)
    except Exception as error:  # whatever it is, the other channels have their turn and the cycle is not touched
        said = sentence(error) or f"Unforeseen {type(error).__name__} while sending."
        outbox.note_failed(site.store, mine, error=said)
        log.warning("channel %s did not take a message: %s", channel.name, said)
    else:
        outbox.note_sent(site.store, mine, at=site.clock())
        log.info("channel %s was told of %d flag changes", channel.name, len(mine))


def _without_secrets(said: str, url: str) -> str:
    """The last line that was said, without any part of the address that could be a key."""
    line = next(reversed([line.strip() for line in said.splitlines() if line.strip()]), "The service did not take it.")
    for part in {part for part in re.split(r"[/@:?&=]+", url) if len(part) > 5}:
        line = line.replace(part, "…")
    return line[:LONGEST_ERROR]
