"""Messages that arrive damaged: nothing raises, and every OBX that is still there ends somewhere."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.content import kind_of
from monitoring.hl7.framing import blocks, plain_bytes
from monitoring.refused import set_aside_frame
from tests.monitoring.hl7_fixture import OBR, PID, message, obx, reads, result

WHOLE = (
    b"BHS|^~\\&|LIS\r"
    + message(PID, OBR, obx(">40000"), obx("1", "ZZ^odd^L", f17="m^n"), "SPM|1|||SER", charset="8859/1").encode()
    + message(PID, "ORC|RE|PL7|RX700", "RXA|0|1|20260106||^Anakinra|100|mg", kind="RAS^O17").encode()
    + message("EVN||20260106", PID, "PV1|1|I|PICU^12^1", kind="ADT^A08").encode()
    + result(f2="SN", f14="20260106060000.1-0500").encode()
    + b"BTS|4\r"
)
SIGNS = st.sampled_from(
    [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\x0b", b"\x1c", b"\x00", b"\xff", b'""', b"\\X"]
)
BYTES = st.one_of(
    SIGNS, st.binary(max_size=3), st.sampled_from([b"MSH", b"OBX|", b"\xfe\xff", b"99999999999999999999", b"-"])
)
CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 6), BYTES), min_size=1, max_size=8)


def changed(changes: list[tuple[int, int, bytes]]) -> bytes:
    content = WHOLE
    for place, length, inserted in changes:
        content = content[:place] + inserted + content[place + length :]
    return content


def results_in(content: bytes) -> int:
    """OBX lines with a field separator, of messages and of what is no message."""
    lines = [line for block in blocks(plain_bytes(content)[0]) if hasattr(block, "lines") for _, line in block.lines]
    return sum(re.match(rb"OBX\|", line) is not None for line in lines)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(CHANGES)
def test_every_result_of_a_damaged_message_ends_somewhere(changes: list[tuple[int, int, bytes]]) -> None:
    content = changed(changes)
    taken = reads(content)
    read = len(taken.facts.get("observations", ()))
    aside = sum(len(re.findall(r"^OBX\|", one.raw, re.MULTILINE)) for one in taken.refused)
    hidden = any(one.raw.startswith("base64:") for one in taken.refused)
    assert hidden or kind_of(content) != "hl7" or read + aside >= results_in(content)
    set_aside_frame(taken.refused, "lis")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_behind_a_head_are_read_or_set_aside(tail: bytes) -> None:
    taken = reads(b"MSH|^~\\&|LIS|" + tail)
    assert taken.facts or taken.refused
