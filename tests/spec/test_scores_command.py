"""`maswatch scores`: from files with conventional units to the shape the interface promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import run_cycle
from storage.engine import open_store
from tests.monitoring.command_line import CommandLine, fresh, logging_as_before
from tests.monitoring.small_ward import HandClock, drop, site_settings

PATIENTS = (
    "patient_id,birth_date,sex,weight_kg,context\nP1,2015-02-01,female,30,sJIA\nP2,1980-07-15,male,80,infection\n"
)
LABS = """patient_id,analyte,value,unit,collected_at
P1,ferritin,>40000,ng/mL,2026-06-03T06:00Z
P1,platelets,80,K/uL,2026-06-03T06:00Z
P1,AST,300,U/L,2026-06-03T06:00Z
P1,LDH,1500,U/L,2026-06-03T06:00Z
P1,fibrinogen,150,mg/dl,2026-06-03T06:00Z
P1,triglycerides,265,mg/dL,2026-06-03T06:00Z
"""
FINDINGS = """patient_id,finding,value,observed_at
P1,temperature_c,39.2,2026-06-03T04:00Z
P1,cns,no,2026-06-03T04:00Z
P1,haemorrhage,no,2026-06-03T04:00Z
P1,arthritis,no,2026-06-03T04:00Z
"""
PROMISED = {"patient_id", "score", "low", "high", "positive", "points", "missing", "source"}
NOON = ("--as-of", "2026-06-03T12:00Z")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ward as it was taken in on 3 June 2026 at noon UTC; nothing here writes to it."""
    folder = tmp_path_factory.mktemp("scores")
    (folder / "in").mkdir()
    for name, text in {"patients": PATIENTS, "labs": LABS, "findings": FINDINGS}.items():
        (folder / "in" / f"{name}.csv").write_text(text, encoding="utf-8")
    settings = site_settings(folder, drop("lis", folder / "in"))
    with logging_as_before(), closing(open_store(settings.database_url)) as store:
        run_cycle(settings, store, load_catalog(), clock=HandClock())
    return folder


@pytest.fixture
def ward(stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    fresh(stored, monkeypatch)
    with logging_as_before():
        yield CommandLine(stored, capsys)


def test_json_has_the_promised_shape_and_every_score_of_every_patient(ward: CommandLine) -> None:
    told = ward.told("scores", *NOON)
    assert [row["patient_id"] for row in told] == ["P1"] * 9 + ["P2"] * 9
    assert [row["score"] for row in told[:9]] == [
        "hscore", "hlh2004", "hlh2024", "mas2016", "ms", "ferritin_esr", "iec_hs", "isth_dic", "sic",
    ]  # fmt: skip
    for row in told:
        assert set(row) >= PROMISED
        assert isinstance(row["points"], dict)
        assert isinstance(row["missing"], list)
        assert row["positive"] in (True, False, None)


def test_conventional_units_give_the_published_points(ward: CommandLine) -> None:
    told = {row["score"]: row for row in ward.told("scores", "--patient", "P1", *NOON)}
    # 265 mg/dL is met as printed; 150 mg/dL is 1.5 g/L
    assert told["hlh2004"]["points"]["triglycerides_or_fibrinogen"] == 1
    assert told["hscore"]["points"]["triglycerides"] == 44
    assert (told["mas2016"]["low"], told["mas2016"]["high"], told["mas2016"]["positive"]) == (4, 4, True)
    # -0.003 * 80 + 0.001 * 1500 - 0.004 * 150 + 0.0001 * 40000, and a hair more
    assert told["ms"]["low"] == 4.66
    assert told["ms"]["positive"] is True
    assert told["ms"]["missing"] == ["ferritin"]


def test_what_cannot_be_told_is_null_and_never_0(ward: CommandLine) -> None:
    told = {row["score"]: row for row in ward.told("scores", "--patient", "P2", *NOON)}
    assert (told["ferritin_esr"]["low"], told["ferritin_esr"]["high"], told["ferritin_esr"]["positive"]) == (None,) * 3
    assert told["hscore"]["points"]["ferritin"] is None


@pytest.mark.parametrize("how", ["table", "csv"])
def test_it_can_also_be_read_as_a_table(ward: CommandLine, how: str) -> None:
    printed = ward.run("scores", *NOON, "--format", how)
    assert printed.code == 0, printed.err
    assert "mas2016" in printed.out
