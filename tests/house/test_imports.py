"""Who may import whom, read from the source: dashboard -> monitoring -> storage, and the libraries each in its room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("dashboard", "monitoring", "storage")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
ALLOWED = {
    "storage": {"storage"},
    "monitoring": {"storage", "monitoring"},
    "dashboard": {"storage", "monitoring", "dashboard"},
}
LIBRARIES = {
    "streamlit": "dashboard",
    "plotly": "dashboard",
    "sqlmodel": "storage",
    "sqlalchemy": "storage",
    "alembic": "storage",
    "reportlab": "dashboard",
    "httpx": "monitoring",
    "joserfc": "monitoring",
}
SCREENLESS = {"charts.py", "wording.py", "sparkline.py", "ward_table.py"}
STARTS_THE_DASHBOARD = {"monitoring/serving.py"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    rooms = {module.split(".")[0] for module in imports(path)} & set(ROOMS)
    assert rooms <= ALLOWED[room] | ({"dashboard"} if name_of(path) in STARTS_THE_DASHBOARD else set())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_library_stays_in_its_room(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    used = {module.split(".")[0] for module in imports(path)}
    assert {library for library in used if LIBRARIES.get(library, room) != room} == set()
    if "apscheduler" in used:
        assert name_of(path) == "monitoring/schedule.py"
    if path.name in SCREENLESS:
        assert "streamlit" not in used


@pytest.mark.parametrize("path", sorted((ROOT / "monitoring" / "analysis").rglob("*.py")), ids=name_of)
def test_a_judgement_knows_no_clock_no_environment_and_no_store(path: Path) -> None:
    source = path.read_text()
    assert "now()" not in source
    assert "today()" not in source
    assert not {"os", "time", "storage.engine", "storage.queries", "storage.writes"} & set(imports(path))


def test_only_the_settings_read_the_environment() -> None:
    readers = [name_of(path) for path in FILES if "os.environ" in path.read_text() or "getenv" in path.read_text()]
    assert set(readers) <= {"monitoring/settings.py"}
