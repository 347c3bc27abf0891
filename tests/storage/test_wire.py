"""The binary form of COPY, byte by byte as the server's manual has it; test_copying sends every table to a server."""

from __future__ import annotations

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from storage import wire
from storage.errors import FrameRefused

KINDS = {
    "name": "text", "at": "timestamptz", "value": "double precision", "version": "integer", "ref": "bigint",
    "content": "bytea", "source": "text",
}  # fmt: skip
BEGIN = bytes.fromhex("5047434f50590aff0d0a00 00000000 00000000")
END = bytes.fromhex("ffff")


def sent(columns: dict[str, pa.Array], same: dict[str, object], rows: int) -> bytes:
    return b"".join(bytes(piece) for piece in wire.copied(wire.in_order(columns, KINDS), KINDS, same, rows=rows))


def test_numbers_go_first_and_what_is_missing_has_no_bytes() -> None:
    columns = {
        "name": pa.array(["A", None], pa.large_string()),
        "ref": pa.array([1, -1]),
        "at": pa.array([946_684_800_000_001, None]),  # a microsecond into 2000
    }
    first = "0004 00000008 0000000000000001  00000001 41  00000008 0000000000000001  00000002 c3a4"
    second = "0004 00000008 ffffffffffffffff  ffffffff  ffffffff  00000002 c3a4"
    assert sent(columns, {"source": "ä"}, 2) == BEGIN + bytes.fromhex(first) + bytes.fromhex(second) + END


def test_every_kind_of_number_has_its_width() -> None:
    columns = {
        "version": pa.array([-3, 2]),
        "value": pa.array([1.0, -2.0]),
        "content": pa.array([b"\x00\xff", b""], pa.large_binary()),
    }
    first = "0003 00000004 fffffffd  00000008 3ff0000000000000  00000002 00ff"
    second = "0003 00000004 00000002  00000008 c000000000000000  00000000"
    assert sent(columns, {}, 2) == BEGIN + bytes.fromhex(first) + bytes.fromhex(second) + END


def test_rows_that_are_all_alike_are_sent_as_often_as_they_are() -> None:
    row = bytes.fromhex("0002 00000001 78  ffffffff")
    assert sent({}, {"source": "x", "at": None}, 3) == BEGIN + 3 * row + END


def test_texts_that_stand_once_are_sent_as_often_as_they_are_told() -> None:
    texts = pa.array(["A", "", "A", "ä"], pa.large_string())
    columns = {"ref": pa.array([1, 2, 3, 4]), "name": texts}
    once = columns | {"name": texts.dictionary_encode()}
    assert sent(once, {"source": "x"}, 4) == sent(columns, {"source": "x"}, 4)


def test_a_large_batch_keeps_its_order_over_its_pieces() -> None:
    rows = 2 * wire.PIECE + 1
    told = sent({"ref": pa.array(np.arange(rows))}, {}, rows)
    read = np.frombuffer(told[len(BEGIN) : -len(END)], dtype=[("fields", ">i2"), ("size", ">i4"), ("ref", ">i8")])
    assert np.array_equal(read["ref"], np.arange(rows))
    assert set(read["fields"]) == {1}
    assert set(read["size"]) == {8}


def test_a_number_too_large_for_its_column_is_refused_and_not_told() -> None:
    with pytest.raises(FrameRefused, match=r"^A number is too large for a column of the kind integer\.$"):
        sent({"version": pa.array([1, 2**31])}, {}, 2)
