"""Log lines, to stderr and to a file: what happened and how often; never what a patient's value was."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitoring.settings_parts import LogFormat

OURS = ("monitoring", "storage", "dashboard")
LARGEST = 5_000_000


def without_words(*told: Any, **more: Any) -> logging.LogRecord:
    """
    A line whose error is told without its own words, which may hold a value, by whatever handler it is written: a
    library's own included, since every formatter takes the text that is already there.
    """
    line = logging.LogRecord(*told, **more)
    if line.exc_info and line.exc_info[1]:
        line.exc_text = without_values(line.exc_info[1])
    return line


class Lines(logging.Formatter):
    """To read."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")


class JsonLines(Lines):
    """For a log collector: an object a line: at, level, logger, process, message, and of an error its trace."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        return json.dumps(told | ({"trace": record.exc_text} if record.exc_text else {}), ensure_ascii=False)


def set_up(file: Path | None = None, *, quiet: bool = False, form: LogFormat = "text") -> None:
    """Ours from INFO (or WARNING when `quiet`), everybody else's from WARNING."""
    logging.captureWarnings(True)
    logging.setLogRecordFactory(without_words)
    shape = JsonLines() if form == "json" else Lines()
    root = logging.getLogger()
    for handler in [*root.handlers]:
        root.removeHandler(handler)
    for handler in [logging.StreamHandler(sys.stderr), *([_appending(file)] if file else [])]:
        handler.setFormatter(shape)
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.WARNING if quiet else logging.INFO)


def _appending(file: Path) -> logging.Handler:
    """Several processes append to one file, so it is only ever renamed at a start, when it has grown large."""
    _make_room(file)
    if file.exists() and file.stat().st_size > LARGEST:
        file.replace(file.with_suffix(".old.log"))
    return logging.FileHandler(file, encoding="utf-8", delay=True)


def _make_room(file: Path) -> None:
    """The log's folder may be the first thing in the data folder, which is its owner's alone."""
    for folder in (file.parent.parent, file.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def without_values(error: BaseException) -> str:
    """Where it went wrong, line by line, without the error's words: they may hold a patient's value."""
    parts = []
    told: BaseException | None = error
    while told is not None:
        parts.append("".join(traceback.format_tb(told.__traceback__)) + type(told).__name__)
        told = told.__cause__ or told.__context__
    return "\ncaused by:\n".join(parts)


def leave_trace(file: Path, error: BaseException) -> Path:
    """Writes `without_values(error)` to the end of the log."""
    _make_room(file)
    with file.open("a", encoding="utf-8") as log:
        log.write(without_values(error) + "\n")
    return file
