"""HL7 v2 messages written by hand: a laboratory in Berlin, a ferritin, a patient."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from monitoring.intake import Circumstances, RawFile, Taken, read
from tests.monitoring.intake_fixture import catalog

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
PID = "PID|1||P100^^^NORTH^MR||Doe^Jo||20150304|F"
OBR = "OBR|1|PL1|LAB900|FER^Ferritin^L|||20260106060000+0100"


def head(kind: str = "ORU^R01", *, stamp: str = "20260106070000+0100", charset: str = "", signs: str = "^~\\&") -> str:
    return f"MSH|{signs}|LIS|NORTH|MASWATCH|ICU|{stamp}||{kind}|C1|P|2.5.1||||||{charset}"


def obx(value: str = "700", code: str = "2276-4^Ferritin^LN", **fields: str) -> str:
    """`fields`: f2 to f19, by number."""
    told = {"f2": "NM", "f3": code, "f5": value, "f6": "ng/mL", "f11": "F"} | fields
    last = max(int(name[1:]) for name in told)
    return "|".join(["OBX", "1", *(told.get(f"f{place}", "") for place in range(2, last + 1))])


def message(*segments: str, **told: str) -> str:
    return "\r".join([head(**told), *segments]) + "\r"


def result(value: str = "700", *, order: str = OBR, stamp: str = "20260106070000+0100", **fields: str) -> str:
    return message(PID, order, obx(value, **fields), stamp=stamp)


def reads(content: str | bytes, *, encoding: str = "", zone: str = "Europe/Berlin", name: str = "feed.hl7") -> Taken:
    raw = RawFile(name, content if isinstance(content, bytes) else content.encode())
    return read(raw, Circumstances(catalog(), ZoneInfo(zone), NOW, "lis"), encoding)


def labs(taken: Taken) -> pd.DataFrame:
    return taken.facts["observations"]


def lab(taken: Taken) -> dict[str, object]:
    """The only observation."""
    (row,) = labs(taken).to_dict("records")
    return {str(name): told for name, told in row.items()}


def doses(taken: Taken) -> pd.DataFrame:
    return taken.facts["doses"]


def reasons(taken: Taken) -> list[str]:
    return [one.reason for one in taken.refused]


def rows(taken: Taken) -> int:
    return len(taken.refused) + sum(len(frame) for frame in taken.facts.values())


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")
