"""
The newest change of a flag as the browser knows it, so that it can say what is new there. Imports no streamlit.

A browser keeps which changes were opened in it. It is given no patient and no flag for that, only a digest of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import pandas as pd


def change_key(row: Mapping[str, Any]) -> str:
    """`digest@milliseconds` of the change an active flag is at, and when it could be known; no space in it."""
    told = f"{row['patient_id']}\x1f{row['flag']}\x1f{row['seq']}"
    return f"{blake2b(told.encode(), digest_size=8).hexdigest()}@{milliseconds(row['changed_at'])}"


def milliseconds(moment: datetime | pd.Timestamp) -> int:
    """Since 1970, as a browser counts."""
    return round(moment.timestamp() * 1000)
