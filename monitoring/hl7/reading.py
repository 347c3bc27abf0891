"""HL7 v2 messages of a file as facts, or set aside: every OBX, RXA, RXE and PID is one row, and none is lost."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.decoding import kept, kept_bytes, unsound
from monitoring.hl7.administrations import GIVING, doses
from monitoring.hl7.charsets import text_of
from monitoring.hl7.escapes import Marks
from monitoring.hl7.framing import Block, Miscount, blocks, plain_bytes
from monitoring.hl7.observations import results
from monitoring.hl7.patients import PLACED, said
from monitoring.hl7.segments import BadMessageError, Message, marks_of, message
from monitoring.hl7.told import Told, judged, refused, rows, shown
from monitoring.hl7.vocabulary import Vocabulary
from monitoring.raw_files import RawFile
from monitoring.refused import MESSAGE, Refused
from monitoring.sieve import Circumstances, quoted
from monitoring.sifting import Taken, sift_all

SEGMENT = "segment"
MERGES = frozenset(("A18", "A24", "A30", "A34", "A35", "A36", "A37", "A39", "A40", "A41", "A42", "A43", "A44")) | {
    f"A{number}" for number in range(45, 52)
}

NO_HEAD = "These segments have no MSH segment before them, so they are no message."
MERGE = "ADT {} joins, links or moves patients, and the merge of patients is not built yet."
EVENT = "ADT {} is not read: of the ADT events, {} are."
TYPE = "A message of the type {} is not read here; ORU, ADT, RAS and RDE are."
EMPTY = "The message holds no result, no dose and nothing about a patient."
ODD = "This line is no segment: a segment begins with its name in three capitals and the field separator."
MISCOUNT = "The batch says that it holds {} messages, and {} are there."
BOM = "\ufeff"


def read_hl7(raw: RawFile, at: Circumstances) -> Taken:
    """Never raises for anything a file may hold."""
    content, sure = plain_bytes(raw.content)
    words = Vocabulary.of(at.catalog)
    told: list[Told] = []
    aside: list[Refused] = []
    for block in blocks(content):
        if isinstance(block, Miscount):
            aside.append(_miscounted(block, raw.name))
            continue
        encoding = sure or at.encoding or "utf-8"
        try:
            marks = _marks(block, sure, at.encoding)
            encoding = marks.encoding
            found = message(block, marks, at.zone)
            told.extend(_told(found, words))
            aside.extend(_odd(found, raw.name))
        except BadMessageError as error:
            aside.append(_whole(block, raw.name, encoding, error))
    aside.extend(refused(one, raw.name) for one in told if one.fault[0])
    return sift_all(rows([one for one in told if not one.fault[0]], raw.name), at, aside)


def _marks(block: Block, sure: str, otherwise: str) -> Marks:
    if not block.headed:
        raise BadMessageError("bad_message", NO_HEAD)
    return marks_of(block, sure=sure, otherwise=otherwise)


def _told(found: Message, words: Vocabulary) -> list[Told]:
    """Raises BadMessageError for a message that is set aside whole."""
    _check(*found.kind)
    told = [*said(found), *results(found, words)]
    if found.kind[0] in GIVING:
        told.extend(doses(found, words))
    if not told:
        raise BadMessageError("no_value", EMPTY)
    return [judged(one) for one in told]


def _check(kind: str, event: str) -> None:
    if kind == "ADT" and event in MERGES:
        raise BadMessageError("unsupported_message", MERGE.format(event))
    if kind == "ADT" and event not in PLACED:
        raise BadMessageError("unsupported_message", EVENT.format(quoted(event), ", ".join(sorted(PLACED))))
    if kind not in ("ADT", "ORU", *GIVING):
        raise BadMessageError("unsupported_message", TYPE.format(quoted(f"{kind}^{event}".strip("^"))))


def _odd(found: Message, name: str) -> Iterable[Refused]:
    encoding = found.head.marks.encoding
    return (Refused(SEGMENT, f"{name}:{line}", "bad_segment", ODD, kept(text, encoding)) for line, text in found.odd)


def _miscounted(batch: Miscount, name: str) -> Refused:
    sentence = MISCOUNT.format(batch.told, batch.found)
    return Refused(SEGMENT, f"{name}:{batch.line}", "truncated", sentence, kept(batch.raw, "utf-8"))


def _whole(block: Block, name: str, encoding: str, error: BadMessageError) -> Refused:
    reason, sentence = error.args
    return Refused(MESSAGE, f"{name}:{block.lines[0][0]}", reason, shown(sentence), _kept(block, encoding))


def _kept(block: Block, encoding: str) -> str:
    """As it can be read again: a text is kept in UTF-8, with a byte order mark to overrule an MSH-18 that says more."""
    content = b"\n".join(line for _, line in block.lines)
    text = text_of(content, encoding)
    if text.isascii() or unsound(text):
        return kept_bytes(content)
    return text if encoding == "utf-8" else BOM + text
