"""`maswatch replay` prints the flag burden, and says in one sentence what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitoring.clif_ward import written
from tests.monitoring.command_line import CommandLine


def test_the_burden_of_clif_tables_is_printed_and_written(maswatch: CommandLine, tmp_path: Path) -> None:
    folder = written(tmp_path / "icu")
    printed = maswatch.run("replay", folder, "--out", tmp_path / "out", "--format", "json")
    assert printed.code == 0
    assert {row["flag"] for row in printed.told} >= {"ferritin_extreme", "all"}
    every = next(row for row in printed.told if row["flag"] == "all")
    assert every["raised"] == sum(row["raised"] for row in printed.told) - every["raised"]
    assert "2 patients" in printed.err
    burden = (tmp_path / "out" / "burden.csv").read_text(encoding="utf-8").splitlines()
    assert burden[0] == "flag,severity,raised,patients,per_100_patient_days"
    assert len(burden) == 1 + len(printed.told)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--workers", "some"], "no number of processes"),
        (["--workers", "0"], "no number of processes"),
        (["--scheduler", "tcp://127.0.0.1:9"], "add --engine dask"),
    ],
)
def test_a_slip_of_the_pen_ends_with_one_sentence(
    maswatch: CommandLine, tmp_path: Path, asked: list[str], sentence: str
) -> None:
    printed = maswatch.run("replay", tmp_path, "--out", tmp_path / "out", *asked)
    assert printed.code == 2
    assert sentence in printed.err
    assert "Traceback" not in printed.err
