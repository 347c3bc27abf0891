"""
Many messages read at once. Most of the work of a reading does not grow with its rows, so hundreds of messages that
came by themselves are sifted together; what each of them told still says which message that was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitoring.decoding import kept_bytes
from monitoring.hl7.reading import gathered
from monitoring.hl7.told import Told, rows
from monitoring.hl7.vocabulary import Vocabulary
from monitoring.logs import without_values
from monitoring.raw_files import RawFile
from monitoring.refused import MESSAGE, Refused
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import Taken, sift_all
from storage.deliveries import Kept

# Beside the columns, so that a row that falls through names its message. No column's name has a colon.
DELIVERY = ":delivery"
BROKEN = "This message could not be read ({}), and nothing of it was taken in; the log says where."
log = logging.getLogger(__name__)


def read_messages(kept: Sequence[Kept], at: Circumstances) -> Taken:
    """What came in frames, in the order given. Never raises for anything a message may hold."""
    words = Vocabulary.of(at.catalog, at.own)
    every: list[tuple[Kept, Told]] = []
    aside: list[Refused] = []
    for one in kept:
        told, refused = _gathered(one, at, words)
        every.extend((one, row) for row in told)
        aside.extend(refused)
    taken = sift_all(_together(every), at, aside)
    return Taken(taken.facts, [_traced(row) for row in taken.refused])


def broken(kept: Kept, error: Exception, encoding: str = "") -> Refused:
    """A message that nobody foresaw, whole."""
    log.error("a message could not be read: %s", without_values(error))
    raw = kept_bytes(kept.content or b"", encoding)
    return Refused(MESSAGE, f"{kept.name}:1", "bad_message", BROKEN.format(type(error).__name__), raw, delivery=kept.id)


def _gathered(kept: Kept, at: Circumstances, words: Vocabulary) -> tuple[list[Told], list[Refused]]:
    try:
        told, aside = gathered(RawFile(kept.name, kept.content or b""), at, words)
    except Exception as error:  # one that breaks the reader stops no other
        return [], [broken(kept, error, at.encoding)]
    return told, [replace(one, delivery=kept.id) for one in aside]


def _together(every: Sequence[tuple[Kept, Told]]) -> Iterator[Rows]:
    """The rows of each kind, with the message that each came from."""
    for one in rows([told for _, told in every], ""):
        messages = [kept for kept, told in every if told.kind == one.kind]
        origins = [f"{kept.name}{line}" for kept, line in zip(messages, one.origins, strict=True)]
        yield replace(one, origins=origins, columns={**one.columns, DELIVERY: [kept.id for kept in messages]})


def _traced(row: Refused) -> Refused:
    if DELIVERY not in row.fields:
        return row
    fields = {name: text for name, text in row.fields.items() if name != DELIVERY}
    return replace(row, fields=fields, delivery=row.fields[DELIVERY])
