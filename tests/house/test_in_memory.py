"""Where the folders of tests stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.in_memory import ROOT, ask_for_it


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv(ROOT, "")  # is put back at the end
    monkeypatch.delenv(ROOT)
    return monkeypatch


def test_they_stand_where_there_is_room(root: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ask_for_it(tmp_path, wanted=1)
    assert os.environ[ROOT] == str(tmp_path)


def test_a_place_that_is_too_small_or_is_not_there_is_not_asked_for(root: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ask_for_it(tmp_path, wanted=2**62)
    ask_for_it(tmp_path / "nowhere", wanted=1)
    assert ROOT not in os.environ


def test_who_asked_for_another_place_has_it(root: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root.setenv(ROOT, "elsewhere")
    ask_for_it(tmp_path, wanted=1)
    assert os.environ[ROOT] == "elsewhere"
