"""
What a person says to a flag: taken notice of it, asked to be left alone with it, said something, given it to somebody.

The command line and the dashboard both go through here. The change that is answered is written down first, so that
every answer has its question; what was meant for a flag that has changed meanwhile is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.analysis.answers import longest_hours
from monitoring.analysis.recording import HOLDING
from monitoring.errors import AnswerRefused
from monitoring.state import judge_and_record, state
from monitoring.terms import Catalog
from storage import queries, talk, writes
from storage.engine import Store

LONGEST_WORDS = 2000
RUN = "answer"  # no run of a feed: what an answer made be written down


@dataclass(frozen=True)
class Standing:
    """An active flag as it stands at `now`; what is said to it is said `by` somebody."""

    store: Store
    catalog: Catalog
    now: datetime
    by: str
    flag: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.flag["patient_id"], self.flag["flag"]

    @property
    def said(self) -> dict[str, Any]:
        return {"seq": int(self.flag["seq"]), "at": self.now, "by": self.by}


def as_shown(store: Store, catalog: Catalog, key: tuple[str, str], *, by: str, now: datetime, seq: int) -> Standing:
    """
    The flag `key` at its change `seq`, as it was on a screen. Raises AnswerRefused when it is not there any more.

    Nobody is judged anew unless that change was not written down yet: an answer to what was shown is ended by what
    comes after it, so it can never speak for a change that nobody has seen.
    """
    name, last = in_words(by, "Nothing was kept: say who you are first."), _written(store, key, now)
    if last is None or last["seq"] < seq:
        judge_and_record(store, catalog, as_of=now, run_id=RUN, patients=[key[0]])
        last = _written(store, key, now)
    if last is None or last["change"] not in HOLDING:
        raise AnswerRefused("Nothing was kept: the flag no longer holds; what is shown now is how it stands.")
    if last["seq"] != seq:
        raise AnswerRefused("Nothing was kept: the flag has changed since it was shown; read it again, then answer.")
    return Standing(store, catalog, now, name, last)


def standing(store: Store, catalog: Catalog, key: tuple[str, str], *, by: str, now: datetime) -> Standing:
    """The flag `key` (patient, code) as of now. Raises AnswerRefused when nobody says so and when it does not hold."""
    name, (patient_id, flag) = in_words(by, "--by needs a word: who says so."), key
    judge_and_record(store, catalog, as_of=now, run_id=RUN, patients=[patient_id])
    found = state(store, catalog, as_of=now, patients=[patient_id]).flags
    here: Any = found[found["flag"].eq(flag) & found["state"].eq("active")].to_dict("records")
    if not here:
        raise AnswerRefused(f"Patient {patient_id} has no active flag {flag}; `maswatch flags` lists what there is.")
    return Standing(store, catalog, now, name, here[0])


def _written(store: Store, key: tuple[str, str], now: datetime) -> dict[str, Any] | None:
    """The flag's last change as it is written down."""
    last = queries.last_flag_changes(store, as_of=now, patients=[key[0]])
    rows: Any = last[last["flag"].eq(key[1])].to_dict("records")
    return rows[0] if rows else None


def acknowledge(flag: Standing, reason: str) -> None:
    why = in_words(reason, "--reason needs a word: what was decided, or what is being waited for.")
    writes.acknowledge(flag.store, *flag.key, **flag.said, reason=why)


def snooze(flag: Standing, reason: str, *, hours: float) -> datetime:
    """Until when. Refused when that is not later than now, or further off than the catalog allows."""
    why = in_words(reason, "--reason needs a word: what was decided, or what is being waited for.")
    severity = str(flag.flag["severity"])
    longest = longest_hours(severity, flag.catalog)
    if not hours > 0:
        raise AnswerRefused("A snooze ends later than now.")
    if hours > longest:
        raise AnswerRefused(f"A flag of severity {severity} can be snoozed for at most {longest:g} h at a time.")
    until = flag.now + timedelta(hours=hours)
    writes.snooze(flag.store, *flag.key, **flag.said, until=until, reason=why)
    return until


def take_back(flag: Standing, answer: str, reason: str = "") -> None:
    """`answer`: "acknowledged" or "snoozed"."""
    if flag.flag.get(answer, answer) is None:
        patient_id, code = flag.key
        raise AnswerRefused(f"{code} of {patient_id} is not {answer}; there is nothing to take back.")
    writes.end_answer(flag.store, *flag.key, **flag.said, answer=answer, reason=reason)


def comment(flag: Standing, text: str) -> None:
    talk.comment(flag.store, *flag.key, **flag.said, text=in_words(text, "A comment needs a word."))


def withdraw_comment(flag: Standing, *, seq: int, said_at: datetime) -> None:
    """The comment of `said_at`, made when the flag was at its change `seq`."""
    talk.withdraw_comment(flag.store, *flag.key, **{**flag.said, "seq": seq}, said_at=said_at)


def assign(flag: Standing, to: str) -> None:
    """To nobody where `to` is empty."""
    talk.assign(flag.store, *flag.key, **flag.said, to=to.strip()[:LONGEST_WORDS])


def in_words(text: str, otherwise: str) -> str:
    """`text` without the space around it; refused with `otherwise` when nothing is left."""
    if not text.strip():
        raise AnswerRefused(otherwise)
    return text.strip()[:LONGEST_WORDS]
