"""A site that is to be deployed: settings of a hospital, and the command that writes files for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.cli import cli

SITE = """
data_dir = "/var/lib/maswatch"
[dashboard]
url = "https://mas.hospital.example"
[[source]]
name = "drop"
kind = "csv"
path = "/srv/inbox"
after = "move"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "maswatch.toml"
    file.write_text(SITE, encoding="utf-8")
    return file


def deploy(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(site), "deploy", *words])
