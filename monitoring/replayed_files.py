"""What a replay writes: flags and responses as they come, part by part, and the flag burden at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import pandas as pd

from monitoring.analysis.replay import FLAGS, RESPONSES, Replayed
from monitoring.printing import plain

BURDEN = ["flag", "severity", "raised", "patients", "per_100_patient_days"]
ALL = "all"
KEY = ["flag", "severity"]


@dataclass(frozen=True)
class Burden:
    """`kinds` (BURDEN, the most frequent first, and a row for all together), over so many days of watching."""

    kinds: pd.DataFrame
    patients: int
    steps: int
    patient_days: float

    def rows(self) -> list[dict[Any, Any]]:
        return self.kinds.to_dict("records")


class Written:
    """The files of one replay. Parts come in the order of their patients, so that the files are in order too."""

    def __init__(self, out: Path, zone: ZoneInfo) -> None:
        self._out, self._zone = out, zone
        self._raised: list[pd.DataFrame] = []
        self._patients, self._steps, self._days = 0, 0, 0.0

    def __enter__(self) -> Self:
        self._out.mkdir(parents=True, exist_ok=True)
        for name, columns in {"flags": FLAGS, "responses": RESPONSES}.items():
            pd.DataFrame(columns=columns).to_csv(self._out / f"{name}.csv", index=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if error is None:
            self.burden().kinds.to_csv(self._out / "burden.csv", index=False)

    def add(self, found: Replayed, patient_days: float) -> None:
        for name, frame in {"flags": found.flags, "responses": found.responses}.items():
            rows: list[Mapping[str, Any]] = plain(frame.to_dict("records"), self._zone)
            said = pd.DataFrame(rows, columns=frame.columns, dtype=object)
            said.to_csv(self._out / f"{name}.csv", mode="a", header=False, index=False)
        if len(found.flags):
            counted = found.flags.groupby(KEY)["patient_id"]
            self._raised.append(pd.DataFrame({"raised": counted.size(), "patients": counted.nunique()}))
            whole = found.flags["patient_id"]
            self._raised[-1].loc[(ALL, ""), :] = [len(whole), whole.nunique()]
        self._patients += found.patients
        self._steps = max(self._steps, found.steps)
        self._days += patient_days

    def burden(self) -> Burden:
        if not self._raised:
            return Burden(pd.DataFrame(columns=BURDEN), self._patients, self._steps, self._days)
        told = pd.concat(self._raised).groupby(level=KEY).sum().astype("int64").reset_index()
        rate = told["raised"] * 100 / self._days if self._days else float("nan")
        told = told.assign(per_100_patient_days=rate, whole=told["flag"].eq(ALL)).round({"per_100_patient_days": 2})
        ordered = told.sort_values(["whole", "raised", "flag", "severity"], ascending=[True, False, True, True])
        return Burden(ordered[BURDEN].reset_index(drop=True), self._patients, self._steps, self._days)
