"""HL7 v2 messages of a file as facts, or set aside: every OBX, RXA, RXE and PID is one row, and none is lost."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.decoding import kept, kept_bytes, unsound
from monitoring.hl7.administrations import GIVING, doses
from monitoring.hl7.charsets import text_of
from monitoring.hl7.escapes import Marks
from monitoring.hl7.framing import Block, Miscount, blocks, plain_bytes
from monitoring.hl7.observations import results
from monitoring.hl7.patients import JOINING, PLACED, joined, said
from monitoring.hl7.segments import BadMessageError, Message, marks_of, message
from monitoring.hl7.told import Told, judged, refused, rows, shown
from monitoring.hl7.vocabulary import Vocabulary
from monitoring.raw_files import RawFile
from monitoring.refused import MESSAGE, Refused
from monitoring.sieve import Circumstances, quoted
from monitoring.sifting import Taken, sift_all

SEGMENT = "segment"
LINKS = frozenset(("A24", "A37"))
PARTIAL = frozenset(f"A{number}" for number in (35, 41, 42, 43, 44, 45, 46, 48, 49, 50, 51))

NO_HEAD = "These segments have no MSH segment before them, so they are no message."
LINK = "ADT {} links or parts records that stay two: nothing is joined by it; `maswatch merge` joins or parts by hand."
MOVE = "ADT {} joins or moves visits, accounts or other numbers, and which results belong to one is not known here."
CANCELS = {
    "A11": "ADT A11 takes an admission back, and an admission once told is not unsaid here: the patient stays on the "
    "ward view until a discharge is told, by ADT A03 or as discharged_at in patients.csv.",
    "A13": "ADT A13 takes a discharge back, and a discharge once told is not unsaid here: the patient counts as gone "
    "until an ADT A01 or patients.csv tells an admission later than that discharge, or a later discharged_at.",
}
NO_NUMBERS = "ADT {} joins records and does not say which: each needs its prior number (MRG-1) and a PID before it."
EVENT = "ADT {} is not read: of the ADT events, {} are."
TYPE = "A message of the type {} is not read here; ORU, OUL, ADT, RAS and RDE are."
EMPTY = "The message holds no result, no dose and nothing about a patient."
ODD = "This line is no segment: a segment begins with its name in three capitals and the field separator."
CUT_OFF = "A batch begins here, and nothing of it follows."
MISCOUNT = "The batch says that it holds {} messages, and {} are there."
BOM = "\ufeff"


def read_hl7(raw: RawFile, at: Circumstances) -> Taken:
    """Never raises for anything a file may hold."""
    told, aside = gathered(raw, at, Vocabulary.of(at.catalog, at.own))
    return sift_all(rows(told, raw.name), at, aside)


def gathered(raw: RawFile, at: Circumstances, words: Vocabulary) -> tuple[list[Told], list[Refused]]:
    """The rows of all messages, and what is none."""
    content, sure = plain_bytes(raw.content)
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
    return [one for one in told if not one.fault[0]], aside


def _marks(block: Block, sure: str, otherwise: str) -> Marks:
    if not block.headed:
        raise BadMessageError("bad_message", NO_HEAD)
    return marks_of(block, sure=sure, otherwise=otherwise)


def _told(found: Message, words: Vocabulary) -> list[Told]:
    """Raises BadMessageError for a message that is set aside whole."""
    _check(*found.kind)
    told = [*said(found), *_joined(found), *results(found, words)]
    if found.kind[0] in GIVING:
        told.extend(doses(found, words))
    if not told:
        raise BadMessageError("no_value", EMPTY)
    return [judged(one) for one in told]


def _joined(found: Message) -> list[Told]:
    """Raises BadMessageError where a record is joined and it does not say which with which."""
    kind, event = found.kind
    if kind != "ADT" or event not in JOINING:
        return []
    told = list(joined(found))
    if not told or not all(one.cells["patient_id"] and one.cells["into"] for one in told):
        raise BadMessageError("bad_message", NO_NUMBERS.format(event))
    return told


def _check(kind: str, event: str) -> None:
    if kind == "ADT" and event in LINKS | PARTIAL:
        raise BadMessageError("unsupported_message", (LINK if event in LINKS else MOVE).format(event))
    if kind == "ADT" and event in CANCELS:
        raise BadMessageError("unsupported_message", CANCELS[event])
    if kind == "ADT" and event not in PLACED | JOINING:
        raise BadMessageError("unsupported_message", EVENT.format(quoted(event), ", ".join(sorted(PLACED | JOINING))))
    if kind not in ("ADT", "ORU", "OUL", *GIVING):
        raise BadMessageError("unsupported_message", TYPE.format(quoted(f"{kind}^{event}".strip("^"))))


def _odd(found: Message, name: str) -> Iterable[Refused]:
    encoding = found.head.marks.encoding
    return (Refused(SEGMENT, f"{name}:{line}", "bad_segment", ODD, kept(text, encoding)) for line, text in found.odd)


def _miscounted(batch: Miscount, name: str) -> Refused:
    sentence = MISCOUNT.format(batch.told, batch.found) if batch.told else CUT_OFF
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
