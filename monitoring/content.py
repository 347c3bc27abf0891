"""What a file is by its first bytes, since names and endings are anybody's choice."""

from __future__ import annotations

import re

from monitoring.decoding import decode

HEAD_BYTES = 65536
FRAMES = " \t\v\x1c"  # a recorded stream keeps the bytes that framed its messages
HEADED = re.compile(r"(?:MSH|FHS|BHS)[^\w\s]")
# A message whose head was lost still shows itself; no header line of a table looks like this.
BEHEADED = re.compile(r"(?:EVN|PID|PV1|ORC|OBR|OBX|NTE|SFT|BTS|FTS)\|[^|]*\|")
JSON = ("{", "[")
PARQUET = b"PAR1"


def kind_of(content: bytes) -> str:
    """
    "hl7" for HL7 v2 messages, "fhir" for JSON (whole or line by line), "parquet" for part of a research database,
    else "csv". Never raises.
    """
    if content.startswith(PARQUET):
        return "parquet"
    lines = [line.strip(FRAMES) for line in decode(content[:HEAD_BYTES]).lines if line.strip(FRAMES + "\n")]
    if not lines:
        return "csv"
    if lines[0].startswith(JSON):
        return "fhir"
    return "hl7" if BEHEADED.match(lines[0]) or any(map(HEADED.match, lines)) else "csv"
