"""Whose certificates are trusted by what goes by a variable alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitoring import trust
from monitoring.settings import CERTIFICATES, name_certificates


def test_the_list_of_the_machine_is_named_unless_a_site_names_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here := tmp_path / "ca-certificates.crt").touch()
    monkeypatch.setattr(trust, "OF_MACHINE", (str(tmp_path / "missing.crt"), str(here)))
    monkeypatch.setenv(CERTIFICATES, "")
    monkeypatch.delenv(CERTIFICATES)
    name_certificates()
    assert os.environ[CERTIFICATES] == str(here)
    monkeypatch.setenv(CERTIFICATES, "/its/own.pem")
    name_certificates()
    assert os.environ[CERTIFICATES] == "/its/own.pem"


def test_a_machine_without_a_list_goes_by_the_usual_public_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "OF_MACHINE", ())
    monkeypatch.delenv(CERTIFICATES, raising=False)
    name_certificates()
    assert CERTIFICATES not in os.environ
    assert trust.trusted().get_ca_certs()
