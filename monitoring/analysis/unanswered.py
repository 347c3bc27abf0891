"""Since when a flag waits for a word from somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from monitoring.analysis.answers import ACKNOWLEDGED, SNOOZED


def unanswered_since(flag: Mapping[str, Any]) -> pd.Timestamp | None:
    """
    The later of the flag's newest change and the end of its last answer; None while an answer is in force.

    `flag`: a row of a ward's flags, with changed_at, acknowledged, snoozed and answers_ended.
    """
    if flag["state"] != "active" or any(isinstance(flag[kind], Mapping) for kind in (ACKNOWLEDGED, SNOOZED)):
        return None
    ends = (pd.Timestamp(told["ended_at"]) for told in flag["answers_ended"])
    return max([pd.Timestamp(flag["changed_at"]), *ends])
