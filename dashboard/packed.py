"""
Most of what is known of a patient, packed until somebody looks at that patient. Imports no streamlit.

Of a thousand patients a viewer opens a few; what the views of the whole ward are made of is not packed. A packed part
is one piece of bytes: nothing that Python has to make, to walk through and to let go of for each reading.
"""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, cast

import pyarrow as pa  # type: ignore[import-untyped]

from dashboard.bedside import Bedside, Row, Series
from dashboard.since_rounds import Since

PACKED_AS: Final = ("zstd", 1)
EVIDENCE: Final = ("evidence", "confounders")


@dataclass
class Packed:
    """One thing as bytes; opened by whoever asks first, and kept open as long as its reading."""

    told: bytes = field(repr=False)
    size: int

    @staticmethod
    def of(thing: Any) -> Packed:
        plain = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
        return Packed(_codec().compress(plain, asbytes=True), len(plain))

    @cached_property
    def opened(self) -> Any:
        return pickle.loads(_codec().decompress(self.told, decompressed_size=self.size, asbytes=True))

    def __call__(self) -> Any:
        return self.opened


@dataclass(repr=False, eq=False)
class PackedSeries(Mapping[str, Series]):
    """Those under `key` of something packed."""

    packed: Packed
    key: Hashable

    def __getitem__(self, code: str) -> Series:
        return cast(Series, self.packed()[self.key][code])

    def __iter__(self) -> Iterator[str]:
        return iter(self.packed()[self.key])

    def __len__(self) -> int:
        return len(self.packed()[self.key])

    def __repr__(self) -> str:
        return repr(self.packed()[self.key])


@dataclass(repr=False, eq=False)
class PackedRows(Sequence[Row]):
    """The same of rows."""

    packed: Packed
    key: Hashable

    def __getitem__(self, place: Any) -> Any:
        return self.packed()[self.key][place]

    def __len__(self) -> int:
        return len(self.packed()[self.key])

    def __repr__(self) -> str:
        return repr(self.packed()[self.key])


def packed(side: Bedside) -> Bedside:
    """
    The same, with what was worked out of it: its series, spans, values and the evidence of its flags open when they
    are asked for.
    """
    why = {(name, row["flag"]): row[name] for row in side.flags for name in EVIDENCE}
    pack, reasons = Packed.of({"series": side.series, "spans": side.spans}), Packed.of(why)
    told = replace(
        side,
        series=PackedSeries(pack, "series"),
        spans=PackedRows(pack, "spans"),
        flags=tuple(
            {**row, **{name: PackedRows(reasons, (name, row["flag"])) for name in EVIDENCE}} for row in side.flags
        ),
        whole=Packed.of(side.whole()),
    )
    told.worked_out.update(side.worked_out)
    return told


def packed_news(since: Since) -> Since:
    """The same; the list of a ward asks for the rest, a patient's sheet for these."""
    pack = Packed.of({"results": since.results, "findings": since.findings})
    return replace(since, results=PackedRows(pack, "results"), findings=PackedRows(pack, "findings"))


def _codec() -> pa.Codec:
    name, level = PACKED_AS
    return pa.Codec(name, compression_level=level)
