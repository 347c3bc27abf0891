"""The envelope: messages out of bytes, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.hl7.mllp import END, START, Frames, TooLargeError, closed, framed

TEXT = st.binary(max_size=40).filter(lambda told: b"\x0b" not in told and b"\x1c" not in told)


def fed(frames: Frames, *chunks: bytes) -> list[bytes]:
    return [content for chunk in chunks for content in frames.feed(chunk)]


@given(contents=st.lists(TEXT, max_size=5), between=st.sampled_from([b"", b"\r\n", b"noise"]), cuts=st.data())
def test_messages_come_out_whole_however_the_network_cuts_them(
    contents: list[bytes], between: bytes, cuts: st.DataObject
) -> None:
    stream = b"".join(between + framed(content) for content in contents)
    frames, told = Frames(1000), []
    while stream:
        size = cuts.draw(st.integers(1, len(stream)))
        told += fed(frames, stream[:size])
        stream = stream[size:]
    assert told == contents
    assert frames.begun == len(contents)
    assert frames.stray == len(contents) * len(between.strip())


def test_a_message_of_single_bytes_comes_out_once() -> None:
    stream = framed(b"MSH|^~\\&|A\rPID|1\r")
    assert fed(Frames(100), *(stream[place : place + 1] for place in range(len(stream)))) == [b"MSH|^~\\&|A\rPID|1\r"]


def test_the_sign_of_the_end_alone_ends_nothing() -> None:
    assert fed(Frames(100), START + b"a\x1cb" + END) == [b"a\x1cb"]


def test_what_stands_before_between_and_behind_messages_is_counted_and_left_out() -> None:
    frames = Frames(100)
    assert fed(frames, b"GET / HTTP\r\n", framed(b"one"), b"xy", framed(b"two") + b"z") == [b"one", b"two"]
    assert frames.stray == len(b"GET / HTTP") + 2 + 1
    assert not frames.inside


def test_a_sender_that_gives_up_within_a_message_and_begins_anew_has_sent_the_second() -> None:
    frames = Frames(100)
    assert fed(frames, START + b"MSH|one, half of", framed(b"MSH|two")) == [b"MSH|two"]
    assert frames.stray == len(b"MSH|one, half of")


@pytest.mark.parametrize("ended", [True, False])
def test_a_frame_at_the_limit_is_taken_and_one_byte_more_is_not(ended: bool) -> None:
    assert fed(Frames(10), framed(b"x" * 10)) == [b"x" * 10]
    with pytest.raises(TooLargeError) as error:
        fed(Frames(10), START + b"x" * 11 + (END if ended else b""))
    assert error.value.head.startswith(b"x" * 11)


def test_what_came_before_a_frame_that_is_too_large_is_not_lost_with_it() -> None:
    frames = Frames(10)
    told: list[bytes] = []
    with pytest.raises(TooLargeError):
        told.extend(content for content in frames.feed(framed(b"good") + START + b"x" * 11))
    assert told == [b"good"]


def test_memory_does_not_grow_with_what_is_no_message() -> None:
    frames = Frames(10)
    for _ in range(100):
        assert fed(frames, b"y" * 1000) == []
    assert frames.stray == 100_000
    assert len(frames._buffer) == 0


@pytest.mark.parametrize(
    ("content", "kept"),
    [(b"MSH|\rOBX|1", b"MSH|\rOBX|1" + END), (b"MSH|\r", b"MSH|\r"), (b"MSH|\n", b"MSH|\n"), (b"M\0\r\0", b"M\0\r\0")],
)
def test_a_message_without_its_last_line_end_is_kept_with_the_end_of_its_envelope(content: bytes, kept: bytes) -> None:
    assert closed(content) == kept
