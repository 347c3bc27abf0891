"""What a database holds and nobody here reads: one line for each of its categories, with the number of rows."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from monitoring.cells import Origins
from monitoring.refused import Refused
from monitoring.retrospective.texts import texts
from monitoring.sentences import counted
from monitoring.sieve import Rows, quoted

REASONS = {"treatments": "unknown_drug"}
UNKNOWN = "unknown_analyte"
SENTENCE = "{} of {} are left out: it is not in the catalog. They stay in the database."


def left_out(name: str, table: str, counts: pd.Series) -> list[Refused]:
    """`counts`: rows of each category. They are read anew with the database once the category is known."""
    reason = REASONS.get(table, UNKNOWN)
    return [
        Refused(
            table, f"{name}:{code}", reason, SENTENCE.format(_rows(count), quoted(code)), f"{name}: {code}", code=code
        )
        for code, count in sorted((str(code), int(count)) for code, count in counts.items())
    ]


def to_rows(kind: str, name: str, columns: Mapping[str, pd.Series]) -> Rows:
    """Columns side by side as rows of one kind; what came is kept as the row's own columns."""
    told = {column: texts(values).to_list() for column, values in columns.items()}
    frame = pd.DataFrame(told)
    origins = Origins(name, next(iter(columns.values())).index.to_numpy() + 1)
    return Rows(kind, told, origins, lambda place: json.dumps(frame.iloc[place].to_dict(), ensure_ascii=False))


def _rows(count: int) -> str:
    return counted(count, "row")
