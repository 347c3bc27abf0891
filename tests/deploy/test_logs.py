"""The log as lines and as JSON; no patient's value in either, whatever goes wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import run_cycle
from monitoring.logs import OURS, set_up
from monitoring.settings import load_settings
from storage.engine import open_store

SECRET = "KOWALSKI-4711"
LABS = f"""patient_id,analyte,value,unit,collected_at
{SECRET},ferritin,98765.4,ug/L,2026-11-20T06:00:00+00:00
{SECRET},ferritin,garbled-98765.4,ug/L,2026-11-20T18:00:00+00:00
{SECRET},ferritin,98765.4,parsecs,2026-11-21T06:00:00+00:00
"""
KNOWN = (SECRET, "98765", "garbled", "parsecs")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    names = [logging.getLogger(), *(logging.getLogger(name) for name in OURS)]
    before, factory = [(logger, [*logger.handlers], logger.level) for logger in names], logging.getLogRecordFactory()
    yield
    logging.captureWarnings(False)
    logging.setLogRecordFactory(factory)
    for handler in logging.getLogger().handlers:
        if handler not in before[0][1]:
            handler.close()
    for logger, handlers, level in before:
        logger.handlers, logger.level = handlers, level


def trouble() -> None:
    """An error whose own words quote a value, as a library logs it."""
    try:
        float(" ".join(KNOWN))
    except ValueError:
        logging.getLogger("package").exception("Exception in ASGI application")


def test_json_is_one_object_a_line_with_time_level_place_and_trace(tmp_path: Path) -> None:
    set_up(tmp_path / "log" / "maswatch.log", form="json")
    logging.getLogger("monitoring.cycle").info("took in %d rows\nof one file", 3)
    trouble()
    first, second = (json.loads(line) for line in (tmp_path / "log" / "maswatch.log").read_text().splitlines())
    assert (first["level"], first["logger"]) == ("INFO", "monitoring.cycle")
    assert first["message"] == "took in 3 rows\nof one file"
    assert first["at"].endswith("+00:00")
    assert "trace" not in first
    assert "test_logs.py" in second["trace"]
    assert second["trace"].endswith("ValueError")


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_is_logged_without_its_words_whoever_logs_it(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path / "log" / "maswatch.log", form=form)  # type: ignore[arg-type]
    trouble()
    written = (tmp_path / "log" / "maswatch.log").read_text() + capsys.readouterr().err
    assert "ValueError" in written
    assert not [word for word in KNOWN if word in written]


def test_a_library_that_writes_its_own_log_tells_no_words_of_an_error_either(tmp_path: Path) -> None:
    set_up(tmp_path / "log" / "maswatch.log")
    own, logger = tmp_path / "own.log", logging.getLogger("package.of.its.own")
    logger.propagate = False
    handler = logging.FileHandler(own, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    try:
        float(" ".join(KNOWN))
    except ValueError:
        logger.exception("it failed")
    handler.close()
    logger.removeHandler(handler)
    written = own.read_text()
    assert "ValueError" in written
    assert not [word for word in KNOWN if word in written]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_run_with_known_patients_leaves_none_of_their_values_in_the_log(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "labs.csv").write_text(LABS)
    file = tmp_path / "maswatch.toml"
    source = f'[[source]]\nname = "drop"\nkind = "csv"\npath = "{tmp_path}/in"\nsettle_seconds = 0\n'
    file.write_text(f'data_dir = "{tmp_path}/kept"\n[log]\nformat = "{form}"\n{source}')
    settings = load_settings(config=file)
    set_up(settings.log_file, form=settings.log.format)
    store = open_store(settings.database_url)
    try:
        told = run_cycle(settings, store, load_catalog())
    finally:
        store.close()
    assert (told["drop"]["new"], told["drop"]["set_aside"]) == (1, 2)
    said = settings.log_file.read_text() + capsys.readouterr().err
    assert "cycle done: 1 patient judged" in said
    assert not [word for word in KNOWN if word in said]
