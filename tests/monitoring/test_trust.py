"""Whose certificates are trusted by what goes by a variable alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitoring import trust


def test_the_list_of_the_machine_is_named_unless_a_site_names_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here := tmp_path / "ca-certificates.crt").touch()
    monkeypatch.setattr(trust, "OF_MACHINE", (str(tmp_path / "missing.crt"), str(here)))
    monkeypatch.setenv(trust.FILE, "")
    monkeypatch.delenv(trust.FILE)
    trust.name_those_of_machine()
    assert os.environ[trust.FILE] == str(here)
    monkeypatch.setenv(trust.FILE, "/its/own.pem")
    trust.name_those_of_machine()
    assert os.environ[trust.FILE] == "/its/own.pem"


def test_a_machine_without_a_list_goes_by_the_usual_public_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "OF_MACHINE", ())
    monkeypatch.delenv(trust.FILE, raising=False)
    trust.name_those_of_machine()
    assert trust.FILE not in os.environ
    assert trust.trusted().get_ca_certs()
