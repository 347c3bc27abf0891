"""What a person says to a flag on a sheet is kept: called back for a click, and for nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import page_reading, reading
from dashboard.flag_actions import Reader
from dashboard.selection import moment_asked
from dashboard.who import act_as, forget, may, person, who
from dashboard.wording import Tone
from monitoring import answering
from monitoring.answering import Standing
from monitoring.errors import AnswerRefused
from monitoring.logs import without_values
from monitoring.sentences import sentence

OUTCOME: Final = "outcome"
SHOWN_FOR: Final = timedelta(seconds=60)
UNFORESEEN: Final = "Nothing was kept: something went wrong that nobody foresaw; the log says where."
Told = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a click, in words."""

    words: str
    tone: Tone
    at: datetime


def hearing(clock: Callable[[], datetime]) -> Callable[[str], None]:
    """What a sheet calls with its key when something was said on it."""
    return lambda key: _heard(st.session_state[key].said, clock())


def reader(clock: Callable[[], datetime], patients: list[str] | None = None) -> Reader:
    """Who looks now, with what was said of the flags of `patients` (None: of all). Looking back, nobody answers."""
    now, then = clock(), moment_asked(st.query_params)
    told = page_reading.talk(then, patients, now=now)
    acts = may("act")
    can, local = acts and then is None, person().local
    return Reader(told, who(), outcome(now), can=can, only_reads=not acts, local=local, unsent=page_reading.unsent())


def outcome(now: datetime) -> Outcome | None:
    """Of the last click, for a minute."""
    told: Outcome | None = st.session_state.get(OUTCOME)
    return told if told and now - told.at < SHOWN_FOR else None


def _heard(told: Told | None, now: datetime) -> None:
    if not told:
        return
    try:
        st.session_state[OUTCOME] = Outcome(_done(told, now), "good", now)
    except Exception as error:
        said = sentence(error)
        if not said:
            log.error("an answer could not be kept:\n%s", without_values(error))
        st.session_state[OUTCOME] = Outcome(said or UNFORESEEN, "watch", now)


def _done(told: Told, now: datetime) -> str:
    if told.get("say") == "forget_name":
        forget()
        return "The next action asks for a name."
    says = SAYS.get(str(told.get("say")))
    if says is None:
        raise AnswerRefused("Nothing was kept: this page is older than its server; load it again.")
    by = act_as(str(told.get("by", "")))
    key = (str(told["patient"]), str(told["flag"]))
    flag = answering.as_shown(reading.store(), reading.catalog(), key, by=by, now=now, seq=int(told["seq"]))
    return says(flag, told)


def _acknowledge(flag: Standing, told: Told) -> str:
    answering.acknowledge(flag, str(told["reason"]))
    return f"Acknowledged by {flag.by}: {_label(flag)}"


def _snooze(flag: Standing, told: Told) -> str:
    until = answering.snooze(flag, str(told["reason"]), hours=float(told["hours"]))
    return f"Snoozed until {until.astimezone(reading.zone()):%a %H:%M %Z}: {_label(flag)}"


def _take_back(answer: str) -> Callable[[Standing, Told], str]:
    def taken_back(flag: Standing, told: Told) -> str:
        answering.take_back(flag, answer)
        return f"No longer {answer}: {_label(flag)}"

    return taken_back


def _comment(flag: Standing, told: Told) -> str:
    answering.comment(flag, str(told["text"]))
    return f"Comment added: {_label(flag)}"


def _withdraw(flag: Standing, told: Told) -> str:
    said_at = pd.Timestamp(told["commentAt"]).to_pydatetime()
    answering.withdraw_comment(flag, seq=int(told["commentSeq"]), said_at=said_at)
    return f"Comment taken back: {_label(flag)}"


def _assign(flag: Standing, told: Told) -> str:
    to = answering.in_words(str(told["to"]), "Nothing was kept: name whose the flag is to be.")
    answering.assign(flag, to)
    return f"Given to {to}: {_label(flag)}"


def _unassign(flag: Standing, told: Told) -> str:
    answering.assign(flag, "")
    return f"Nobody's again: {_label(flag)}"


def _label(flag: Standing) -> str:
    rule = flag.catalog.rules.get(flag.key[1])
    return rule.label if rule else flag.key[1]


SAYS: Final[Mapping[str, Callable[[Standing, Told], str]]] = {
    "acknowledge": _acknowledge,
    "take_back_acknowledged": _take_back("acknowledged"),
    "snooze": _snooze,
    "take_back_snoozed": _take_back("snoozed"),
    "comment": _comment,
    "withdraw_comment": _withdraw,
    "assign": _assign,
    "unassign": _unassign,
}
